package org.xenolith.x86;

/// The views of memory that a program has ([Enters]), by what it may reach.
public final class View {
    /// CPL 3.
    public static final int USER = 0;

    /// CPL 0 to 2 with EFLAGS.AC clear: no user pages where CR4.SMAP is set.
    public static final int SUPERVISOR = 1;

    /// CPL 0 to 2 with EFLAGS.AC set, which lifts SMAP.
    public static final int SUPERVISOR_OVERRIDE = 2;

    private View() {}

    /// The view that a processor is to use.
    public static int of(Cpu cpu) {
        if (cpu.cpl() == 3) {
            return USER;
        }
        return (cpu.systemFlags() & Bits.AC) == 0 ? SUPERVISOR : SUPERVISOR_OVERRIDE;
    }
}
