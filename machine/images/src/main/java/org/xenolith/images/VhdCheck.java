package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Checks a VHD file: both footers, the header, and that no two blocks are in the same place.
final class VhdCheck {
    private final Storage storage;
    private final CheckReport.Repair repair;
    private final List<String> problems = new ArrayList<>();
    private long corruptions;
    private long fixed;
    private long end;
    private long total;
    private long allocated;
    private long fragmented;

    private VhdCheck(Storage storage, CheckReport.Repair repair) {
        this.storage = storage;
        this.repair = repair;
    }

    static CheckReport run(Storage storage, CheckReport.Repair repair) throws ImageException {
        var check = new VhdCheck(storage, repair);
        check.run();
        return new CheckReport(
                ImageFormat.VHD,
                List.copyOf(check.problems),
                check.corruptions,
                0,
                check.fixed,
                0,
                check.end,
                check.total,
                check.allocated,
                check.fragmented,
                0);
    }

    private void run() throws ImageException {
        var footer = VhdFooter.read(storage);
        if (footer.type() == VhdFooter.Type.FIXED) {
            if (footer.diskBytes() > storage.size() - VhdFooter.BYTES) {
                corrupt("the file is too short for its disk");
            }
            end = storage.size();
            return;
        }
        var header = VhdHeader.read(storage, footer);
        checkBlocks(header, footer);
        checkFooter("copy of the footer", 0, footer);
        checkFooter("footer", storage.size() - VhdFooter.BYTES, footer);
    }

    private void corrupt(String what) {
        corruptions++;
        if (problems.size() < CheckReport.PROBLEMS_MAX) {
            problems.add(what);
        }
    }

    private void checkFooter(String what, long offset, VhdFooter right) throws ImageException {
        var bytes = ByteBuffer.allocate(VhdFooter.BYTES);
        storage.read(offset, bytes);
        if (VhdFooter.parse(bytes).equals(java.util.Optional.of(right))) {
            return;
        }
        if (repair == CheckReport.Repair.ALL && corruptions == 0) {
            problems.add("the " + what + " is missing or another; mended");
            storage.write(offset == 0 ? 0 : end, right.encode());
            if (offset != 0) {
                storage.resize(end + VhdFooter.BYTES);
            }
            storage.flush();
            fixed++;
        } else {
            corrupt("the " + what + " is missing or another");
        }
    }

    private void checkBlocks(VhdHeader header, VhdFooter footer) throws ImageException {
        var tables = new VhdTables(storage, footer, header);
        end = tables.end();
        total = header.entries();
        var places = new long[header.entries()];
        int count = 0;
        long last = -1;
        for (int block = 0; block < header.entries(); block++) {
            try {
                long offset = tables.blockOffset(block);
                if (offset >= 0) {
                    places[count++] = offset;
                    fragmented += last >= 0 && offset != last + header.wholeBlockBytes() ? 1 : 0;
                    last = offset;
                }
            } catch (ImageException.Damaged e) {
                corrupt(e.getMessage());
            }
        }
        allocated = count;
        Arrays.sort(places, 0, count);
        for (int i = 1; i < count; i++) {
            if (places[i] < places[i - 1] + header.wholeBlockBytes()) {
                corrupt("two blocks are at %#x".formatted(places[i]));
            }
        }
    }
}
