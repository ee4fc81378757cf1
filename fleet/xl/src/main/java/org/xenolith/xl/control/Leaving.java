package org.xenolith.xl.control;

import org.xenolith.linux.PromptExit;

import java.util.concurrent.atomic.AtomicReference;

/// How `xl` ends: at once, also when it leaves a domain's process behind, for whose end a thread of
/// the JDK's waits in native code.
public final class Leaving {
    private static final AtomicReference<PromptExit> PROMPT = new AtomicReference<>();

    private Leaving() {}

    /// For those who are about to wait for something else anyway.
    static void prepare() {
        PROMPT.compareAndSet(null, PromptExit.prepare());
    }

    /// Ends this process. What it has to say has been flushed, and no shutdown hook is needed.
    public static void exit(int code) {
        var prompt = PROMPT.get();
        // The JVM writes its cache when it ends in its own way.
        if (prompt != null && !CacheMaker.isHere()) {
            prompt.exit(code);
        }
        Runtime.getRuntime().exit(code);
    }
}
