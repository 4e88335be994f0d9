/* The pre-tokenizers of tokenizer.json: a stretch of normalized text goes through steps, each of which cuts the pieces
 * that it is given, or writes them anew.
 *
 *     "Hey, you"   --spaces, removed-->   Hey,|you   --signs, isolated-->   Hey|,|you
 *     "Hey, you"   --replace " " by "▁", prefix "▁"-->   ▁Hey,▁you   --at "▁", merged with next-->   ▁Hey,|▁you
 *
 * Pieces are [begin, end) of one text; a step that writes them anew makes a new text of them. With `tracked` each
 * byte keeps where in the stretch it comes from. */
#ifndef FS_TEXT_CUT_H
#define FS_TEXT_CUT_H

#include "text/normalize/aligned.h"
#include "text/outside.h"
#include "text/scan/scan.h"

typedef enum fs_cut_kind {
    /* what is matched; what lies between two matches is a piece, too */
    FS_CUT_SPACES,  /* each White_Space character */
    FS_CUT_SIGNS,   /* each of punctuation */
    FS_CUT_NUMBERS, /* each of N* */
    FS_CUT_WORDS,   /* the longest runs of \w, and of what is neither that nor white space */
    FS_CUT_TEXT,    /* each `text` */
    FS_CUT_RUN,     /* the longest runs of `text` */
    FS_CUT_PATTERN, /* a scanner's pieces, which are all of the text */
    FS_CUT_LENGTH,  /* `length` characters each */
    FS_CUT_OUTSIDE, /* what `outside` finds; an empty match is a cut */
    /* what is written anew */
    FS_CUT_REPLACE_SPACES, /* each U+0020 by `text` */
    FS_CUT_PREFIX,         /* `text` before each piece that does not begin with it */
    FS_CUT_FIRST_PREFIX,   /* the same of the piece alone that begins the whole text */
    FS_CUT_ALPHABET,       /* each byte by its character of GPT-2's alphabet */
    FS_CUT_KIND_COUNT
} fs_cut_kind;

typedef enum fs_cut_behavior { /* what becomes of matches */
    FS_CUT_REMOVED,
    FS_CUT_ISOLATED,
    FS_CUT_MERGED_WITH_PREVIOUS,
    FS_CUT_MERGED_WITH_NEXT,
    FS_CUT_CONTIGUOUS, /* matches in a row are one piece */
    FS_CUT_BEHAVIOR_COUNT
} fs_cut_behavior;

typedef struct fs_cut_step {
    fs_cut_kind kind;
    fs_cut_behavior behavior;
    int invert; /* what is between matches counts as the match */
    fs_scan_rule rule;
    int32_t length;
    fs_outside outside;
    fs_buffer text; /* UTF-8; not empty where the kind has one */
} fs_cut_step;

/* Never changed once its steps are there. A zero-filled one has none. */
typedef struct fs_cutter {
    fs_buffer steps; /* fs_cut_step */
} fs_cutter;

fs_status fs_cutter_add(fs_cutter *c, const fs_cut_step *step, fs_text text, fs_error *err); /* text is copied */
void fs_cutter_free(fs_cutter *c);

/* Whether what becomes of a text depends on where it begins: at the start of the whole one or not. */
int fs_cutter_asks_start(const fs_cutter *c);

typedef struct fs_piece_span {
    int32_t begin, end;
} fs_piece_span;

/* A text, and where each of its bytes comes from. */
typedef struct fs_tracked_text {
    const uint8_t *data;
    int32_t size;
    const int32_t *begins, *ends; /* [size]; NULL: not tracked */
} fs_tracked_text;

/* Zero-filled at first; kept from text to text. */
typedef struct fs_cut_scratch {
    fs_aligned texts[2];
    fs_buffer pieces[2]; /* fs_piece_span */
    fs_buffer matches;   /* int32_t [n][2] */
} fs_cut_scratch;

/* Cuts *text, which becomes the text that the pieces lie in: pieces in order, none empty, how many in *count. They
 * live until the next call. `starts`: the text is at the start of the whole one. */
fs_status fs_cut(const fs_cutter *c, fs_tracked_text *text, int starts, fs_cut_scratch *s, const fs_piece_span **pieces,
                 int64_t *count, fs_error *err);
void fs_cut_scratch_free(fs_cut_scratch *s);

/* Of fs_cut. The first match of the step at `at` or behind it, before `end`, where it returns it begins; `end` when there
 * is none. The text before `at` is not looked at. */
int32_t fs_cut_match(const fs_cut_step *s, const uint8_t *text, int32_t at, int32_t end, int32_t *match_end);

/* Of fs_cut. Writes pieces (n) of a text anew; they become those of `out`. */
fs_status fs_cut_rewrite(const fs_cut_step *s, const fs_tracked_text *text, int starts, fs_piece_span *pieces, int64_t n,
                         fs_aligned *out, fs_error *err);

#endif
