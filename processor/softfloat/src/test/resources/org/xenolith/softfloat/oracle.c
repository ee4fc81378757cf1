/* Runs single floating-point instructions on this host's processor.
 *
 * argv[1]: requests, argv[2]: answers; both are arrays of 40-byte little-endian records.
 * Request: op, control (control word or MXCSR), a low, a high, b low, b high.
 * Answer: status (status word or MXCSR), extra, result low, high, second result low, high.
 * On x87, a is st(0) and b is st(1) or the memory operand. On SSE, a is the destination. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

struct record {
    uint32_t op, control;
    uint64_t a[2], b[2];
};

static uint8_t fx[512] __attribute__((aligned(16)));
static uint64_t mem[2] __attribute__((aligned(16)));
static uint64_t eflags;
static uint16_t cw;
static uint8_t a80[16], b80[16];

#define X87(n, insn)                                                                        \
    case n:                                                                                 \
        __asm__ volatile(                                                                   \
            "fninit\n fldt %[b]\n fldt %[a]\n fldcw %[cw]\n" insn                           \
            "\n pushfq\n popq %[fl]\n fxsave %[fx]\n fninit\n"                              \
            : [fx] "=m"(fx), [m] "+m"(mem), [fl] "=r"(eflags)                               \
            : [a] "m"(a80), [b] "m"(b80), [cw] "m"(cw)                                      \
            : "cc", "memory");                                                              \
        break;

static void x87(const struct record *q, struct record *r) {
    memcpy(a80, q->a, 16);
    memcpy(b80, q->b, 16);
    mem[0] = q->b[0];
    mem[1] = q->b[1];
    cw = q->control;
    switch (q->op) {
        X87(0x00, "fadd %%st(1),%%st")
        X87(0x01, "fmul %%st(1),%%st")
        X87(0x02, "fcom %%st(1)")
        X87(0x03, "fucom %%st(1)")
        X87(0x04, ".byte 0xd8,0xe1")
        X87(0x05, ".byte 0xd8,0xe9")
        X87(0x06, ".byte 0xd8,0xf1")
        X87(0x07, ".byte 0xd8,0xf9")
        X87(0x10, "fadds %[m]")
        X87(0x11, "fmuls %[m]")
        X87(0x12, "fcoms %[m]")
        X87(0x14, "fsubs %[m]")
        X87(0x15, "fsubrs %[m]")
        X87(0x16, "fdivs %[m]")
        X87(0x17, "fdivrs %[m]")
        X87(0x18, "faddl %[m]")
        X87(0x19, "fmull %[m]")
        X87(0x1a, "fcoml %[m]")
        X87(0x1c, "fsubl %[m]")
        X87(0x1d, "fsubrl %[m]")
        X87(0x1e, "fdivl %[m]")
        X87(0x1f, "fdivrl %[m]")
        X87(0x20, "fiaddl %[m]")
        X87(0x21, "fimull %[m]")
        X87(0x22, "ficoml %[m]")
        X87(0x24, "fisubl %[m]")
        X87(0x25, "fisubrl %[m]")
        X87(0x26, "fidivl %[m]")
        X87(0x27, "fidivrl %[m]")
        X87(0x30, "fsqrt")
        X87(0x31, "frndint")
        X87(0x32, "fscale")
        X87(0x33, "fxtract")
        X87(0x34, "fprem")
        X87(0x35, "fprem1")
        X87(0x36, "f2xm1")
        X87(0x37, "fyl2x")
        X87(0x38, "fyl2xp1")
        X87(0x39, "fptan")
        X87(0x3a, "fpatan")
        X87(0x3b, "fsin")
        X87(0x3c, "fcos")
        X87(0x3d, "fsincos")
        X87(0x3e, "fxam")
        X87(0x3f, "ftst")
        X87(0x40, "flds %[m]")
        X87(0x41, "fldl %[m]")
        X87(0x42, "filds %[m]")
        X87(0x43, "fildl %[m]")
        X87(0x44, "fildll %[m]")
        X87(0x45, "fbld %[m]")
        X87(0x48, "fstps %[m]")
        X87(0x49, "fstpl %[m]")
        X87(0x4a, "fistps %[m]")
        X87(0x4b, "fistpl %[m]")
        X87(0x4c, "fistpll %[m]")
        X87(0x4d, "fisttps %[m]")
        X87(0x4e, "fisttpl %[m]")
        X87(0x4f, "fisttpll %[m]")
        X87(0x50, "fbstp %[m]")
        X87(0x58, "fld1")
        X87(0x59, "fldl2t")
        X87(0x5a, "fldl2e")
        X87(0x5b, "fldpi")
        X87(0x5c, "fldlg2")
        X87(0x5d, "fldln2")
        X87(0x5e, "fldz")
        X87(0x60, "fcomi %%st(1),%%st")
        X87(0x61, "fucomi %%st(1),%%st")
        default:
            fprintf(stderr, "no operation %x\n", q->op);
            exit(2);
    }
    uint16_t status, tags;
    memcpy(&status, fx + 2, 2);
    tags = fx[4];
    r->op = status;
    r->control = tags << 16 | (eflags & 0xffff);
    if (q->op >= 0x48 && q->op <= 0x50) {
        r->a[0] = mem[0];
        r->a[1] = mem[1];
    } else {
        memcpy(r->a, fx + 32, 16);
        memcpy(r->b, fx + 48, 16);
    }
}

static volatile sig_atomic_t trapped;
static uint64_t resume_at;

static void on_trap(int signal, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    (void)signal, (void)info;
    trapped = 1;
    uc->uc_mcontext.gregs[REG_RIP] = resume_at;
}

#define SSE(n, insn)                                                                        \
    case n:                                                                                 \
        __asm__ volatile(                                                                   \
            "leaq 1f(%%rip),%%rcx\n movq %%rcx,%[resume]\n movups %[a],%%xmm1\n"            \
            "movups %[b],%%xmm2\n movq %[b],%%rax\n ldmxcsr %[in]\n" insn                   \
            "\n1: stmxcsr %[out]\n pushfq\n popq %%rcx\n movq %%rcx,%[fl]\n"                \
            "ldmxcsr %[plain]\n movups %%xmm1,%[r]\n movq %%rax,%[g]\n"                      \
            : [out] "=m"(mxcsr_out), [fl] "=m"(eflags), [r] "=m"(r->a), [g] "=m"(r->b[0]),  \
              [resume] "=m"(resume_at)                                                      \
            : [a] "m"(q->a), [b] "m"(q->b), [in] "m"(mxcsr_in), [plain] "m"(mxcsr_plain)    \
            : "rax", "rcx", "xmm1", "xmm2", "cc", "memory");                                \
        break;
#define PACKED(n, name)                       \
    SSE(n, #name "ps %%xmm2,%%xmm1")          \
    SSE(n + 1, #name "pd %%xmm2,%%xmm1")
#define COMPARE(n, p)                              \
    SSE(n, "cmpps $" #p ",%%xmm2,%%xmm1")          \
    SSE(n + 1, "cmppd $" #p ",%%xmm2,%%xmm1")
#define ROUND(n, c)                                 \
    SSE(n, "roundps $" #c ",%%xmm2,%%xmm1")         \
    SSE(n + 1, "roundpd $" #c ",%%xmm2,%%xmm1")

static void sse(const struct record *q, struct record *r) {
    static uint32_t mxcsr_in, mxcsr_out, mxcsr_plain = 0x1f80;
    mxcsr_in = q->control;
    trapped = 0;
    switch (q->op) {
        PACKED(0x100, add)
        PACKED(0x102, sub)
        PACKED(0x104, mul)
        PACKED(0x106, div)
        PACKED(0x108, sqrt)
        PACKED(0x10a, min)
        PACKED(0x10c, max)
        PACKED(0x10e, hadd)
        PACKED(0x110, hsub)
        PACKED(0x112, addsub)
        SSE(0x160, "dpps $0xff,%%xmm2,%%xmm1")
        SSE(0x161, "dpps $0x7f,%%xmm2,%%xmm1")
        SSE(0x162, "dpps $0x3f,%%xmm2,%%xmm1")
        SSE(0x163, "dpps $0x8f,%%xmm2,%%xmm1")
        SSE(0x164, "dpps $0xe5,%%xmm2,%%xmm1")
        SSE(0x165, "dppd $0x33,%%xmm2,%%xmm1")
        SSE(0x166, "dppd $0x13,%%xmm2,%%xmm1")
        SSE(0x167, "dppd $0x32,%%xmm2,%%xmm1")
        SSE(0x11e, "rcpps %%xmm2,%%xmm1")
        SSE(0x11f, "rsqrtps %%xmm2,%%xmm1")
        COMPARE(0x120, 0)
        COMPARE(0x122, 1)
        COMPARE(0x124, 2)
        COMPARE(0x126, 3)
        COMPARE(0x128, 4)
        COMPARE(0x12a, 5)
        COMPARE(0x12c, 6)
        COMPARE(0x12e, 7)
        SSE(0x130, "comiss %%xmm2,%%xmm1")
        SSE(0x131, "comisd %%xmm2,%%xmm1")
        SSE(0x132, "ucomiss %%xmm2,%%xmm1")
        SSE(0x133, "ucomisd %%xmm2,%%xmm1")
        SSE(0x138, "cvtsi2ssl %%eax,%%xmm1")
        SSE(0x139, "cvtsi2ssq %%rax,%%xmm1")
        SSE(0x13a, "cvtsi2sdl %%eax,%%xmm1")
        SSE(0x13b, "cvtsi2sdq %%rax,%%xmm1")
        SSE(0x13c, "cvtss2sil %%xmm2,%%eax")
        SSE(0x13d, "cvtss2siq %%xmm2,%%rax")
        SSE(0x13e, "cvtsd2sil %%xmm2,%%eax")
        SSE(0x13f, "cvtsd2siq %%xmm2,%%rax")
        SSE(0x140, "cvttss2sil %%xmm2,%%eax")
        SSE(0x141, "cvttss2siq %%xmm2,%%rax")
        SSE(0x142, "cvttsd2sil %%xmm2,%%eax")
        SSE(0x143, "cvttsd2siq %%xmm2,%%rax")
        SSE(0x144, "cvtps2pd %%xmm2,%%xmm1")
        SSE(0x145, "cvtpd2ps %%xmm2,%%xmm1")
        SSE(0x146, "cvtdq2ps %%xmm2,%%xmm1")
        SSE(0x147, "cvtps2dq %%xmm2,%%xmm1")
        SSE(0x148, "cvttps2dq %%xmm2,%%xmm1")
        SSE(0x149, "cvtpd2dq %%xmm2,%%xmm1")
        SSE(0x14a, "cvttpd2dq %%xmm2,%%xmm1")
        SSE(0x14b, "cvtdq2pd %%xmm2,%%xmm1")
        ROUND(0x150, 0)
        ROUND(0x152, 1)
        ROUND(0x154, 2)
        ROUND(0x156, 3)
        ROUND(0x158, 4)
        ROUND(0x15a, 9)
        ROUND(0x15c, 12)
        default:
            fprintf(stderr, "no operation %x\n", q->op);
            exit(2);
    }
    r->op = mxcsr_out;
    r->control = (uint32_t)trapped << 16 | (eflags & 0xffff);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
    if (!in || !out) {
        return 2;
    }
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGFPE, &action, NULL);
    struct record q, r;
    while (fread(&q, sizeof q, 1, in) == 1) {
        memset(&r, 0, sizeof r);
        if (q.op < 0x100) {
            x87(&q, &r);
        } else {
            sse(&q, &r);
        }
        fwrite(&r, sizeof r, 1, out);
    }
    return fclose(out) != 0;
}
