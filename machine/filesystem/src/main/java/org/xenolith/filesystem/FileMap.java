package org.xenolith.filesystem;

/// Where the blocks of a file are.
sealed interface FileMap permits ExtentMap, BlockMap {
    /// Blocks that follow each other in the file and on the disk.
    ///
    /// @param physical the first one, or -1 for a hole, which reads as zeros
    /// @param count at least 1
    record Run(long physical, long count) {
        static Run hole(long count) {
            return new Run(-1, count);
        }

        boolean isHole() {
            return physical < 0;
        }
    }

    /// The run that begins with `block` of the file, from 0. Takes a bounded number of steps,
    /// whatever is on the disk.
    Run find(long block) throws DiskException;
}
