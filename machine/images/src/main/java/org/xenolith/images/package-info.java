/// Virtual disks in files.
///
/// ```
///  block back end, xl ──► Image ◄── Images, ImageCreator, ImageCopy
///                           │
///                       BaseImage       ranges, rights, who must be alone
///      ┌──────────┬─────────┴─┬──────────────┐
///  RawImage  VhdFixedImage  VhdImage     Qcow2Image          one run of bytes after the other
///      │          │           │              │
///      │          │       VhdTables      Qcow2Store          tables, and the order of their changes
///      │          │           │         Refcounts, ClusterMap, Qcow2Snapshots, Qcow2Bitmaps
///      └──────────┴───────────┴──────────────┘
///                          Storage ◄── FileStorage           the host's file, its locks and holes
/// ```
///
/// `ImageOpener` goes through headers that strangers have written: all that is hostile in a file is
/// refused there, in `Qcow2Header`, `VhdFooter`, `VhdHeader`, and where a table's entry is used.
///
/// Read [Image] first, then `Qcow2Store` for the order of writes and `Qcow2Image` for a request's
/// way. Why it is so: docs/decisions/0015.
package org.xenolith.images;
