/* Normalizers, as tokenizer.json has them: a text goes through steps, one after another, before it is cut. Each
 * does what the tokenizers library does in a step of that name, of that library's versions of Unicode. */
#ifndef FS_TEXT_NORMALIZE_H
#define FS_TEXT_NORMALIZE_H

#include "aligned.h"
#include "charsmap.h"

typedef enum fs_normalize_kind {
    FS_NORMALIZE_NFC, /* the first four as in fs_form */
    FS_NORMALIZE_NFD,
    FS_NORMALIZE_NFKC,
    FS_NORMALIZE_NFKD,
    FS_NORMALIZE_LOWERCASE,     /* a character at a time: no final sigma */
    FS_NORMALIZE_STRIP_ACCENTS, /* leaves out all marks (M*) */
    FS_NORMALIZE_BERT,
    FS_NORMALIZE_NMT,
    FS_NORMALIZE_BYTE_LEVEL, /* each byte becomes a character of GPT-2's alphabet */
    FS_NORMALIZE_STRIP,      /* white space at the ends */
    FS_NORMALIZE_PREPEND,    /* `content` goes before a text that is not empty */
    FS_NORMALIZE_REPLACE,    /* each `pattern` by `content`, from left to right */
    FS_NORMALIZE_RUNS,       /* each run of at least `least` of FS_NORMALIZE_RUN_... by `content` */
    FS_NORMALIZE_PRECOMPILED,
    FS_NORMALIZE_KIND_COUNT
} fs_normalize_kind;

/* fs_normalize_step.options: of BERT, in the order in which they are done; of STRIP; of RUNS, one of them */
enum {
    FS_NORMALIZE_CLEAN = 1, /* controls out, white space becomes U+0020 */
    FS_NORMALIZE_SPACED_IDEOGRAPHS = 2,
    FS_NORMALIZE_NO_ACCENTS = 4, /* NFD, nonspacing marks out */
    FS_NORMALIZE_LOWER = 8,
    FS_NORMALIZE_LEFT = 1,
    FS_NORMALIZE_RIGHT = 2,
    FS_NORMALIZE_RUN_SPACES = 1,     /* of U+0020 */
    FS_NORMALIZE_RUN_WHITE_SPACE = 2 /* of White_Space, "\s" */
};

typedef struct fs_normalize_step {
    fs_normalize_kind kind;
    unsigned options;
    int32_t least;
    fs_buffer pattern, content; /* UTF-8 */
    fs_buffer falls; /* int32_t: of REPLACE, where in the pattern a failed match goes on */
    fs_charsmap map;
} fs_normalize_step;

/* Never changed once its steps are there: any number of threads may use one, each with a scratch of its own. A
 * zero-filled one has no steps. */
typedef struct fs_normalizer {
    fs_buffer steps; /* fs_normalize_step */
} fs_normalizer;

/* Adds a step; pattern, content and file (of the character map) are copied, and empty where the kind has none. */
fs_status fs_normalizer_add(fs_normalizer *n, fs_normalize_kind kind, unsigned options, int32_t least, fs_text pattern,
                            fs_text content, fs_error *err);
void fs_normalizer_free(fs_normalizer *n);

/* Whether what comes behind white space, or a sign above ASCII behind a letter, becomes what it does whatever is before
 * it, and the other way round, and each stays of its kind: by canonical forms and lower-casing alone. */
int fs_normalizer_parts(const fs_normalizer *n);

/* Whether a step takes something from the ends of a text. */
int fs_normalizer_strips(const fs_normalizer *n);

/* A text behind its normalizer. */
typedef struct fs_normalized {
    const uint8_t *data;
    int32_t size;
    int unchanged;        /* data is the text that was given */
    const int32_t *begin; /* [size] NULL when unchanged, or when nobody asked: which bytes of the text as it was */
    const int32_t *end;   /* [size] given the character comes from that a byte belongs to. What was composed covers
                           * all that it was composed of; what was added is at an empty place. */
} fs_normalized;

/* Zero-filled at first; kept from text to text, so that nothing is allocated any more. */
typedef struct fs_normalize_scratch {
    fs_aligned texts[2];
    fs_buffer segment, sorted;
} fs_normalize_scratch;

/* text: valid UTF-8 of at most FS_TEXT_MAX bytes. *out borrows from the text or from the scratch. Fails when the
 * text becomes too long. */
fs_status fs_normalize(const fs_normalizer *n, fs_text text, int want_spans, fs_normalize_scratch *s, fs_normalized *out,
                       fs_error *err);
void fs_normalize_scratch_free(fs_normalize_scratch *s);

#endif
