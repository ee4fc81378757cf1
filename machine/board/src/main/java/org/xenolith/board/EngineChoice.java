package org.xenolith.board;

/// `engine` in xl.cfg: what runs the virtual processors.
public enum EngineChoice {
    AUTO,
    SOFT,
    KVM
}
