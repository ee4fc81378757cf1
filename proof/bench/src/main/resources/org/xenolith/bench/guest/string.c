/* memcpy and memset as the string instructions that a kernel uses for them. */
#include "../kernels/kernels.h"

void *string_memcpy(void *to, const void *from, u64 bytes) {
    void *target = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return target;
}

void *string_memset(void *to, int value, u64 bytes) {
    void *target = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
    return target;
}
