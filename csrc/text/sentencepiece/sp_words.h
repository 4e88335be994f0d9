/* Words of texts as they are given, looked up before they are prepared. With most models the normalized text is that of
 * its words one behind the other, a U+2581 before each, and no piece spans two of them; then a word that was seen
 * before needs neither rules nor a model.
 *
 *     "the  quick fox"     text
 *      the  quick fox      keys of the cache
 *      [34] [12 7][91]     ids; for Unigram also up to which sum of scores before the word they hold
 *
 * Words of several texts are on their way at once, so that the cache's lines are there when they are needed. */
#ifndef FS_TEXT_SP_WORDS_H
#define FS_TEXT_SP_WORDS_H

#include "text/normalize/aligned.h"
#include "sp_file.h"
#include "text/lookup/word_note.h"

#define FS_SP_WORDS 64     /* on their way */
#define FS_SP_ENDS 4096    /* bytes of the ends of texts, copied so that they can be read beyond */
#define FS_SP_RUNS (4 * FS_SP_WORDS)

/* One unknown id that stands for several characters. */
typedef struct fs_sp_run {
    int32_t place; /* of its word's first id in the text */
    int32_t count;
} fs_sp_run;

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
    float sum;            /* of the scores of the text's ids, the first `summed` of them: few words ask for the rest */
    float largest;        /* absolute value of a score, and a little more; 0: no sums */
    int32_t summed;
    int32_t run_count, run_more; /* among those that are not summed yet, and characters that these stand for */
    int whole;
    int32_t count, copied; /* of words and ends */
    fs_noted_word words[FS_SP_WORDS]; /* text NULL: a text ends here */
    fs_sp_run runs[FS_SP_RUNS];
    uint8_t ends[FS_SP_ENDS];
} fs_sp_words;

/* The fields before sums are set, the model is by_words. */
fs_status fs_sp_words_open(fs_sp_words *w);
fs_status fs_sp_words_add(fs_sp_words *w, fs_text text); /* which stays there until closing */
fs_status fs_sp_words_close(fs_sp_words *w);

#endif
