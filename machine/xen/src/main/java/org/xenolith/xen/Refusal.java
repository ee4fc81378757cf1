package org.xenolith.xen;

import org.xenolith.xen.abi.XenErrno;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// A hypercall is refused. Travels from the check that failed to [Hypercalls], which makes it the
/// hypercall's value; it never leaves this module.
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    // One for each number, without a stack trace: a guest can ask for as many as it likes.
    private static final Map<XenErrno, Refusal> ALL =
            Arrays.stream(XenErrno.values())
                    .collect(
                            Collectors.toMap(
                                    Function.identity(),
                                    Refusal::new,
                                    (first, _) -> first,
                                    () -> new EnumMap<>(XenErrno.class)));

    private final XenErrno errno;

    private Refusal(XenErrno errno) {
        super(errno.name(), null, false, false);
        this.errno = errno;
    }

    static Refusal of(XenErrno errno) {
        return ALL.get(errno);
    }

    XenErrno errno() {
        return errno;
    }

    /// `holds`, or the hypercall is refused with `errno`.
    static void unless(boolean holds, XenErrno errno) throws Refusal {
        if (!holds) {
            throw of(errno);
        }
    }
}
