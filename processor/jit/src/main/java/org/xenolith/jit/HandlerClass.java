package org.xenolith.jit;

import org.xenolith.ir.Unit;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/// The class file of the handler for one shape:
///
/// ```java
/// public final class Handler1 extends Handler {
///     private final int p0;       // a register slot
///     private final long p1;      // a constant or a target
///
///     public Handler1(long[] parameters) { … }
///     protected Handler bind(long[] parameters) { return new Handler1(parameters); }
///     public void execute(Context context) { … }
/// }
/// ```
final class HandlerClass {
    private static final ClassDesc HANDLER = describe(Handler.class);
    private static final ClassDesc PARAMETERS = ConstantDescs.CD_long.arrayType();
    private static final MethodTypeDesc CONSTRUCTOR =
            MethodTypeDesc.of(ConstantDescs.CD_void, PARAMETERS);
    private static final MethodTypeDesc BIND = MethodTypeDesc.of(HANDLER, PARAMETERS);
    private static final MethodTypeDesc EXECUTE =
            MethodTypeDesc.of(ConstantDescs.CD_void, ContextHomes.CONTEXT);

    private final ClassDesc self;
    private final Shape shape;
    private final boolean[] slots;

    private HandlerClass(ClassDesc self, Shape shape) {
        this.self = self;
        this.shape = shape;
        slots = shape.slots();
    }

    /// @param name the binary name of the class, as in `org.xenolith.jit.Handler1`
    static byte[] generate(String name, Shape shape) {
        var generator = new HandlerClass(ClassDesc.of(name), shape);
        return ClassFile.of().build(generator.self, generator::build);
    }

    private static ClassDesc describe(Class<?> type) {
        return ClassDesc.ofDescriptor(type.descriptorString());
    }

    private void build(ClassBuilder type) {
        type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
        type.withSuperclass(HANDLER);
        for (int parameter = 0; parameter < slots.length; parameter++) {
            type.withField(
                    ContextHomes.field(parameter),
                    typeOf(parameter),
                    ClassFile.ACC_PRIVATE | ClassFile.ACC_FINAL);
        }
        type.withMethodBody(
                ConstantDescs.INIT_NAME, CONSTRUCTOR, ClassFile.ACC_PUBLIC, this::constructor);
        type.withMethodBody("bind", BIND, ClassFile.ACC_PROTECTED, this::bind);
        type.withMethodBody(
                "execute",
                EXECUTE,
                ClassFile.ACC_PUBLIC,
                code -> Emitter.emit(code, new ContextHomes(code, self), new Unit(shape.ops())));
    }

    private ClassDesc typeOf(int parameter) {
        return slots[parameter] ? ConstantDescs.CD_int : ConstantDescs.CD_long;
    }

    private void constructor(CodeBuilder code) {
        code.aload(0).invokespecial(HANDLER, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void);
        for (int parameter = 0; parameter < slots.length; parameter++) {
            code.aload(0).aload(1).loadConstant(parameter).laload();
            if (slots[parameter]) {
                code.l2i();
            }
            code.putfield(self, ContextHomes.field(parameter), typeOf(parameter));
        }
        code.return_();
    }

    /// A handler without parameters serves all.
    private void bind(CodeBuilder code) {
        if (slots.length == 0) {
            code.aload(0).areturn();
        } else {
            code.new_(self)
                    .dup()
                    .aload(1)
                    .invokespecial(self, ConstantDescs.INIT_NAME, CONSTRUCTOR)
                    .areturn();
        }
    }
}
