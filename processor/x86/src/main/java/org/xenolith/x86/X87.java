package org.xenolith.x86;

import static org.xenolith.ir.Width.W16;
import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.Condition;
import org.xenolith.ir.Helper;
import org.xenolith.x86.Row.Unit;

import java.util.Set;

/// The x87 floating-point unit (SDM vol. 1, 5.2 and chapter 8): rows, and how each becomes a check
/// for a pending exception, a load, and one helper. Aliases that the manual leaves out do what
/// hardware does.
final class X87 {
    // spotless:off
    static final Table TABLE = table(
        row("FWAIT",   "9B",        X87::await).waits(),

        row("FADD",    "D8 /0",     X87::operateNumber, Md),
        row("FMUL",    "D8 /1",     X87::operateNumber, Md),
        row("FCOM",    "D8 /2",     X87::compareNumber, Md),
        row("FCOMP",   "D8 /3",     X87::compareNumber, Md),
        row("FSUB",    "D8 /4",     X87::operateNumber, Md),
        row("FSUBR",   "D8 /5",     X87::operateNumber, Md),
        row("FDIV",    "D8 /6",     X87::operateNumber, Md),
        row("FDIVR",   "D8 /7",     X87::operateNumber, Md),
        row("FADD",    "D8 /0 reg", X87::operate),
        row("FMUL",    "D8 /1 reg", X87::operate),
        row("FCOM",    "D8 /2 reg", compare(0, 0)),
        row("FCOMP",   "D8 /3 reg", compare(0, 1)),
        row("FSUB",    "D8 /4 reg", X87::operate),
        row("FSUBR",   "D8 /5 reg", X87::operate),
        row("FDIV",    "D8 /6 reg", X87::operate),
        row("FDIVR",   "D8 /7 reg", X87::operate),

        row("FLD",     "D9 /0",     X87::loadFloat32, Md),
        row("FST",     "D9 /2",     store(X87Transfers.FLOAT32, 0), Md),
        row("FSTP",    "D9 /3",     store(X87Transfers.FLOAT32, 1), Md),
        row("FLDENV",  "D9 /4",     X87::loadEnvironment, M),
        row("FLDCW",   "D9 /5",     X87::loadControlWord, Mw),
        row("FNSTENV", "D9 /6",     X87::storeEnvironment, M),
        row("FNSTCW",  "D9 /7",     X87::storeControlWord, Mw),
        row("FLD",     "D9 /0 reg", indexed("load")),
        row("FXCH",    "D9 /1 reg", indexed("exchange")),
        row("FNOP",    "D9 /2 D0", plain("nothing")),
        row("FSTP",    "D9 /3 reg", indexed("copyAndPop")),
        row("FCHS",    "D9 /4 E0", plain("sign", 0x8000, 0x8000)),
        row("FABS",    "D9 /4 E1", plain("sign", 0, 0)),
        row("FTST",    "D9 /4 E4", function("compareZero")),
        row("FXAM",    "D9 /4 E5", function("examine")),
        row("FLD1",    "D9 /5 E8", plain("constant", 0)),
        row("FLDL2T",  "D9 /5 E9", plain("constant", 1)),
        row("FLDL2E",  "D9 /5 EA", plain("constant", 2)),
        row("FLDPI",   "D9 /5 EB", plain("constant", 3)),
        row("FLDLG2",  "D9 /5 EC", plain("constant", 4)),
        row("FLDLN2",  "D9 /5 ED", plain("constant", 5)),
        row("FLDZ",    "D9 /5 EE", plain("constant", 6)),
        row("F2XM1",   "D9 /6 F0", named("unary")),
        row("FYL2X",   "D9 /6 F1", named("binaryAndPop")),
        row("FPTAN",   "D9 /6 F2", named("unaryAndPush")),
        row("FPATAN",  "D9 /6 F3", named("binaryAndPop")),
        row("FXTRACT", "D9 /6 F4", named("unaryAndPush")),
        row("FPREM1",  "D9 /6 F5", named("binary")),
        row("FDECSTP", "D9 /6 F6", plain("rotate", -1)),
        row("FINCSTP", "D9 /6 F7", plain("rotate", 1)),
        row("FPREM",   "D9 /7 F8", named("binary")),
        row("FYL2XP1", "D9 /7 F9", named("binaryAndPop")),
        row("FSQRT",   "D9 /7 FA", named("unary")),
        row("FSINCOS", "D9 /7 FB", named("unaryAndPush")),
        row("FRNDINT", "D9 /7 FC", named("unary")),
        row("FSCALE",  "D9 /7 FD", named("binary")),
        row("FSIN",    "D9 /7 FE", named("unary")),
        row("FCOS",    "D9 /7 FF", named("unary")),

        row("FIADD",   "DA /0",     X87::operateNumber, Md),
        row("FIMUL",   "DA /1",     X87::operateNumber, Md),
        row("FICOM",   "DA /2",     X87::compareNumber, Md),
        row("FICOMP",  "DA /3",     X87::compareNumber, Md),
        row("FISUB",   "DA /4",     X87::operateNumber, Md),
        row("FISUBR",  "DA /5",     X87::operateNumber, Md),
        row("FIDIV",   "DA /6",     X87::operateNumber, Md),
        row("FIDIVR",  "DA /7",     X87::operateNumber, Md),
        row("FCMOVB",  "DA /0 reg", moveIf(Condition.BELOW)),
        row("FCMOVE",  "DA /1 reg", moveIf(Condition.ZERO)),
        row("FCMOVBE", "DA /2 reg", moveIf(Condition.BELOW_OR_EQUAL)),
        row("FCMOVU",  "DA /3 reg", moveIf(Condition.PARITY)),
        row("FUCOMPP", "DA /5 E9", compare(1, 2)),

        row("FILD",    "DB /0",     X87::loadInteger, Md),
        row("FISTTP",  "DB /1",     store(X87Transfers.TRUNCATED | X87Transfers.INT32, 1), Md),
        row("FIST",    "DB /2",     store(X87Transfers.INT32, 0), Md),
        row("FISTP",   "DB /3",     store(X87Transfers.INT32, 1), Md),
        row("FLD",     "DB /5",     X87::loadTen, Mt),
        row("FSTP",    "DB /7",     X87::storeTen, Mt),
        row("FCMOVNB", "DB /0 reg", moveIf(Condition.NOT_BELOW)),
        row("FCMOVNE", "DB /1 reg", moveIf(Condition.NOT_ZERO)),
        row("FCMOVNBE", "DB /2 reg", moveIf(Condition.ABOVE)),
        row("FCMOVNU", "DB /3 reg", moveIf(Condition.NOT_PARITY)),
        row("FNENI",   "DB /4 E0", X87::ignore),
        row("FNDISI",  "DB /4 E1", X87::ignore),
        row("FNCLEX",  "DB /4 E2", control("clearExceptions")),
        row("FNINIT",  "DB /4 E3", control("initialize")),
        row("FNSETPM", "DB /4 E4", X87::ignore),
        row("FUCOMI",  "DB /5 reg", compareToFlags(1, 0)),
        row("FCOMI",   "DB /6 reg", compareToFlags(0, 0)),

        row("FADD",    "DC /0",     X87::operateNumber, Mq),
        row("FMUL",    "DC /1",     X87::operateNumber, Mq),
        row("FCOM",    "DC /2",     X87::compareNumber, Mq),
        row("FCOMP",   "DC /3",     X87::compareNumber, Mq),
        row("FSUB",    "DC /4",     X87::operateNumber, Mq),
        row("FSUBR",   "DC /5",     X87::operateNumber, Mq),
        row("FDIV",    "DC /6",     X87::operateNumber, Mq),
        row("FDIVR",   "DC /7",     X87::operateNumber, Mq),
        row("FADD",    "DC /0 reg", X87::operate),
        row("FMUL",    "DC /1 reg", X87::operate),
        row("FCOM",    "DC /2 reg", compare(0, 0)),
        row("FCOMP",   "DC /3 reg", compare(0, 1)),
        row("FSUBR",   "DC /4 reg", X87::operate),
        row("FSUB",    "DC /5 reg", X87::operate),
        row("FDIVR",   "DC /6 reg", X87::operate),
        row("FDIV",    "DC /7 reg", X87::operate),

        row("FLD",     "DD /0",     X87::loadFloat64, Mq),
        row("FISTTP",  "DD /1",     store(X87Transfers.TRUNCATED | X87Transfers.INT64, 1), Mq),
        row("FST",     "DD /2",     store(X87Transfers.FLOAT64, 0), Mq),
        row("FSTP",    "DD /3",     store(X87Transfers.FLOAT64, 1), Mq),
        row("FRSTOR",  "DD /4",     X87::loadEnvironment, M),
        row("FNSAVE",  "DD /6",     X87::storeEnvironment, M),
        row("FNSTSW",  "DD /7",     X87::storeStatusWord, Mw),
        row("FFREE",   "DD /0 reg", indexed("free", 0)),
        row("FXCH",    "DD /1 reg", indexed("exchange")),
        row("FST",     "DD /2 reg", indexed("store", 0)),
        row("FSTP",    "DD /3 reg", indexed("store", 1)),
        row("FUCOM",   "DD /4 reg", compare(1, 0)),
        row("FUCOMP",  "DD /5 reg", compare(1, 1)),

        row("FIADD",   "DE /0",     X87::operateNumber, Mw),
        row("FIMUL",   "DE /1",     X87::operateNumber, Mw),
        row("FICOM",   "DE /2",     X87::compareNumber, Mw),
        row("FICOMP",  "DE /3",     X87::compareNumber, Mw),
        row("FISUB",   "DE /4",     X87::operateNumber, Mw),
        row("FISUBR",  "DE /5",     X87::operateNumber, Mw),
        row("FIDIV",   "DE /6",     X87::operateNumber, Mw),
        row("FIDIVR",  "DE /7",     X87::operateNumber, Mw),
        row("FADDP",   "DE /0 reg", X87::operate),
        row("FMULP",   "DE /1 reg", X87::operate),
        row("FCOMP",   "DE /2 reg", compare(0, 1)),
        row("FCOMPP",  "DE /3 D9", compare(0, 2)),
        row("FSUBRP",  "DE /4 reg", X87::operate),
        row("FSUBP",   "DE /5 reg", X87::operate),
        row("FDIVRP",  "DE /6 reg", X87::operate),
        row("FDIVP",   "DE /7 reg", X87::operate),

        row("FILD",    "DF /0",     X87::loadInteger, Mw),
        row("FISTTP",  "DF /1",     store(X87Transfers.TRUNCATED | X87Transfers.INT16, 1), Mw),
        row("FIST",    "DF /2",     store(X87Transfers.INT16, 0), Mw),
        row("FISTP",   "DF /3",     store(X87Transfers.INT16, 1), Mw),
        row("FBLD",    "DF /4",     X87::loadTen, Mt),
        row("FILD",    "DF /5",     X87::loadInteger, Mq),
        row("FBSTP",   "DF /6",     X87::storeTen, Mt),
        row("FISTP",   "DF /7",     store(X87Transfers.INT64, 1), Mq),
        row("FFREEP",  "DF /0 reg", indexed("free", 1)),
        row("FXCH",    "DF /1 reg", indexed("exchange")),
        row("FSTP",    "DF /2 reg", indexed("store", 1)),
        row("FSTP",    "DF /3 reg", indexed("store", 1)),
        row("FNSTSW",  "DF /4 E0", X87::storeStatusWord, AX),
        row("FUCOMIP", "DF /5 reg", compareToFlags(1, 1)),
        row("FCOMIP",  "DF /6 reg", compareToFlags(0, 1)));
    // spotless:on

