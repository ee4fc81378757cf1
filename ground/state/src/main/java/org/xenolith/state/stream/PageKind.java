package org.xenolith.state.stream;

/// What PAGE_DATA says of a page (`XEN_DOMCTL_PFINFO_*`), as far as guests with hardware support
/// need it.
public enum PageKind {
    /// Its content follows (NOTAB).
    CONTENT(RecordTypes.PFINFO_NOTAB),

    /// What follows is what has changed in it since it came last: both exclusive-or. In packed
    /// pages only.
    DELTA(RecordTypes.PACKED_DELTA),

    /// There is a page, of zeros unless there has been one before (XALLOC).
    ALLOCATED(RecordTypes.PFINFO_XALLOC),

    /// There is none any more (XTAB).
    HOLE(RecordTypes.PFINFO_XTAB);

    private final int number;

    PageKind(int number) {
        this.number = number;
    }

    /// Whether 4096 bytes of content follow.
    public boolean hasContent() {
        return this == CONTENT || this == DELTA;
    }

    /// A page of this kind in a list of pages.
    public long entry(long gfn) {
        return (long) number << RecordTypes.PFINFO_SHIFT | gfn;
    }

    static PageKind of(long entry) throws StreamException {
        int number = (int) (entry >>> RecordTypes.PFINFO_SHIFT);
        for (var kind : values()) {
            if (kind.number == number) {
                return kind;
            }
        }
        throw new StreamException(
                "PAGE_DATA has a page of type 0x%x, which is not supported".formatted(number));
    }
}
