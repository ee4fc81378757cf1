package org.xenolith.baseline;

/// No machine code can be made for a region.
final class Unfit extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unfit(String reason) {
        super(reason, null, false, false);
    }
}
