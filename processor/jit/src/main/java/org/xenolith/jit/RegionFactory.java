package org.xenolith.jit;

import org.xenolith.base.Bug;
import org.xenolith.ir.Unit;

import java.lang.classfile.ClassFile;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.constant.ClassDesc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/// Makes hidden classes of regions. Each lives as long as somebody holds it.
public final class RegionFactory implements RegionCompiler {
    /// Bytes of bytecode in a region at most. HotSpot compiles no method above 8,000, and the
    /// compiled code of long ones is slow.
    public static final int CODE_BYTES_MAX = 7000;

    private static final MethodType NO_ARGUMENTS = MethodType.methodType(void.class);

    private final MethodHandles.Lookup host;
    private final MemoryAccess memory;
    private final ClassDesc name;
    private final AtomicInteger compiled = new AtomicInteger();

    /// @param host a lookup with full access into a class whose package is exported and that sees
    ///   the memory access and the classes of every helper
    public RegionFactory(MethodHandles.Lookup host, MemoryAccess memory) {
        this.host = host;
        this.memory = memory;
        name = ClassDesc.of(host.lookupClass().getPackageName(), "CompiledCode");
    }

    @Override
    public boolean canDo(Unit instruction) {
        return Region.isCompilable(instruction);
    }

    @Override
    public Optional<CompiledRegion> compile(Region region) {
        var bytes = RegionClass.generate(name, region.portable(), memory);
        if (codeBytes(bytes) > CODE_BYTES_MAX) {
            return Optional.empty();
        }
        try {
            var type =
                    host.defineHiddenClassWithClassData(
                            bytes,
                            memory.memory().map(MemoryAccess.Memory::object).orElse(this),
                            true);
            compiled.incrementAndGet();
            var maker = type.findConstructor(type.lookupClass(), NO_ARGUMENTS);
            return Optional.of((CompiledRegion) maker.invoke());
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable cause) {
            throw new Bug("a generated region has a public constructor", cause);
        }
    }

    private static int codeBytes(byte[] bytes) {
        return ClassFile.of().parse(bytes).methods().stream()
                .filter(method -> method.methodName().equalsString("run"))
                .flatMap(method -> method.code().stream())
                .mapToInt(code -> ((CodeAttribute) code).codeLength())
                .sum();
    }

    @Override
    public int compiledRegions() {
        return compiled.get();
    }

    @Override
    public void close() {}
}
