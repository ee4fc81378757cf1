package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Guard;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.SplittableRandom;

/// The form that a guard declares says the same as its method.
class GuardFormsTest {
    private static final int NUMBERS = 2000;

    @Test
    void formsAgreeWithMethods() throws ReflectiveOperationException {
        int checked = 0;
        for (var helper : Alignment.class.getMethods()) {
            var guard = helper.getAnnotation(Guard.class);
            if (guard != null && guard.form() != Guard.Form.OTHER) {
                check(guard, method(guard.value()));
                checked++;
            }
        }
        assertThat(checked).isEqualTo(3);
    }

    private static Method method(String name) {
        return Arrays.stream(Alignment.class.getMethods())
                .filter(method -> method.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void check(Guard guard, Method method) throws ReflectiveOperationException {
        var random = new SplittableRandom(1);
        for (int index = 0; index < NUMBERS; index++) {
            long number = random.nextLong() >> random.nextInt(64) << random.nextInt(8);
            var arguments = new Object[method.getParameterCount()];
            Arrays.fill(arguments, 8);
            arguments[0] = number;
            int unused = 64 - guard.bits();
            boolean holds =
                    guard.form() == Guard.Form.FITS_SIGNED
                            ? number << unused >> unused == number
                            : number << unused == 0;
            assertThat(method.invoke(null, arguments)).as("%s %x", guard, number).isEqualTo(holds);
        }
    }
}
