/* Every kernel works through `rounds` rounds and answers a checksum. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

u64 kernel(u64 rounds);

void *memcpy(void *to, const void *from, u64 bytes);
void *memset(void *to, int value, u64 bytes);
