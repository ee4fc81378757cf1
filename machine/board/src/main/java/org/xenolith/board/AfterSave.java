package org.xenolith.board;

/// What becomes of a domain when it has been saved.
public enum AfterSave {
    /// It is gone; the saved one is all there is.
    DESTROY,

    /// It goes on, unless it was paused.
    GO_ON,

    /// It is paused.
    STAY_PAUSED
}