    private static final Helper AWAIT = Helper.named(X87Registers.class, "await");
    private static final Helper ENTER = Helper.named(X87Registers.class, "enter");
    private static final Helper ENTER_WITH_MEMORY =
            Helper.named(X87Registers.class, "enterWithMemory");
    private static final Helper OPERATE = Helper.named(X87Arithmetic.class, "operate");
    private static final Helper OPERATE_NUMBER = Helper.named(X87Arithmetic.class, "operateNumber");
    private static final Helper COMPARE = Helper.named(X87Arithmetic.class, "compare");
    private static final Helper COMPARE_NUMBER = Helper.named(X87Arithmetic.class, "compareNumber");
    private static final Helper COMPARE_TO_FLAGS =
            Helper.named(X87Arithmetic.class, "compareToFlags");
    private static final Helper MOVE_IF = Helper.named(X87Registers.class, "moveIf");
    private static final Helper LOAD_FLOAT32 = Helper.named(X87Transfers.class, "loadFloat32");
    private static final Helper LOAD_FLOAT64 = Helper.named(X87Transfers.class, "loadFloat64");
    private static final Helper LOAD_FLOAT80 = Helper.named(X87Transfers.class, "loadFloat80");
    private static final Helper LOAD_INTEGER = Helper.named(X87Transfers.class, "loadInteger");
    private static final Helper LOAD_DECIMAL = Helper.named(X87Transfers.class, "loadDecimal");
    private static final Helper STORE = Helper.named(X87Transfers.class, "store");
    private static final Helper STORE_FLOAT80 = Helper.named(X87Transfers.class, "storeFloat80");
    private static final Helper STORE_DECIMAL = Helper.named(X87Transfers.class, "storeDecimal");
    private static final Helper CONTROL_WORD = Helper.named(X87Environment.class, "controlWord");
    private static final Helper STATUS_WORD = Helper.named(X87Environment.class, "statusWord");
    private static final Helper LOAD_CONTROL_WORD =
            Helper.named(X87Environment.class, "loadControlWord");
    private static final Helper LOAD_ENVIRONMENT = Helper.named(X87Environment.class, "load");
    private static final Helper STORE_ENVIRONMENT = Helper.named(X87Environment.class, "store");
    private static final Helper SAVE = Helper.named(X87Environment.class, "save");
    private static final Helper RESTORE = Helper.named(X87Environment.class, "restore");

