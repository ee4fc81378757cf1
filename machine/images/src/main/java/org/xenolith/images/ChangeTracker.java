package org.xenolith.images;

/// A change log as its image sees it.
interface ChangeTracker extends ChangeLog {
    /// Is called before a change is made; the range is inside the disk. From any thread.
    void mark(long offset, long bytes) throws ImageException;

    /// The disk has another size. Called alone.
    void resized(long bytes) throws ImageException;

    static ImageException unknownPoint(String image, String name) {
        return new ImageException.Refused(
                "%s: there is no point \"%s\" in its change log".formatted(image, name));
    }

    static ImageException incomplete(String image, String name) {
        return new ImageException.Refused(
                ("%s: changes since \"%s\" are not completely known; a program that does not note"
                                + " them has written, or one that does has crashed")
                        .formatted(image, name));
    }

    /// Refuses a name that cannot be a point's.
    static void checkName(String image, String name) throws ImageException {
        if (name.isEmpty()
                || name.length() > NAME_CHARS_MAX
                || !name.chars().allMatch(c -> c > ' ')) {
            throw new ImageException.Refused(
                    "%s: a point's name has 1 to %d characters and no blanks"
                            .formatted(image, NAME_CHARS_MAX));
        }
    }
}
