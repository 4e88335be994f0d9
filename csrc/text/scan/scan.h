/* Pre-tokenization: a text cut into the pieces that are encoded each by itself.
 *
 * A published tokenizer names a regular expression for this. Those of the well-known families are compiled by
 * hand here, a scanner a shape:
 *
 *     scan_gpt2.c      words, numbers and signs, each with a space before it
 *     scan_cl100k.c    words with any one sign before them, digits in groups, signs with the newlines behind
 *     scan_o200k.c     the same with words cut where upper case begins, and contractions left on them
 *     scan_deepseek.c  ideographs and digits cut out first
 *
 * None of the patterns looks back, so the pieces from a piece's start on do not depend on what is before it:
 * a scanner is a function from a place where a piece starts to the place where it ends. That is all a shape
 * must give (fs_scan_next). Where an instruction set allows, 64 characters are cut at once into the same
 * pieces (body/scan_window.inc), and what those do not decide is asked of fs_scan_next. */
#ifndef FS_TEXT_SCAN_H
#define FS_TEXT_SCAN_H

#include "base/cpu.h"
#include "text/unicode/classes.h"

typedef enum fs_scan_rule {
    FS_SCAN_WHOLE,    /* no cut */
    FS_SCAN_GPT2,     /* gpt2, r50k, p50k */
    FS_SCAN_SMOLLM,   /* digits one by one, then gpt2: SmolLM, StarCoder */
    FS_SCAN_CL100K,   /* as tiktoken has it: white space that ends the text is one piece */
    FS_SCAN_LLAMA3,   /* the older way of writing it: not so */
    FS_SCAN_QWEN2,    /* llama3, digits one by one */
    FS_SCAN_O200K,
    FS_SCAN_TEKKEN,   /* o200k without contractions, digits one by one */
    FS_SCAN_DEEPSEEK, /* DeepSeek V3, R1 */
    FS_SCAN_COUNT
} fs_scan_rule;

/* Where the piece that starts at `at` < size ends. text: valid UTF-8. */
int32_t fs_scan_next(fs_scan_rule rule, const uint8_t *text, int32_t size, int32_t at);

#define FS_SCAN_ROOM 72 /* ends that a window may need room for */

/* Cuts on from *at, where a piece starts: ends (max >= FS_SCAN_ROOM) takes where each piece ends, *at moves to
 * the last of them. Gives how many; 0 only at the end of the text. At most `max`; ends behind what is given
 * are overwritten. */
typedef int32_t (*fs_scan)(fs_scan_rule rule, const uint8_t *text, int32_t size, int32_t *at, int32_t *ends,
                           int32_t max);

fs_scan fs_scan_for(fs_isa isa); /* the best of what `isa` allows */

/* One an instruction set. */
int32_t fs_scan_portable(fs_scan_rule rule, const uint8_t *text, int32_t size, int32_t *at, int32_t *ends, int32_t max);
#if FS_ARCH_X86_64
int32_t fs_scan_avx2(fs_scan_rule rule, const uint8_t *text, int32_t size, int32_t *at, int32_t *ends, int32_t max);
int32_t fs_scan_avx512(fs_scan_rule rule, const uint8_t *text, int32_t size, int32_t *at, int32_t *ends, int32_t max);
#endif

/* Bytes of the contraction that an apostrophe at `at` begins ('s 'd 'm 't 'll 've 're); 0: none. Ignoring case
 * takes U+017F, the long s, for an s. */
int32_t fs_scan_contraction(const uint8_t *text, int32_t size, int32_t at, int ignore_case);

#endif