    private static final Set<String> WITH_REGISTERS = Set.of("FNSAVE", "FRSTOR");

    private X87() {}

    private static Table table(Row... rows) {
        for (var row : rows) {
            row.uses(Unit.X87);
        }
        return Table.of(rows);
    }

    // ---------------------------------------------------------------- how an instruction begins

    private static void await(Lifter l, Instruction i) {
        l.call(AWAIT);
    }

    private static void ignore(Lifter l, Instruction i) {}

    private static int opcode(Instruction i) {
        return i.row().encoding().opcode();
    }

    private static int reg(Instruction i) {
        return i.modRm() >>> 3 & 7;
    }

    private static int constant(Lifter l, int value) {
        return l.constant(W32, value);
    }

    private static int index(Lifter l, Instruction i) {
        return constant(l, i.modRm() & 7);
    }

    /// What FOP holds: three bits of the first byte, and ModRM.
    private static int lastOpcode(Lifter l, Instruction i) {
        return constant(l, (opcode(i) & 7) << 8 | i.modRm());
    }

    private static void enter(Lifter l, Instruction i) {
        l.call(ENTER, l.codeAddress(i.pc()), lastOpcode(l, i));
    }

    private static Operand.Memory enterWithMemory(Lifter l, Instruction i) {
        var memory = (Operand.Memory) i.first();
        int offset = l.convert(l.offset(memory), W64);
        l.call(ENTER_WITH_MEMORY, l.codeAddress(i.pc()), lastOpcode(l, i), offset);
        return memory;
    }

