// Runs single instructions on the host's processor and reports what they did.
//
// A case is loaded by rewriting the context of a signal handler and returning from it; the
// instruction is followed by INT3 bytes, so it ends in the next signal, whose context is the
// result. Anything else that stops it (page fault, divide error, ...) is a signal too.
//
// Talks in binary over standard input and output; all numbers are little-endian:
//   out  struct hello
//   in   the background: initial content of the three arena pages
//   in   u32 count, then count x struct test_case     (end of file: exit)
//   out  for each case struct result, then `runs` times { u32 offset, u32 length, bytes }
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    ARENA_PAGES = 3, // two writable pages and a read-only one; unmapped pages on both sides
    ARENA_BYTES = ARENA_PAGES * PAGE,
    ARENA = 0x20000000,
    LOW_ARENA = 0x8000, // the same pages again, within reach of 16-bit addresses
    CODE = 0x10000000,
    CODE_BYTES = 16 * PAGE,
    CODE_MAX = 64,
    PATCH_BYTES = 64,
    PATCHES = 3,
    FXSAVE_BYTES = 416,
    CASES_MAX = 4096,
    TIMEOUT = 255,
};

struct hello {
    uint32_t magic, facilities, signature;
    uint32_t leaf1_ecx, leaf1_edx, leaf7_ebx, extended_ecx, extended_edx;
    char vendor[12];
};
enum { FACILITY_FSGSBASE = 1, FACILITY_LOW_ARENA = 2, FACILITY_CODE_16 = 4 };

// Selectors of the code segments of a case, by its mode. The last is a local one, 64 KiB at CODE.
static const uint16_t CODE_SELECTOR[] = {0x33, 0x23, 0x07};
enum { MODE_LONG, MODE_32, MODE_16, MODES };

struct patch {
    uint32_t offset, length;
    uint8_t bytes[PATCH_BYTES];
};

struct test_case {
    uint64_t gpr[16]; // in encoding order
    uint64_t rip, rflags, fs_base, gs_base;
    uint32_t mode, code_length;
    uint8_t code[CODE_MAX];
    struct patch patches[PATCHES];
    uint8_t fxsave[FXSAVE_BYTES];
};

struct result {
    uint64_t gpr[16];
    uint64_t rip, rflags, fs_base, gs_base;
    uint64_t vector, error, cr2;
    uint16_t cs, ss, ds, es, fs, gs, reserved[2];
    uint8_t fxsave[FXSAVE_BYTES];
    uint32_t runs, bytes; // of changed memory; `bytes` counts the run records behind this
};

static const int GREG[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
        REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static struct test_case cases[CASES_MAX];
static volatile uint32_t case_count;
static volatile uint32_t current;
static volatile int running;
static int has_fsgsbase;
static uint64_t main_fs_base;
static greg_t main_gregs[NGREG];

static uint8_t *arena, *code; // writable views
static uint8_t background[ARENA_BYTES], initial[ARENA_BYTES];
static uint8_t *output;
static size_t output_size;
static volatile size_t output_used; // the handler changes it behind the compiler's back

static void die(const char *text) {
    if (write(2, text, strlen(text)) < 0) { }
    _exit(2);
}

static uint64_t read_fs_base(void) { uint64_t v; __asm__ volatile("rdfsbase %0" : "=r"(v)); return v; }
static uint64_t read_gs_base(void) { uint64_t v; __asm__ volatile("rdgsbase %0" : "=r"(v)); return v; }
static void write_fs_base(uint64_t v) { __asm__ volatile("wrfsbase %0" : : "r"(v)); }
static void write_gs_base(uint64_t v) { __asm__ volatile("wrgsbase %0" : : "r"(v)); }
static uint16_t read_ds(void) { uint16_t v; __asm__ volatile("mov %%ds, %0" : "=r"(v)); return v; }
static uint16_t read_es(void) { uint16_t v; __asm__ volatile("mov %%es, %0" : "=r"(v)); return v; }
static uint16_t read_fs(void) { uint16_t v; __asm__ volatile("mov %%fs, %0" : "=r"(v)); return v; }
static uint16_t read_gs(void) { uint16_t v; __asm__ volatile("mov %%gs, %0" : "=r"(v)); return v; }

static void load_data_segments(void) {
    __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(0x2b));
}

static void put(const void *bytes, size_t length) {
    if (output_used + length > output_size) die("host-executor: output too large\n");
    memcpy(output + output_used, bytes, length);
    output_used += length;
}

// Appends the runs of arena bytes that differ from their initial content.
static void put_changes(struct result *r, size_t header_at) {
    for (uint32_t line = 0; line < ARENA_BYTES; line += 64) {
        if (memcmp(arena + line, initial + line, 64) == 0) continue;
        for (uint32_t i = line; i < line + 64;) {
            if (arena[i] == initial[i]) { i++; continue; }
            uint32_t run[2] = {i, 0};
            while (i < line + 64 && arena[i] != initial[i]) i++;
            run[1] = i - run[0];
            put(run, sizeof run);
            put(arena + run[0], run[1]);
            r->runs++;
        }
    }
    r->bytes = (uint32_t) (output_used - header_at - sizeof *r);
    memcpy(output + header_at, r, sizeof *r);
}

