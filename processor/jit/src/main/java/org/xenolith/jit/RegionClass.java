package org.xenolith.jit;

import org.xenolith.ir.Context;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/// The class file of a region:
///
/// ```java
/// public final class Region extends CompiledRegion {
///     public Region() { … }
///     public int run(Context context, long[] readTags, …) { … }
/// }
/// ```
final class RegionClass {
    private static final ClassDesc SUPER = Calls.describe(CompiledRegion.class);
    private static final ClassDesc LONGS = ConstantDescs.CD_long.arrayType();
    private static final MethodTypeDesc RUN =
            MethodTypeDesc.of(
                    ConstantDescs.CD_int,
                    Calls.describe(Context.class),
                    LONGS,
                    LONGS,
                    LONGS,
                    ConstantDescs.CD_int);

    // The arguments of CompiledRegion.run.
    static final int CONTEXT = 1;
    static final int READ_TAGS = 2;
    static final int WRITE_TAGS = 3;
    static final int OFFSETS = 4;
    static final int BUDGET = 5;

    private final Region region;
    private final MemoryAccess memory;

    private RegionClass(Region region, MemoryAccess memory) {
        this.region = region;
        this.memory = memory;
    }

    static byte[] generate(ClassDesc self, Region region, MemoryAccess memory) {
        return ClassFile.of().build(self, new RegionClass(region, memory)::build);
    }

    private void build(ClassBuilder type) {
        type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
        type.withSuperclass(SUPER);
        type.withMethodBody(
                ConstantDescs.INIT_NAME,
                ConstantDescs.MTD_void,
                ClassFile.ACC_PUBLIC,
                code ->
                        code.aload(0)
                                .invokespecial(
                                        SUPER, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
                                .return_());
        type.withMethodBody("run", RUN, ClassFile.ACC_PUBLIC, this::run);
    }

    private void run(CodeBuilder code) {
        var flow = new RegionFlow(region);
        var homes = new RegionHomes(code, flow, memory);
        homes.enter();
        for (int place = 0; place < flow.order().size(); place++) {
            int current = place;
            // Values of a block are local to it, so their variables are used again.
            code.block(body -> {
                homes.begin(body, current);
                Emitter.emit(body, homes, flow.unit(current));
            });
        }
        homes.leaveAll(code);
    }
}
