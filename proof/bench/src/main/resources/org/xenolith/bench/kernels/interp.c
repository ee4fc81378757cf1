/* An interpreter of byte codes; its program adds up numbers with a loop and a branch. */
#include "kernels.h"
enum { PUSH, LOAD, STORE, ADD, SUB, LESS, JUMP, JZ, AND, HALT };

static const u8 program[] = {
    PUSH, 0, STORE, 0, PUSH, 0, STORE, 1,
    LOAD, 1, LOAD, 2, LESS, JZ, 39,
    LOAD, 1, PUSH, 1, AND, JZ, 30,
    LOAD, 0, LOAD, 1, ADD, STORE, 0,
    JUMP + 0, 31,
    LOAD, 1, PUSH, 1, ADD, STORE, 1, JUMP, 8,
    HALT};

static __attribute__((noinline)) u64 run(const u8 *code, u64 limit) {
    u64 stack[16], locals[4] = {0, 0, limit, 0};
    u64 *sp = stack;
    const u8 *pc = code;
    for (;;) {
        switch (*pc++) {
        case PUSH: *sp++ = *pc++; break;
        case LOAD: *sp++ = locals[*pc++]; break;
        case STORE: locals[*pc++] = *--sp; break;
        case ADD: sp--; sp[-1] += sp[0]; break;
        case SUB: sp--; sp[-1] -= sp[0]; break;
        case LESS: sp--; sp[-1] = sp[-1] < sp[0]; break;
        case JUMP: pc = code + *pc; break;
        case JZ: pc = *--sp ? pc + 1 : code + *pc; break;
        case AND: sp--; sp[-1] &= sp[0]; break;
        case HALT: return locals[0];
        }
    }
}

u64 kernel(u64 rounds) {
    u64 sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        u8 copy[sizeof program];
        for (u32 i = 0; i < sizeof program; i++) copy[i] = program[i];
        copy[29] = JUMP;
        copy[21] = 31;
        sum += run(copy, 10000);
    }
    return sum;
}