static void record(ucontext_t *context, int timed_out) {
    greg_t *g = context->uc_mcontext.gregs;
    struct result r = {0};
    for (int i = 0; i < 16; i++) r.gpr[i] = (uint64_t) g[GREG[i]];
    r.rip = (uint64_t) g[REG_RIP];
    r.rflags = (uint64_t) g[REG_EFL];
    r.vector = timed_out ? TIMEOUT : (uint64_t) g[REG_TRAPNO];
    r.error = timed_out ? 0 : (uint64_t) g[REG_ERR];
    r.cr2 = r.vector == 14 ? (uint64_t) g[REG_CR2] : 0;
    r.cs = (uint16_t) g[REG_CSGSFS];
    r.ss = (uint16_t) (g[REG_CSGSFS] >> 48);
    r.ds = read_ds();
    r.es = read_es();
    r.fs = read_fs();
    r.gs = read_gs();
    if (has_fsgsbase) {
        r.fs_base = read_fs_base();
        r.gs_base = read_gs_base();
    }
    memcpy(r.fxsave, context->uc_mcontext.fpregs, FXSAVE_BYTES);
    size_t header_at = output_used;
    put(&r, sizeof r);
    put_changes(&r, header_at);
}

// In the legacy region of an XSAVE image, bytes 464-511 belong to the kernel; the header behind it
// says which parts are to be loaded and which are in their initial state.
static void load_fxsave(ucontext_t *context, const uint8_t *fxsave) {
    uint8_t *image = (uint8_t *) context->uc_mcontext.fpregs;
    memcpy(image, fxsave, FXSAVE_BYTES);
    uint32_t magic;
    memcpy(&magic, image + 464, 4);
    if (magic == 0x46505853) *(uint64_t *) (image + 512) |= 3;
}

static uint64_t code_offset(const struct test_case *c) {
    return c->mode == MODE_16 ? c->rip : c->rip - CODE;
}

static void load(ucontext_t *context, const struct test_case *c) {
    greg_t *g = context->uc_mcontext.gregs;
    memcpy(initial, background, ARENA_BYTES);
    for (int i = 0; i < PATCHES; i++) {
        const struct patch *p = &c->patches[i];
        if (p->length <= PATCH_BYTES && p->offset <= ARENA_BYTES - p->length) {
            memcpy(initial + p->offset, p->bytes, p->length);
        }
    }
    memcpy(arena, initial, ARENA_BYTES);
    for (uint32_t i = 0; i < c->code_length && i < CODE_MAX; i++) {
        uint64_t at = code_offset(c) + i;
        if (at < CODE_BYTES) code[at] = c->code[i];
    }
    for (int i = 0; i < 16; i++) g[GREG[i]] = (greg_t) c->gpr[i];
    g[REG_RIP] = (greg_t) c->rip;
    g[REG_EFL] = (greg_t) c->rflags;
    g[REG_CSGSFS] = (greg_t) (0x002b000000000000ull | CODE_SELECTOR[c->mode % MODES]);
    load_fxsave(context, c->fxsave);
}

static void unload(const struct test_case *c) {
    for (uint32_t i = 0; i < c->code_length && i < CODE_MAX; i++) {
        uint64_t at = code_offset(c) + i;
        if (at < CODE_BYTES) code[at] = 0xcc;
    }
}

static void return_to_main(ucontext_t *context) {
    static const uint8_t clean[FXSAVE_BYTES] = {[0] = 0x7f, [1] = 0x03, [24] = 0x80, [25] = 0x1f};
    memcpy(context->uc_mcontext.gregs, main_gregs, sizeof main_gregs);
    load_fxsave(context, clean);
    running = 0;
}

static void enter_case(ucontext_t *context) {
    const struct test_case *c = &cases[current];
    load(context, c);
    if (has_fsgsbase) {
        write_fs_base(c->fs_base);
        write_gs_base(c->gs_base);
    }
}

// Runs with whatever FS and GS base the case left: nothing here may use thread-local storage
// before they are put back.
__attribute__((used)) void on_signal(int signal, siginfo_t *info, void *opaque) {
    static uint32_t at_last_alarm;
    ucontext_t *context = opaque;
    (void) info;
    if (signal == SIGALRM) {
        if (!running) return;
        if (current != at_last_alarm) {
            at_last_alarm = current;
            return;
        }
    }
    if (!running) {
        memcpy(main_gregs, context->uc_mcontext.gregs, sizeof main_gregs);
        if (main_gregs[REG_TRAPNO] != 3) _exit(3);
        running = 1;
        at_last_alarm = ~0u;
        current = 0;
        enter_case(context);
        return;
    }
    record(context, signal == SIGALRM);
    if (read_fs() != 0) __asm__ volatile("mov %0, %%fs" : : "r"(0));
    if (read_gs() != 0) __asm__ volatile("mov %0, %%gs" : : "r"(0));
    if (has_fsgsbase) {
        write_fs_base(main_fs_base);
        write_gs_base(0);
    }
    load_data_segments();
    unload(&cases[current]);
    current++;
    if (current < case_count) enter_case(context); else return_to_main(context);
}

