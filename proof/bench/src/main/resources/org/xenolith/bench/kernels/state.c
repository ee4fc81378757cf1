/* A state machine over text: counts words, numbers and quoted strings. */
#include "kernels.h"
#define N 16384
static u8 text[N];

u64 kernel(u64 rounds) {
    static const u8 alphabet[] = "abc de12 \"x 9\n\"fgh  ij_3";
    u32 seed = 7;
    for (u32 i = 0; i < N; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
    }
    u64 words = 0, numbers = 0, strings = 0;
    for (u64 round = 0; round < rounds; round++) {
        enum { SPACE, WORD, NUMBER, STRING } state = SPACE;
        for (u32 i = 0; i < N; i++) {
            u8 c = text[i];
            switch (state) {
            case SPACE:
                if (c >= 'a' && c <= 'z') { state = WORD; words++; }
                else if (c >= '0' && c <= '9') { state = NUMBER; numbers++; }
                else if (c == '"') { state = STRING; strings++; }
                break;
            case WORD:
                if (c == ' ' || c == '\n') state = SPACE;
                else if (c == '"') { state = STRING; strings++; }
                break;
            case NUMBER:
                if (c < '0' || c > '9') state = c >= 'a' && c <= 'z' ? WORD : SPACE;
                break;
            case STRING:
                if (c == '"' || c == '\n') state = SPACE;
                break;
            }
        }
    }
    return words * 1000003 + numbers * 1009 + strings;
}
