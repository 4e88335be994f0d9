/* Between sp_words.c, which goes from word to word, and sp_words_new.c, for those that are not known. */
#ifndef FS_TEXT_SP_WORDS_NEW_H
#define FS_TEXT_SP_WORDS_NEW_H

#include "sp_words.h"

#define FS_SP_WORD_MARGIN 16 /* bytes that may be read behind a window, and behind a word that was prepared */

/* What no absolute value of the sum before out is above. */
FS_INLINE float fs_sp_bound(const fs_sp_words *w, const int32_t *out) {
    return fabsf(w->sum) + w->largest * (float)(int32_t)(out - w->first - w->summed + w->run_more);
}

/* Adds up all ids so far: the sum is the one that the search has, in its order. */
void fs_sp_add_up(fs_sp_words *w);

/* Whether ids that hold up to a sum before them hold behind this one. */
FS_INLINE int fs_sp_in_reach(fs_sp_words *w, float reach) {
    if (fs_sp_bound(w, w->out) <= reach) return 1;
    fs_sp_add_up(w);
    return fabsf(w->sum) <= reach;
}

/* What was kept of a longer word: [note][ids], or where the note does not tell what is unknown [note][how many are summed]
 * [what is summed][ids]. */
fs_status fs_sp_put_kept(fs_sp_words *w, const int32_t *kept, int32_t n);

/* A word that is not known, or not behind this sum. */
fs_status fs_sp_encode_anew(fs_sp_words *w, const fs_noted_word *word, int known);

#endif
