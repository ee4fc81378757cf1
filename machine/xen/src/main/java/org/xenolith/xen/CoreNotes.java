package org.xenolith.xen;

import static org.xenolith.xen.abi.CoreDumpAbi.XC_CORE_MAGIC_HVM;
import static org.xenolith.xen.abi.CoreDumpAbi.XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION;
import static org.xenolith.xen.abi.CoreDumpAbi.XEN_ELFNOTE_DUMPCORE_HEADER;
import static org.xenolith.xen.abi.CoreDumpAbi.XEN_ELFNOTE_DUMPCORE_NONE;
import static org.xenolith.xen.abi.CoreDumpAbi.XEN_ELFNOTE_DUMPCORE_XEN_VERSION;

import org.xenolith.base.Sizes;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.VersionAbi;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// The section `.note.Xen` of a core file (docs/misc/dump-core-format.txt in the Xen tree).
public final class CoreNotes {
    private static final byte[] NAME = "Xen\0".getBytes(StandardCharsets.US_ASCII);

    /// Version 0.1 of the format.
    private static final long FORMAT = 1;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private CoreNotes() {}

    /// The notes of a domain with so many vCPUs, of which so many pages follow.
    public static byte[] of(int vcpus, long pages) {
        var notes = new CoreNotes();
        notes.add(XEN_ELFNOTE_DUMPCORE_NONE, new byte[0]);
        notes.add(
                XEN_ELFNOTE_DUMPCORE_HEADER,
                numbers(Integer.toUnsignedLong(XC_CORE_MAGIC_HVM), vcpus, pages, Sizes.PAGE_BYTES));
        notes.add(XEN_ELFNOTE_DUMPCORE_XEN_VERSION, version());
        notes.add(XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION, numbers(FORMAT));
        return notes.bytes.toByteArray();
    }

    /// `content` is a multiple of four bytes.
    private void add(int type, byte[] content) {
        var header =
                ByteBuffer.allocate(3 * Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(NAME.length)
                        .putInt(content.length)
                        .putInt(type);
        bytes.writeBytes(header.array());
        bytes.writeBytes(NAME);
        bytes.writeBytes(content);
    }

    private static byte[] numbers(long... values) {
        var buffer = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) {
            buffer.putLong(value);
        }
        return buffer.array();
    }

    private static byte[] version() {
        var all = new ByteArrayOutputStream();
        all.writeBytes(numbers(XenVersion.MAJOR, XenVersion.MINOR));
        all.writeBytes(VersionOps.text(XenVersion.EXTRA, VersionAbi.XEN_EXTRAVERSION_LEN));
        all.writeBytes(VersionOps.compileInfo(Abi.X86_64).bytes());
        all.writeBytes(
                VersionOps.text(XenVersion.CAPABILITIES, VersionAbi.XEN_CAPABILITIES_INFO_LEN));
        all.writeBytes(VersionOps.text(VersionOps.CHANGE_SET, VersionAbi.XEN_CHANGESET_INFO_LEN));
        all.writeBytes(VersionAbi.PLATFORM_PARAMETERS.blank(Abi.X86_64).bytes());
        all.writeBytes(numbers(Sizes.PAGE_BYTES));
        return all.toByteArray();
    }
}
