/* Texts to ids, a batch in one call.
 *
 * A batch is worked on in blocks of about equal bytes: texts, or parts of a long one (parts.h). Each block fills buffers
 * of its own, so threads share nothing, and the results are put together in order. */
#ifndef FS_TEXT_ENCODE_H
#define FS_TEXT_ENCODE_H

#include "base/parallel.h"
#include "text/words/split.h"
#include "text/words/text_map.h"
#include "vocab.h"

typedef enum fs_unknown { /* what becomes of a piece that the vocabulary lacks */
    FS_UNKNOWN_ERROR,     /* FS_ERR_UNKNOWN_TOKEN */
    FS_UNKNOWN_MAP,       /* unknown_id */
    FS_UNKNOWN_DROP
} fs_unknown;

typedef struct fs_encoder {
    const fs_vocab *vocab; /* NULL: pieces only, none unknown */
    fs_map_rules map;
    fs_split_rule split;
    int punctuation; /* see fs_splitter */
    fs_unknown unknown;
    int32_t unknown_id;
    int allow_special; /* a piece spelled like a special token is that token; otherwise it is unknown */
    const int32_t *prepend, *append; /* put around every text */
    int32_t prepend_count, append_count;
} fs_encoder;

enum { /* what fs_encode_batch gives besides how many tokens each text has */
    FS_WANT_IDS = 1,
    FS_WANT_CHARACTER_SPANS = 2,
    FS_WANT_BYTE_SPANS = 4,
    FS_WANT_WORD_SPANS = 128, /* in words: the pieces of a text that are encoded each by itself, added tokens among them */
    FS_WANT_SPANS = FS_WANT_CHARACTER_SPANS | FS_WANT_BYTE_SPANS | FS_WANT_WORD_SPANS,
    FS_WANT_PIECES = 8, /* the pieces as they are looked up */
    FS_WANT_BARE = 16,  /* without prepend and append */
    FS_WANT_NO_HEAD = 32, /* the text goes on from another: nothing is put before it, it begins no text, */
    FS_WANT_NO_TAIL = 64  /* or another goes on from it: nothing is put behind it */
};

typedef struct fs_text_block {
    int64_t begin, end; /* texts */
    int32_t from, to;   /* of a part: bytes of the text `begin`; to 0: whole texts */
    int64_t tokens;     /* of a part */
    size_t place;       /* bytes of results before its own, while they are put together */
    int32_t before;     /* of a part: where it begins in its text, in the unit of its spans */
    fs_buffer ids;      /* int32_t [tokens] */
    fs_buffer spans;    /* int32_t [tokens][2]: begin and end in the original text */
    fs_buffer pieces;   /* their bytes, one behind the other */
    fs_buffer ends;     /* int64_t [tokens]: where each piece ends in `pieces` */
    fs_map_scratch scratch;
    struct fs_bpe_cache *cache; /* of `pool`: what a job took for its texts, given back with the block's last one */
    struct fs_cache_pool *pool;
    fs_status status;
    fs_error error;
} fs_text_block;

typedef struct fs_encoded {
    int64_t count;    /* texts */
    int64_t *offsets; /* [count + 1], of tokens */
    fs_text_block *blocks;
    int64_t block_count;
    fs_buffer kept;   /* which has the blocks */
    int threads;      /* that made them */
} fs_encoded;

/* What a job works with: an encoder of its kind, and what the caller of this one call chose. */
typedef struct fs_text_call fs_text_call;

/* All texts of a block in one call, when none is cut off; tokens[i] is how many the i-th text of all has. */
typedef fs_status (*fs_block_job)(const fs_text_call *call, const fs_text *texts, unsigned want, fs_text_block *block,
                                  int64_t *tokens);

/* The first place behind `at` where ids and spans of what is before it, encoded with FS_WANT_NO_TAIL, and of what is
 * behind it, with FS_WANT_NO_HEAD, are those of the whole text if no marker reaches over it; the text's size: none. */
typedef int32_t (*fs_part_cut)(const fs_text_call *call, fs_text text, unsigned want, int32_t at);

struct fs_text_call {
    void *encoder; /* shared by all threads */
    fs_part_cut cut; /* NULL: a text is never cut in parts */
    const struct fs_markers *markers; /* that are found in the text as it is given; their modes come first. NULL: none */
    int64_t part;         /* bytes of a part at least; 0: as parts.h has it */
    int alone;            /* there is one text, which is in no batch */
    fs_block_job together; /* the same as the job, quicker; NULL: text by text */
    const uint8_t *modes; /* fs_marker_mode (markers.h) of each added token; NULL: all are text */
    int64_t most;         /* tokens of a text with those around it: the rest of the text's own is cut off; -1: all */
    int from_left;        /* it is cut off at the start */
    int32_t before, behind; /* tokens that are put around a text */
};

/* How one text is encoded, by any kind of encoder. `place`: the text's in its batch, -1 when it is alone; then
 * *block is as fs_text_block_begin leaves it. *tokens takes how many there are. Errors go to block->error. A text of
 * more than FS_TEXT_MAX bytes is refused. */
typedef fs_status (*fs_text_job)(const fs_text_call *call, fs_text text, int64_t place, unsigned want,
                                 fs_text_block *block, int64_t *tokens);

/* The job of one text as the call asks for it: run, then cut off. */
fs_status fs_encode_text(fs_text_job job, const fs_text_call *call, fs_text text, int64_t place, unsigned want,
                         fs_text_block *block, int64_t *tokens);

/* texts (count) of valid UTF-8. On failure *out is empty; the error is the first text's at fault. Free it
 * either way. */
fs_status fs_encode_batch(fs_text_job job, const fs_text_call *call, const fs_text *texts, int64_t count, unsigned want,
                          fs_run *run, fs_encoded *out, fs_error *err);
void fs_encoded_free(fs_encoded *out);
void fs_text_block_begin(fs_text_block *block); /* for one text: all but the error is zero */
void fs_text_block_free(fs_text_block *block);

/* The cache of a block, of a pool; taken on the first call, for texts of so many bytes. */
fs_status fs_text_block_cache(fs_text_block *block, struct fs_cache_pool *pool, size_t bytes);

/* The job of an fs_encoder. */
fs_status fs_rule_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                      int64_t *tokens);

/* Its fs_part_cut. */
int32_t fs_rule_cut(const fs_text_call *call, fs_text text, unsigned want, int32_t at);

/* What was made goes to arrays of the caller's; each block is given up once it is copied, so that the ids are
 * not held twice. */
void fs_encoded_ids(fs_encoded *e, int32_t *ids);     /* [offsets[count]] */
void fs_encoded_spans(fs_encoded *e, int32_t *spans); /* [offsets[count]][2] */

/* All ids without a copy, where one buffer holds them, as it does after one thread's work; else `ids` stays as it is. */
void fs_encoded_take_ids(fs_encoded *e, fs_buffer *ids);

/* "texts[3]" in a batch, "text" for one alone (-1). */
void fs_name_text(int64_t text, char *name, size_t size);

#endif
