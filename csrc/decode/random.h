/* Random numbers that are a function of a counter: whoever asks for the same place of the same stream gets the same number,
 * whatever was asked before. */
#ifndef FS_DECODE_RANDOM_H
#define FS_DECODE_RANDOM_H

#include "../base/portable.h"

/* Philox 4x32 of 10 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). */
void fs_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Number `place` of stream `stream` of `seed`, in [0, 1), of 53 random bits. */
double fs_random(uint64_t seed, uint32_t stream, uint64_t place);

#endif