    // ---------------------------------------------------------------- arithmetic

    /// D8: to ST(0). DC: to ST(i). DE: to ST(i), and a pop.
    private static void operate(Lifter l, Instruction i) {
        enter(l, i);
        int index = index(l, i);
        int destination = opcode(i) == 0xD8 ? constant(l, 0) : index;
        int pops = constant(l, opcode(i) == 0xDE ? 1 : 0);
        l.call(OPERATE, constant(l, reg(i)), index, destination, pops);
    }

    private static void operateNumber(Lifter l, Instruction i) {
        int value = number(l, i);
        l.call(OPERATE_NUMBER, constant(l, reg(i)), format(l, i), value);
    }

    private static void compareNumber(Lifter l, Instruction i) {
        int value = number(l, i);
        l.call(COMPARE_NUMBER, format(l, i), value, constant(l, reg(i) & 1));
    }

    private static int format(Lifter l, Instruction i) {
        return constant(l, opcode(i) >>> 1 & 3);
    }

    /// A number in memory, float32 or float64 as bits and integers sign-extended.
    private static int number(Lifter l, Instruction i) {
        int value = l.read(enterWithMemory(l, i));
        boolean integer = (opcode(i) & 3) > 1;
        return integer ? l.convertSigned(value, W64) : l.convert(value, W64);
    }

    private static Row.Meaning compare(int quiet, int pops) {
        return (l, i) -> {
            enter(l, i);
            l.call(COMPARE, index(l, i), constant(l, quiet), constant(l, pops));
        };
    }

    private static Row.Meaning compareToFlags(int quiet, int pops) {
        return (l, i) -> {
            enter(l, i);
            l.call(COMPARE_TO_FLAGS, index(l, i), constant(l, quiet), constant(l, pops));
        };
    }

    /// A helper of [X87Arithmetic] without operands.
    private static Row.Meaning function(String name) {
        var helper = Helper.named(X87Arithmetic.class, name);
        return (l, i) -> {
            enter(l, i);
            l.call(helper);
        };
    }

    /// A helper of [X87Arithmetic] that takes ModRM for the function's name.
    private static Row.Meaning named(String name) {
        var helper = Helper.named(X87Arithmetic.class, name);
        return (l, i) -> {
            enter(l, i);
            l.call(helper, constant(l, i.modRm()));
        };
    }

    // ---------------------------------------------------------------- registers

