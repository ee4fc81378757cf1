package org.xenolith.linux;

import org.xenolith.base.Bug;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// An end of this process that waits for nobody.
///
/// A JVM that is asked to exit waits 300 ms for threads in native code to come back (HotSpot,
/// `VM_Exit::wait_for_threads_in_native_to_block`), which those never do that wait for a child
/// process or read a terminal.
public final class PromptExit {
    private final Optional<MethodHandle> exit;

    private PromptExit(Optional<MethodHandle> exit) {
        this.exit = exit;
    }

    /// Binds the host's call, which takes a JVM some fifteen milliseconds.
    public static PromptExit prepare() {
        var linker = Linker.nativeLinker();
        return new PromptExit(
                linker.defaultLookup()
                        .find("_exit")
                        .map(place ->
                                linker.downcallHandle(
                                        place, FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT))));
    }

    /// Ends this process with `code` by `_exit(2)`: what has not been flushed is lost, and no
    /// shutdown hook runs. Where the host has no such call it is [Runtime#exit].
    public void exit(int code) {
        try {
            if (exit.isPresent()) {
                exit.get().invokeExact(code);
            }
        } catch (Error e) {
            throw e;
        } catch (Throwable e) {
            throw new Bug("calling _exit", e);
        }
        Runtime.getRuntime().exit(code);
    }
}
