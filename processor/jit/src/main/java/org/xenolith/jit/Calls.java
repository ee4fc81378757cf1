package org.xenolith.jit;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;

/// Emits calls of static Java methods on numbers.
final class Calls {
    private Calls() {}

    /// Pushes the arguments, each as a `long`, cut to `int` where the method takes that, and calls.
    /// Parameters before the last `arguments.size()` are on the stack already.
    static void call(CodeBuilder code, Method method, List<Runnable> arguments) {
        var parameters = method.getParameterTypes();
        int first = parameters.length - arguments.size();
        for (int index = 0; index < arguments.size(); index++) {
            arguments.get(index).run();
            if (parameters[first + index] == int.class) {
                code.l2i();
            }
        }
        var type =
                MethodTypeDesc.of(
                        describe(method.getReturnType()),
                        Arrays.stream(parameters).map(Calls::describe).toList());
        var owner = method.getDeclaringClass();
        code.invokestatic(describe(owner), method.getName(), type, owner.isInterface());
    }

    static ClassDesc describe(Class<?> type) {
        return ClassDesc.ofDescriptor(type.descriptorString());
    }
}
