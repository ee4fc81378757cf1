/* CRC-32 with a table of 256 entries. */
#include "kernels.h"
static u32 table[256];
static u8 data[8192];

u64 kernel(u64 rounds) {
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    for (u32 i = 0; i < sizeof data; i++) data[i] = i * 7 + (i >> 3);
    u32 crc = ~0u;
    for (u64 round = 0; round < rounds; round++)
        for (u32 i = 0; i < sizeof data; i++) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
    return ~crc;
}
