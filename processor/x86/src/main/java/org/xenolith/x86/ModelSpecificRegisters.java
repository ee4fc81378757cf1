package org.xenolith.x86;

/// The model-specific registers that helpers use by name, by the manual's tokens (SDM vol. 4).
public final class ModelSpecificRegisters {
    public long star;
    public long lstar;
    public long cstar;
    public long fmask;
    public long kernelGsBase;
    public long tscAux;
    public long sysenterCs;
    public long sysenterEsp;
    public long sysenterEip;
    public long pat = 0x0007_0406_0007_0406L;
    public long miscEnable = 1;
    public long mtrrDefType = 0xC06;
    public final long[] mtrrVariable = new long[16];
    public final long[] mtrrFixed = new long[11];
    public long tscAdjust;
}