    /// A helper of [X87Registers] that takes numbers that the row knows.
    private static Row.Meaning plain(String name, int... values) {
        var helper = Helper.named(X87Registers.class, name);
        return (l, i) -> {
            enter(l, i);
            var arguments = new int[values.length];
            for (int index = 0; index < arguments.length; index++) {
                arguments[index] = constant(l, values[index]);
            }
            l.call(helper, arguments);
        };
    }

    /// A helper of [X87Registers] that takes the register of ModRM.rm.
    private static Row.Meaning indexed(String name) {
        var helper = Helper.named(X87Registers.class, name);
        return (l, i) -> {
            enter(l, i);
            l.call(helper, index(l, i));
        };
    }

    private static Row.Meaning indexed(String name, int pops) {
        var helper = Helper.named(X87Registers.class, name);
        return (l, i) -> {
            enter(l, i);
            l.call(helper, index(l, i), constant(l, pops));
        };
    }

    private static Row.Meaning moveIf(Condition condition) {
        return (l, i) -> {
            enter(l, i);
            l.call(MOVE_IF, index(l, i), l.test(condition));
        };
    }

    // ---------------------------------------------------------------- loads and stores

    private static void loadFloat32(Lifter l, Instruction i) {
        l.call(LOAD_FLOAT32, l.read(enterWithMemory(l, i)));
    }

    private static void loadFloat64(Lifter l, Instruction i) {
        l.call(LOAD_FLOAT64, l.read(enterWithMemory(l, i)));
    }

    private static void loadInteger(Lifter l, Instruction i) {
        l.call(LOAD_INTEGER, l.convertSigned(l.read(enterWithMemory(l, i)), W64));
    }

    /// FLD m80fp and FBLD.
    private static void loadTen(Lifter l, Instruction i) {
        int address = l.address(enterWithMemory(l, i), 10, false);
        int low = l.load(W64, address);
        int high = l.load(W16, l.behind(address, 8));
        l.call(opcode(i) == 0xDB ? LOAD_FLOAT80 : LOAD_DECIMAL, low, high);
    }

    private static Row.Meaning store(int format, int pops) {
        return (l, i) -> {
            var memory = enterWithMemory(l, i);
            int offset = l.convert(l.offset(memory), W64);
            int segment = constant(l, memory.segment());
            l.call(STORE, segment, offset, constant(l, format), constant(l, pops));
        };
    }

    /// FSTP m80fp and FBSTP.
    private static void storeTen(Lifter l, Instruction i) {
        var memory = enterWithMemory(l, i);
        int offset = l.convert(l.offset(memory), W64);
        var helper = opcode(i) == 0xDB ? STORE_FLOAT80 : STORE_DECIMAL;
        l.call(helper, constant(l, memory.segment()), offset);
    }

    // ---------------------------------------------------------------- control

    private static Row.Meaning control(String name) {
        var helper = Helper.named(X87Environment.class, name);
        return (l, i) -> l.call(helper);
    }

    private static void loadControlWord(Lifter l, Instruction i) {
        l.call(AWAIT);
        l.call(LOAD_CONTROL_WORD, l.read(i.first()));
    }

    private static void storeControlWord(Lifter l, Instruction i) {
        l.write(i.first(), l.convert(l.call(CONTROL_WORD), W16));
    }

    private static void storeStatusWord(Lifter l, Instruction i) {
        l.write(i.first(), l.convert(l.call(STATUS_WORD), W16));
    }

    private static int form(Lifter l, Instruction i) {
        boolean real = !l.mode().isProtected() || l.mode().virtual8086();
        return (i.operandSize() == W16 ? X87Environment.NARROW : 0)
                | (real ? X87Environment.REAL : 0);
    }

    private static int environment(Lifter l, Instruction i, int form, boolean write) {
        int registers = WITH_REGISTERS.contains(i.row().name()) ? 80 : 0;
        int bytes = X87Environment.bytes(form) + registers;
        return l.address((Operand.Memory) i.first(), bytes, write);
    }

    /// FLDENV and FRSTOR.
    private static void loadEnvironment(Lifter l, Instruction i) {
        l.call(AWAIT);
        int form = form(l, i);
        int address = environment(l, i, form, false);
        boolean all = WITH_REGISTERS.contains(i.row().name());
        l.call(all ? RESTORE : LOAD_ENVIRONMENT, address, constant(l, form));
    }

    /// FNSTENV and FNSAVE.
    private static void storeEnvironment(Lifter l, Instruction i) {
        int form = form(l, i);
        int address = environment(l, i, form, true);
        boolean all = WITH_REGISTERS.contains(i.row().name());
        l.call(all ? SAVE : STORE_ENVIRONMENT, address, constant(l, form));
    }
}
