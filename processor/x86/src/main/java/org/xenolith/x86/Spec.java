package org.xenolith.x86;

/// Where an operand is encoded and how wide it is, in the letters of SDM vol. 2D, appendix A.
public enum Spec {
    // general register or memory by ModRM.rm
    Eb(Place.RM, Size.B),
    Ew(Place.RM, Size.W),
    Ed(Place.RM, Size.D),
    Eq(Place.RM, Size.Q),
    Ev(Place.RM, Size.V),
    Ey(Place.RM, Size.Y),
    Ez(Place.RM, Size.Z),
    // general register by ModRM.reg
    Gb(Place.REG, Size.B),
    Gw(Place.REG, Size.W),
    Gd(Place.REG, Size.D),
    Gv(Place.REG, Size.V),
    Gy(Place.REG, Size.Y),
    Gz(Place.REG, Size.Z),
    // general register by ModRM.rm, never memory
    Rv(Place.RM_REGISTER, Size.V),
    Ry(Place.RM_REGISTER, Size.Y),
    /// The register of the mode's natural width: 64 bits in 64-bit mode, else 32.
    Rn(Place.RM_REGISTER, Size.NATIVE),
    /// Register or memory of natural width.
    En(Place.RM, Size.NATIVE),
    Gn(Place.REG, Size.NATIVE),
    // register in the low three bits of the opcode
    Zb(Place.OPCODE, Size.B),
    Zv(Place.OPCODE, Size.V),
    // a 32-bit register or 8 or 16 bits of memory (PINSRB, PEXTRW and their kin)
    RdMb(Place.RM, Size.D_OR_B),
    RdMw(Place.RM, Size.D_OR_W),
    /// A register of operand size, or 16 bits of memory (MOV from a segment register).
    RvMw(Place.RM, Size.V_OR_W),
    // memory only
    M(Place.MEMORY, Size.NONE),
    Mb(Place.MEMORY, Size.B),
    Mw(Place.MEMORY, Size.W),
    Md(Place.MEMORY, Size.D),
    Mq(Place.MEMORY, Size.Q),
    Mv(Place.MEMORY, Size.V),
    My(Place.MEMORY, Size.Y),
    Mt(Place.MEMORY, Size.T),
    Mdq(Place.MEMORY, Size.DQ),
    // immediates
    Ib(Place.IMMEDIATE, Size.B),
    /// Eight bits, sign-extended to the operand size.
    Ibs(Place.IMMEDIATE_SIGNED, Size.B),
    Iw(Place.IMMEDIATE, Size.W),
    /// 16 or 32 bits, sign-extended to the operand size.
    Iz(Place.IMMEDIATE_SIGNED, Size.Z),
    /// The full operand size, 64 bits included (MOV only).
    Iv(Place.IMMEDIATE, Size.V),
    // branch targets
    Jb(Place.RELATIVE, Size.B),
    Jz(Place.RELATIVE, Size.Z),
    /// Far pointer in the instruction.
    Ap(Place.FAR_POINTER, Size.NONE),
    // memory at an address in the instruction
    Ob(Place.OFFSET, Size.B),
    Ov(Place.OFFSET, Size.V),
    // special registers by ModRM.reg
    Sw(Place.SEGMENT_REGISTER, Size.W),
    Cn(Place.CONTROL_REGISTER, Size.NATIVE),
    Dn(Place.DEBUG_REGISTER, Size.NATIVE),
    // XMM: V by ModRM.reg, W register or memory by ModRM.rm, U register by ModRM.rm
    Vd(Place.VECTOR_REG, Size.D),
    Vq(Place.VECTOR_REG, Size.Q),
    Vdq(Place.VECTOR_REG, Size.DQ),
    Ww(Place.VECTOR_RM, Size.W),
    Wd(Place.VECTOR_RM, Size.D),
    Wq(Place.VECTOR_RM, Size.Q),
    Wdq(Place.VECTOR_RM, Size.DQ),
    Udq(Place.VECTOR_RM_REGISTER, Size.DQ),
    Uq(Place.VECTOR_RM_REGISTER, Size.Q),
    // MMX: P by ModRM.reg, Q register or memory by ModRM.rm, N register by ModRM.rm
    Pq(Place.MMX_REG, Size.Q),
    Qd(Place.MMX_RM, Size.D),
    Qq(Place.MMX_RM, Size.Q),
    Nq(Place.MMX_RM_REGISTER, Size.Q),
    // fixed operands
    AL(Place.FIXED_RAX, Size.B),
    AX(Place.FIXED_RAX, Size.W),
    EAX(Place.FIXED_RAX, Size.D),
    /// AX, EAX or RAX by operand size.
    rAX(Place.FIXED_RAX, Size.V),
    /// AX or EAX by operand size, never RAX (IN, OUT).
    zAX(Place.FIXED_RAX, Size.Z),
    CL(Place.FIXED_RCX, Size.B),
    DX(Place.FIXED_RDX, Size.W),
    ONE(Place.FIXED_ONE, Size.B);

    /// Where in the instruction.
    enum Place {
        RM,
        REG,
        RM_REGISTER,
        OPCODE,
        MEMORY,
        IMMEDIATE,
        IMMEDIATE_SIGNED,
        RELATIVE,
        FAR_POINTER,
        OFFSET,
        SEGMENT_REGISTER,
        CONTROL_REGISTER,
        DEBUG_REGISTER,
        VECTOR_REG,
        VECTOR_RM,
        VECTOR_RM_REGISTER,
        MMX_REG,
        MMX_RM,
        MMX_RM_REGISTER,
        FIXED_RAX,
        FIXED_RCX,
        FIXED_RDX,
        FIXED_ONE
    }

    /// How wide. `V` is the operand size, `Z` the operand size but at most 32, `Y` 32 or by REX.W
    /// 64, `T` ten bytes, `NATIVE` 64 in 64-bit mode, else 32.
    enum Size {
        NONE,
        B,
        W,
        D,
        Q,
        V,
        Y,
        Z,
        T,
        DQ,
        NATIVE,
        D_OR_B,
        D_OR_W,
        V_OR_W
    }

    final Place place;
    final Size size;

    Spec(Place place, Size size) {
        this.place = place;
        this.size = size;
    }

    /// Whether the instruction has a ModRM byte because of this operand.
    boolean needsModRm() {
        return switch (place) {
            case RM,
                    REG,
                    RM_REGISTER,
                    MEMORY,
                    SEGMENT_REGISTER,
                    CONTROL_REGISTER,
                    DEBUG_REGISTER,
                    VECTOR_REG,
                    VECTOR_RM,
                    VECTOR_RM_REGISTER,
                    MMX_REG,
                    MMX_RM,
                    MMX_RM_REGISTER ->
                    true;
            case OPCODE,
                    IMMEDIATE,
                    IMMEDIATE_SIGNED,
                    RELATIVE,
                    FAR_POINTER,
                    OFFSET,
                    FIXED_RAX,
                    FIXED_RCX,
                    FIXED_RDX,
                    FIXED_ONE ->
                    false;
        };
    }
}
