/* Between sp_words.c, which goes through all words, sp_words_cut.c and sp_words_new.c, for those that are not known. */
#ifndef FS_TEXT_SP_WORDS_NEW_H
#define FS_TEXT_SP_WORDS_NEW_H

#include "sp_words.h"

#define FS_SP_WORD_MARGIN 16 /* bytes that may be read behind a word that was prepared */
#define FS_SP_TEXT_END 0xFF  /* stands behind a staged text, between spaces */

/* The words of what is staged, and where texts end among them; their lines of the cache are on the way. */
void fs_sp_words_cut(fs_sp_words *w);

/* A word that is not known is kept. Not of those that are too long to be, nor of what makes a text an exception. */
fs_status fs_sp_learn(fs_sp_words *w, const fs_noted_word *word);

/* What would be kept of a word behind a sum, in w->found; *sum is then the one behind it. w->whole: it makes the text an
 * exception.
 *     [note][ids]    or where the note does not tell what is unknown
 *     [note][how many are summed][what is summed][ids] */
fs_status fs_sp_search_behind(fs_sp_words *w, const fs_noted_word *word, double *sum);

#endif
