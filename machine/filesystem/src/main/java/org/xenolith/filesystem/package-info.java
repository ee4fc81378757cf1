/// Files on a disk that a guest has written, read without its help.
///
/// ```
///  Disk ──► PartitionTable ──► Partition ──► FileSystem
///                                               │
///                                             Ext4            paths, directories, contents
///                          ┌────────────┬───────┴─────┬──────────────┐
///                      SuperBlock   InodeTable   ExtentMap, BlockMap Directory
///                          └────────────┴───────┬─────┴──────────────┘
///                                            Blocks ◄── Journal      what a crash left unwritten
///                                               │
///                                             Disk
/// ```
///
/// Nothing here writes. The guest may have written any bytes: whatever is read is bounded, and what
/// cannot be right is refused with a reason, [DiskException]. Read [FileSystem] first, then `Ext4`.
/// The layout is that of Linux' Documentation/filesystems/ext4 and fs/jbd2.
package org.xenolith.filesystem;
