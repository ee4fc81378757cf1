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

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
    if (!in || !out) {
        return 2;
    }
    struct record q, r;
    while (fread(&q, sizeof q, 1, in) == 1) {
        memset(&r, 0, sizeof r);
        x87(&q, &r);
        fwrite(&r, sizeof r, 1, out);
    }
    return fclose(out) != 0;
}