// A case may leave AC, NT or ID set, which the kernel passes on to the handler.
void signal_entry(int, siginfo_t *, void *);
__asm__(".text\n.globl signal_entry\nsignal_entry:\n\tpushq $2\n\tpopfq\n\tjmp on_signal\n");

__attribute__((noinline)) static void run_cases(void) {
    __asm__ volatile("int3" : : : "memory", "cc");
}

static void read_fully(void *into, size_t length, int may_end) {
    size_t done = 0;
    while (done < length) {
        ssize_t n = read(0, (char *) into + done, length - done);
        if (n <= 0) {
            if (n == 0 && done == 0 && may_end) _exit(0);
            die("host-executor: input ended early\n");
        }
        done += (size_t) n;
    }
}

static void write_fully(const void *from, size_t length) {
    size_t done = 0;
    while (done < length) {
        ssize_t n = write(1, (const char *) from + done, length - done);
        if (n <= 0) _exit(1);
        done += (size_t) n;
    }
}

static int map_at(uint64_t address, size_t bytes, int protection, int file, off_t offset) {
    void *wanted = (void *) address;
    void *got = mmap(wanted, bytes, protection, MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE,
            file, offset);
    if (got == wanted) return 1;
    if (got != MAP_FAILED) munmap(got, bytes);
    return 0;
}

static int map_arena(uint64_t address, int file) {
    return map_at(address, 2 * PAGE, PROT_READ | PROT_WRITE, file, 0)
            && map_at(address + 2 * PAGE, PAGE, PROT_READ, file, 2 * PAGE);
}

static uint8_t *map_view(int file, size_t bytes) {
    void *view = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    if (view == MAP_FAILED) die("host-executor: no memory\n");
    return view;
}

static uint32_t map_everything(void) {
    int arena_file = memfd_create("arena", 0), code_file = memfd_create("code", 0);
    if (arena_file < 0 || code_file < 0 || ftruncate(arena_file, ARENA_BYTES) != 0
            || ftruncate(code_file, CODE_BYTES) != 0) {
        die("host-executor: no memfd\n");
    }
    arena = map_view(arena_file, ARENA_BYTES);
    code = map_view(code_file, CODE_BYTES);
    memset(code, 0xcc, CODE_BYTES);
    if (!map_at(CODE, CODE_BYTES, PROT_READ | PROT_EXEC, code_file, 0)
            || !map_arena(ARENA, arena_file)) {
        die("host-executor: cannot map at fixed addresses\n");
    }
    return map_arena(LOW_ARENA, arena_file) ? FACILITY_LOW_ARENA : 0;
}

// A 16-bit code segment, where the kernel lets programs have one.
static uint32_t make_code_16(void) {
    struct user_desc d = {.entry_number = 0, .base_addr = CODE, .limit = 0xffff,
            .contents = MODIFY_LDT_CONTENTS_CODE, .useable = 1};
    return syscall(SYS_modify_ldt, 0x11, &d, sizeof d) == 0 ? FACILITY_CODE_16 : 0;
}

static void install_handlers(void) {
    static uint8_t stack[1 << 18];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, 0);
    struct sigaction action = {.sa_sigaction = signal_entry,
            .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigfillset(&action.sa_mask);
    const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], &action, 0);
    }
    struct itimerval watchdog = {.it_interval = {.tv_usec = 100000}, .it_value = {.tv_usec = 100000}};
    setitimer(ITIMER_REAL, &watchdog, 0);
}

static struct hello examine_processor(void) {
    struct hello h = {.magic = 0x31454858};
    uint32_t a, b, c, d;
    __cpuid(0, a, b, c, d);
    memcpy(h.vendor, &b, 4);
    memcpy(h.vendor + 4, &d, 4);
    memcpy(h.vendor + 8, &c, 4);
    if (a >= 7) {
        __cpuid_count(7, 0, a, h.leaf7_ebx, c, d);
    }
    __cpuid(1, h.signature, b, h.leaf1_ecx, h.leaf1_edx);
    __cpuid(0x80000001, a, b, h.extended_ecx, h.extended_edx);
    return h;
}

int main(void) {
    struct hello h = examine_processor();
    has_fsgsbase = (getauxval(AT_HWCAP2) & 2) != 0;
    h.facilities = map_everything() | make_code_16() | (has_fsgsbase ? FACILITY_FSGSBASE : 0);
    if (has_fsgsbase) main_fs_base = read_fs_base();
    output_size = CASES_MAX * (sizeof(struct result) + 1024) + (64 << 20);
    output = mmap(0, output_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (output == MAP_FAILED) die("host-executor: no memory\n");
    load_data_segments();
    install_handlers();
    write_fully(&h, sizeof h);
    read_fully(background, sizeof background, 0);
    for (;;) {
        uint32_t count;
        read_fully(&count, sizeof count, 1);
        if (count == 0 || count > CASES_MAX) die("host-executor: bad count\n");
        read_fully(cases, count * sizeof *cases, 0);
        case_count = count;
        output_used = 0;
        run_cases();
        write_fully(output, output_used);
    }
}
