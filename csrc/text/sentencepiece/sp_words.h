/* Words of texts as they are given, looked up before they are prepared. With most models the normalized text is that of
 * its words one behind the other, a U+2581 before each, and no piece spans two of them; then a word that was seen
 * before needs neither rules nor a model.
 *
 *     "the  quick fox"           a text
 *     the  quick fox \xFF the    staged: texts one behind the other, so that short ones cost no more than long ones;
 *                                no text has the byte that ends one
 *     the / quick / fox          keys of the cache
 *     [34] [12 7][91]            ids; for Unigram also up to which sum of scores before the word they hold
 *
 * All staged words go through each step before the next step begins: they are cut, their lines of the cache are asked for
 * (sp_words_cut.c), looked up, those that are new are encoded, and the ids are written (sp_words.c). So few steps depend
 * on a guess what kind of word comes next. */
#ifndef FS_TEXT_SP_WORDS_H
#define FS_TEXT_SP_WORDS_H

#include "text/normalize/aligned.h"
#include "sp_file.h"
#include "text/lookup/word_note.h"

#define FS_SP_STAGED 1024 /* bytes of texts that are worked on together */
#define FS_SP_STAGED_MARGIN 64 /* that may be read behind them */
#define FS_SP_WORDS (FS_SP_STAGED / 2)
#define FS_SP_WORDS_SPARE 8 /* that are written beyond the last */

/* What was found of a word, which a text ends or goes on behind. */
typedef struct fs_sp_found {
    int32_t few[FS_CACHED_IDS + 1]; /* its first ids */
    int32_t note;  /* FS_CACHED_ELSEWHERE: not so simple */
    int32_t count; /* of ids */
    uint32_t from; /* where in the cache's store they are, if there are more than those */
} fs_sp_found;

typedef struct fs_sp_words {
    const fs_sp_model *m;
    fs_bpe_cache *cache;
    fs_aligned *prepared; /* scratch: a word as the rules leave it; no places */
    fs_buffer *found;     /* scratch: what the model makes of it */
    fs_buffer *ids;       /* int32_t: appended to */
    fs_error *err;
    /* Called behind the last id of each text, which may add others; `whole`: none was added, since this text is an
     * exception, which has a U+2581 itself. */
    fs_status (*ended)(void *ctx, int whole);
    void *ctx;
    const float *sums;    /* of Unigram by id + 2: what each adds to the sum */
    int32_t *out, *first; /* where the next id goes; the text's first one */
    int32_t *end;         /* of the room for ids */
    float sum;            /* of the scores of the text's first ids, `summed` of them, which are those before `summed_word`: few
                           * words ask for the rest */
    int32_t summed, summed_word;
    float largest;        /* absolute value of a score, and a little more; 0: no sums */
    float ahead;          /* no less than what all words add to the absolute value of the sum */
    int whole;
    int32_t staged;            /* bytes */
    int32_t count, text_count; /* of words, and of texts that end behind some of them */
    uint32_t emptied;          /* how often the store was when they were looked up */
    int32_t text_ends[FS_SP_WORDS + FS_SP_WORDS_SPARE];
    fs_noted_word words[FS_SP_WORDS + FS_SP_WORDS_SPARE];
    fs_sp_found have[FS_SP_WORDS];
    uint8_t stage[FS_SP_STAGED + FS_SP_STAGED_MARGIN];
} fs_sp_words;

/* The fields before sums are set, the model is by_words. */
fs_status fs_sp_words_open(fs_sp_words *w);
fs_status fs_sp_words_add(fs_sp_words *w, fs_text text); /* which stays there until closing */
fs_status fs_sp_words_close(fs_sp_words *w);

#endif
