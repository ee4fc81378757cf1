#include "kernels.h"

#ifdef NATIVE
#include <stdio.h>

int main(void) {
    setvbuf(stdout, 0, _IONBF, 0);
    putchar('<');
    kernel(ROUNDS);
    putchar('|');
    printf("%016lx>", kernel(ROUNDS));
    getchar();
    return 0;
}
#else
static void out(u8 byte) {
    __asm__ volatile("outb %0, %1" : : "a"(byte), "Nd"((unsigned short)0xE9));
}

void *memcpy(void *to, const void *from, u64 bytes) {
    void *target = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return target;
}

void *memset(void *to, int value, u64 bytes) {
    void *target = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
    return target;
}

int guest_main(void) {
    out('<');
    kernel(ROUNDS);
    out('|');
    u64 sum = kernel(ROUNDS);
    for (int digit = 60; digit >= 0; digit -= 4)
        out("0123456789abcdef"[sum >> digit & 15]);
    out('>');
    return 0;
}
#endif
