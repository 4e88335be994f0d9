/* Tokens that are found in a text as they are spelled, before it is cut: control tokens, and what else a file
 * adds to its vocabulary. At each place the longest one counts. */
#ifndef FS_TEXT_MARKERS_H
#define FS_TEXT_MARKERS_H

#include "vocab.h"

enum { /* fs_marker.flags */
    FS_MARKER_SPECIAL = 1, /* a control token */
    FS_MARKER_LSTRIP = 2,  /* takes the white space before it, */
    FS_MARKER_RSTRIP = 4,  /* behind it */
    FS_MARKER_WORD = 8     /* only where no word character touches it */
};

typedef enum fs_marker_mode { /* what becomes of a marker in a text */
    FS_MARKER_TEXT,  /* it is text like any other */
    FS_MARKER_TOKEN, /* it is its token */
    FS_MARKER_ERROR  /* the text is refused */
} fs_marker_mode;

typedef struct fs_marker {
    int32_t id;
    uint8_t flags;
} fs_marker;

typedef struct fs_markers {
    fs_vocab spellings; /* place -> spelling */
    fs_buffer all;      /* fs_marker [count], in the same order */
    fs_buffer lengths;  /* int32_t: the lengths that occur, longest first */
    uint64_t *starts;   /* [1024] a bit for each pair of first two bytes that one of them has */
    int first_byte;     /* of all of them; -1: they differ */
} fs_markers;

typedef struct fs_marker_found {
    int32_t place; /* which marker; -1: none */
    int32_t begin, end; /* in the text, with the white space that it takes */
} fs_marker_found;

fs_status fs_markers_init(fs_markers *m, fs_hash_key key, fs_error *err);
fs_status fs_markers_add(fs_markers *m, fs_text spelling, int32_t id, unsigned flags, fs_error *err);
void fs_markers_free(fs_markers *m);

/* The next marker at `at` or behind it whose mode (modes: one a marker) is not FS_MARKER_TEXT. */
fs_marker_found fs_markers_next(const fs_markers *m, const uint8_t *modes, fs_text text, int32_t at);

/* Fails when the text (of that place in its batch, -1: alone) has a marker whose mode is FS_MARKER_ERROR. */
fs_status fs_markers_refuse(const fs_markers *m, const uint8_t *modes, fs_text text, int64_t place, fs_error *err);

/* The failure: marker `which` at a byte of the text. */
fs_status fs_marker_fail(const fs_markers *m, int32_t which, fs_text text, int32_t byte, int64_t place, fs_error *err);

#endif
