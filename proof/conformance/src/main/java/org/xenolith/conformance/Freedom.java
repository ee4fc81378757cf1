package org.xenolith.conformance;

/// What a processor of AMD's does otherwise than Intel's, which ours follows, where the manuals
/// leave it open or differ from each other: an outcome on such a host is compared but for this.
/// What has no outcome to compare at all is in [HostDifferences].
///
/// `instruction-forms.txt` says which forms have which.
public enum Freedom {
    /// Which of several NaNs comes to which lane: "implementation dependent" (SDM vol. 2, DPPS).
    /// Lanes may differ that are quiet NaNs on both sides.
    NAN_OF_FLOAT32(4),

    /// The same in lanes of 8 bytes (SDM vol. 2, DPPD).
    NAN_OF_FLOAT64(8),

    /// A repeated CMPS or SCAS that faults leaves the flags of the elements that it has compared.
    /// The SDM restores those from before the instruction (vol. 2, REP), and these are right too.
    FLAGS_OF_COMPARED_ELEMENTS(0),

    /// Of several faults of one instruction, another comes (SDM vol. 3A, 7.9: of those met while an
    /// instruction is executed, the order is the processor's). AMD's read more before they check:
    /// both bounds of BOUND, what stands behind the frame of a far return.
    ORDER_OF_FAULTS(0),

    /// An operand across the end of a segment of 4 GiB may exceed the limit or wrap (SDM vol. 3A,
    /// 6.3): a stack fault or #GP, or a page fault at the end.
    ACROSS_4_GIB(0),

    /// A store to memory that an unmasked x87 exception stops faults nevertheless, if it could not
    /// be done. Intel's do not touch memory then; the order of faults is open (SDM vol. 3A, 7.9).
    FAULT_OF_STOPPED_STORE(0),

    /// A denormal x87 operand that is the result, or a result beside the least normal number, is an
    /// underflow, which wraps its exponent if it is not masked. Else it is not, and the operand as
    /// it was, or the least normal number.
    UNDERFLOW_OF_OPERAND(0),

    /// A store from an MMX register that faults leaves the x87 stack as it was; on Intel's it is
    /// the MMX unit's already (SDM vol. 1, 9.5.1, does not speak of faults).
    STACK_AFTER_FAULT(0),

    /// A store of more than 8 bytes that faults has been done in part, or not at all (SDM vol. 3A,
    /// 9.1.1).
    PART_OF_STORE(0),

    /// What a page fault reports is of some other byte of the operand's 16.
    FAULT_ADDRESS(0),

    /// MXCSR_MASK has bit 17, the misaligned exception mask (APM vol. 1, 4.2.2).
    MXCSR_MASK(0);

    private final int laneBytes;

    Freedom(int laneBytes) {
        this.laneBytes = laneBytes;
    }

    /// The size of the lanes in which NaNs may differ; 0: they may not.
    int laneBytes() {
        return laneBytes;
    }
}
