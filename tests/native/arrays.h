/* Arrays that end where memory ends, so that one element too far is seen, and random numbers to fill them. */
#ifndef FS_TESTS_ARRAYS_H
#define FS_TESTS_ARRAYS_H

#include <stdint.h>
#include <stdlib.h>

#if !defined(_WIN32)
#include <sys/mman.h>
#endif

/* `bytes` that end at a page that may not be touched, where the system can do that; never freed */
static void *guarded(size_t bytes) {
#if defined(_WIN32)
    return malloc(bytes);
#else
    const size_t page = 16384;
    const size_t room = (bytes + page - 1) / page * page;
    unsigned char *p = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (p == MAP_FAILED || mprotect(p + room, page, PROT_NONE)) abort();
    return p + room - bytes;
#endif
}

static uint32_t random_state = 7;

/* 24 bits */
static uint32_t random_word(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

/* In [-1, 1) */
static float random_float(void) { return (float)random_word() / 8388608.0f - 1.0f; }

#endif
