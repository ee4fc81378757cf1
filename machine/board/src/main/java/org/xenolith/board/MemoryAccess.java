package org.xenolith.board;

/// `memory_access` in xl.cfg: who makes sure that a guest's access stays within its memory.
public enum MemoryAccess {
    /// The JVM, at every access, whatever our own translation says. For domains that share a
    /// process with others, or with your program.
    CHECKED,
    /// Our own translation alone, which is faster; machine code is made where the host allows. For
    /// a domain that has a process of its own.
    UNCHECKED
}
