package org.xenolith.engine.soft;

/// The ways in which the guests of tests are executed. What is compiled is compiled before its
/// first execution, or, *soon*, in the background after some.
enum Execution {
    EVALUATOR(SoftEngine.Tier.EVALUATOR, SoftEngine.Backend.BYTECODE, 0),
    HANDLERS(SoftEngine.Tier.HANDLERS, SoftEngine.Backend.BYTECODE, 0),
    BYTECODE(SoftEngine.Backend.BYTECODE, 0),
    BYTECODE_SOON(SoftEngine.Backend.BYTECODE, 200),
    MACHINE_CODE(SoftEngine.Backend.MACHINE_CODE, 0),
    MACHINE_CODE_SOON(SoftEngine.Backend.MACHINE_CODE, 2),
    BOTH(SoftEngine.Backend.BOTH, 0),
    BOTH_SOON(SoftEngine.Backend.BOTH, 2);

    private final SoftEngine.Tier tier;
    private final SoftEngine.Backend backend;
    private final int compileAfter;

    Execution(SoftEngine.Backend backend, int compileAfter) {
        this(SoftEngine.Tier.COMPILER, backend, compileAfter);
    }

    Execution(SoftEngine.Tier tier, SoftEngine.Backend backend, int compileAfter) {
        this.tier = tier;
        this.backend = backend;
        this.compileAfter = compileAfter;
    }

    SoftEngine.Options options(int patience, boolean verify) {
        return new SoftEngine.Options(tier, patience, compileAfter, verify, backend);
    }
}
