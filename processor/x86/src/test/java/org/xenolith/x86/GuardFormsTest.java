package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Guard;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// The form that a guard declares says the same as its method.
class GuardFormsTest {
    private static final int NUMBERS = 2000;

    @Test
    void formsAgreeWithMethods() throws ReflectiveOperationException {
        int checked = 0;
        for (var owner : List.of(Alignment.class, SystemHelpers.class)) {
            for (var helper : owner.getMethods()) {
                var guard = helper.getAnnotation(Guard.class);
                if (guard != null && guard.form() != Guard.Form.OTHER) {
                    check(guard, method(owner, guard.value()));
                    checked++;
                }
            }
        }
        assertThat(checked).isEqualTo(6);
    }

    private static Method method(Class<?> owner, String name) {
        return Arrays.stream(owner.getMethods())
                .filter(method -> method.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void check(Guard guard, Method method) throws ReflectiveOperationException {
        var random = new SplittableRandom(1);
        for (int index = 0; index < NUMBERS; index++) {
            long number = random.nextLong() >> random.nextInt(64) << random.nextInt(64);
            var arguments = new Object[method.getParameterCount()];
            Arrays.fill(arguments, 8);
            arguments[0] = number;
            int unused = 64 - guard.bits();
            boolean holds =
                    switch (guard.form()) {
                        case FITS_SIGNED -> number << unused >> unused == number;
                        case IS_MULTIPLE -> number << unused == 0;
                        case IS_ZERO -> number == 0;
                        case DIVIDES_UNSIGNED, DIVIDES_SIGNED, OTHER ->
                                throw new AssertionError(guard + " is of other numbers");
                    };
            assertThat(method.invoke(null, arguments)).as("%s %x", guard, number).isEqualTo(holds);
        }
    }
}
