package org.xenolith.jit;

import org.xenolith.base.Bug;
import org.xenolith.ir.Code;
import org.xenolith.ir.Context;
import org.xenolith.ir.Evaluator;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;

import java.lang.invoke.MethodHandles;
import java.lang.reflect.InvocationTargetException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// Makes the code that executes units: handlers, compiled once for each [Shape], or evaluators for
/// shapes that are too rare, too long or too many. Several threads may use it at a time.
///
/// Handlers live as long as the factory or one of them does.
public final class HandlerFactory {
    /// How many shapes are remembered; units of any further shape are evaluated.
    static final int SHAPES_MAX = 8192;

    /// How many ops a unit may have to be compiled. HotSpot compiles no method above 8,000 bytes.
    static final int OPS_MAX = 400;

    /// How often units of a shape are evaluated before it is compiled. Over 340,000 instructions of
    /// a C library, each executed 10 or 100 times, anything from 0 to 1,000 took the same time
    /// within a factor of 1.5, and about 0.3 ms a class; more patience cost up to twice as much.
    public static final int PATIENCE = 100;

    private final Loader loader;
    private final int patience;
    private final Map<Shape, Tier> tiers = new ConcurrentHashMap<>();
    private final AtomicInteger compiled = new AtomicInteger();

    /// @param host a lookup into a class that sees the classes of every helper; these must be
    ///   public and in exported packages
    public HandlerFactory(MethodHandles.Lookup host) {
        this(host, PATIENCE);
    }

    /// @param patience how often units of a shape are evaluated before it is compiled
    public HandlerFactory(MethodHandles.Lookup host, int patience) {
        loader = new Loader(host.lookupClass().getClassLoader());
        this.patience = patience;
    }

    /// Code that does what the unit says. It may begin by evaluating and compile itself later;
    /// [#settled] then has the shorter way to it.
    public Code handler(Unit lifted) {
        var unit = Passes.portable(lifted);
        if (unit.ops().size() > OPS_MAX) {
            return new Evaluator(unit);
        }
        var bound = Shape.of(unit);
        var tier = tiers.get(bound.shape());
        if (tier == null) {
            if (tiers.size() >= SHAPES_MAX) {
                return new Evaluator(unit);
            }
            tier = tiers.computeIfAbsent(bound.shape(), Tier::new);
        }
        if (tier.isReady()) {
            return tier.bind(bound.parameters());
        }
        return new Warming(unit, tier, bound.parameters());
    }

    /// What code has become: the handler that it has compiled itself to, else the code itself. For
    /// code that is executed often.
    public static Code settled(Code code) {
        return code instanceof Warming warming && warming.code instanceof Handler handler
                ? handler
                : code;
    }

    /// How many shapes have been compiled.
    public int compiledShapes() {
        return compiled.get();
    }

    private Handler compile(Shape shape) {
        String name = "org.xenolith.handlers.Handler" + compiled.incrementAndGet();
        var type = loader.define(name, HandlerClass.generate(name, shape));
        try {
            return (Handler)
                    type.getConstructor(long[].class)
                            .newInstance((Object) new long[shape.slots().length]);
        } catch (NoSuchMethodException
                | InstantiationException
                | IllegalAccessException
                | InvocationTargetException cause) {
            throw new Bug("a generated handler has a public constructor", cause);
        }
    }

    /// What has become of a shape.
    private final class Tier {
        private final Shape shape;
        private volatile Handler prototype;

        /// Evaluations so far. A count lost between threads does no harm.
        private int evaluations;

        Tier(Shape shape) {
            this.shape = shape;
        }

        /// Whether the shape is compiled or has been evaluated often enough to be.
        boolean isReady() {
            return prototype != null || evaluations >= patience;
        }

        /// Counts one more evaluation, if that does not make the shape ready.
        ///
        /// @return whether it is
        boolean countEvaluation() {
            if (isReady()) {
                return true;
            }
            evaluations++;
            return false;
        }

        Handler bind(long[] parameters) {
            if (prototype == null) {
                synchronized (this) {
                    if (prototype == null) {
                        prototype = compile(shape);
                    }
                }
            }
            return prototype.bind(parameters);
        }
    }

    /// Evaluates a unit until its shape is compiled, which it sees to if that is executed often.
    private static final class Warming extends Code {
        private final Tier tier;
        private final long[] parameters;

        /// The evaluator, in the end the handler.
        private volatile Code code;

        Warming(Unit unit, Tier tier, long[] parameters) {
            this.tier = tier;
            this.parameters = parameters;
            code = new Evaluator(unit);
        }

        @Override
        public void execute(Context context) {
            var current = code;
            if (current instanceof Evaluator && tier.countEvaluation()) {
                current = tier.bind(parameters);
                code = current;
            }
            current.execute(context);
        }
    }

    /// One generation of classes.
    private static final class Loader extends ClassLoader {
        static {
            registerAsParallelCapable();
        }

        Loader(ClassLoader parent) {
            super(parent);
        }

        Class<?> define(String name, byte[] bytes) {
            return defineClass(name, bytes, 0, bytes.length);
        }
    }
}
