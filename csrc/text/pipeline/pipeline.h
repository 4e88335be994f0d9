/* tokenizer.json as a whole: texts to ids in the order of the tokenizers library.
 *
 *     text   "Hi <s>THERE, you"
 *       | added tokens of the text as it is given          (markers.h)
 *     stretches   "Hi ", <s>, "THERE, you"
 *       | normalizer, with places in the stretch           (normalize.h)
 *     "there, you"
 *       | added tokens of normalized text                  (markers.h)
 *       | cutter: the pieces of a part without such a token  (cut.h)
 *     "there" "," "you"
 *       | cache, and on a miss the model                   (piece_lookup.h, subword.h)
 *     ids, with those put around a text
 *
 * Where what a word becomes depends on its own bytes alone, words of the text as it is given are looked up before
 * anything else is done to them (fs_pipeline_local); places are always found the whole way. */
#ifndef FS_TEXT_PIPELINE_H
#define FS_TEXT_PIPELINE_H

#include "text/normalize/aligned_spans.h"
#include "text/cut/cut.h"
#include "text/encode.h"
#include "text/markers.h"
#include "text/normalize/normalize.h"
#include "text/lookup/piece_lookup.h"
#include "subword.h"

typedef enum fs_pipeline_local { /* where a text may be cut before it is normalized */
    FS_LOCAL_NONE,
    FS_LOCAL_WORDS, /* at ASCII white space, which is in no token */
    FS_LOCAL_SIGNS, /* also around each sign of ASCII */
    FS_LOCAL_WIDE,  /* also around all punctuation, and the ideographs of U+4E00 to U+9FFF */
    FS_LOCAL_LED,   /* before runs of U+0020, which belong to the word behind */
    FS_LOCAL_COUNT
} fs_pipeline_local;

typedef struct fs_pipeline {
    fs_markers given;      /* added tokens found in the text as it is given, */
    fs_markers normalized; /* and in the normalized one: their modes are behind those of the others */
    const fs_normalizer *normalizer; /* borrowed; NULL: none */
    fs_buffer lead; /* what the normalizer begins by putting before a stretch */
    fs_cutter cutter;
    fs_subword model;
    fs_pipeline_local local;
    fs_hash_key key;
    fs_buffer prepend, append; /* int32_t: ids around every text */
    fs_cache_pool caches;
    fs_atomic workers[FS_POOLED]; /* fs_pipeline_worker * that nobody uses now; 0: none */
} fs_pipeline;

/* What one thread works with: kept from text to text, and from call to call. */
typedef struct fs_pipeline_worker {
    fs_bpe_cache *pieces, *words, *inner; /* when they are needed */
    fs_normalize_scratch normal;
    fs_cut_scratch cut;
    fs_aligned led, same; /* a stretch behind its lead; places of one that is not changed */
    fs_buffer chunks;     /* fs_piece_span */
    fs_buffer ends;       /* int32_t */
} fs_pipeline_worker;

void fs_pipeline_free(fs_pipeline *e);

/* The job of an fs_pipeline. Of `want` it knows all but FS_WANT_PIECES. */
fs_status fs_pipeline_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                          int64_t *tokens);

/* Its fs_part_cut: where words of the text can be looked up. */
int32_t fs_pipeline_cut(const fs_text_call *call, fs_text text, unsigned want, int32_t at);

/* Of fs_pipeline_job: a text on its way. */
typedef struct fs_pipeline_route {
    fs_pipeline *e;
    fs_pipeline_worker *w;
    const uint8_t *modes; /* NULL: no added tokens */
    fs_text text;
    unsigned want;
    fs_text_block *block;
    fs_place_counter counters[2];
    int32_t word; /* how many words there were */
    int new_word; /* what is encoded is a word that was looked up: its pieces are not */
} fs_pipeline_route;

/* One of the worker's caches; NULL: no memory. */
fs_bpe_cache *fs_pipeline_cache(fs_pipeline *e, fs_bpe_cache **cache);

/* The ids, and spans where they are wanted, of the stretch [begin, end) of the text. `first`: it begins where a
 * stretch does, which its lead and its prefix ask. */
fs_status fs_pipeline_stretch(fs_pipeline_route *r, int32_t begin, int32_t end, int first);

/* The same by looking up words of the text as it is given. */
fs_status fs_pipeline_words(fs_pipeline_route *r, int32_t begin, int32_t end);

/* The span of a token of the word that is the last one. */
fs_status fs_pipeline_add_word(fs_pipeline_route *r);

/* An added token at [begin, end) of the text. */
fs_status fs_pipeline_put(fs_pipeline_route *r, int32_t id, int32_t begin, int32_t end);

#endif
