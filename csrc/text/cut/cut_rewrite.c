/* Steps of a cutter that write pieces anew. */
#include "text/unicode/byte_letters.h"
#include "cut.h"
#include "text/unicode/utf8.h"

/* Adds bytes [begin, end) of the text as they are. */
static fs_status copy(const fs_tracked_text *text, int32_t begin, int32_t end, fs_aligned *out, fs_error *err) {
    const int32_t n = end - begin;
    FS_TRY(fs_aligned_room(out, (size_t)n, err));
    if (n) memcpy(out->data + out->size, text->data + begin, (size_t)n);
    if (out->tracked && n) {
        memcpy(out->begins + out->size, text->begins + begin, (size_t)n * sizeof(int32_t));
        memcpy(out->ends + out->size, text->ends + begin, (size_t)n * sizeof(int32_t));
    }
    out->size += n;
    return FS_OK;
}

/* Adds other bytes, which come from what byte `at` comes from; `empty`: from its start alone. */
static fs_status add(const fs_tracked_text *text, int32_t at, int empty, const void *bytes, size_t n, fs_aligned *out,
                     fs_error *err) {
    const int32_t begin = text->begins ? text->begins[at] : 0;
    FS_TRY(fs_aligned_room(out, n, err));
    fs_aligned_put(out, bytes, (int32_t)n, begin, empty || !text->ends ? begin : text->ends[at]);
    return FS_OK;
}

static fs_status replace_spaces(const fs_cut_step *s, const fs_tracked_text *text, fs_piece_span piece, fs_aligned *out,
                                fs_error *err) {
    int32_t at = piece.begin;
    while (at < piece.end) {
        const uint8_t *found = memchr(text->data + at, ' ', (size_t)(piece.end - at));
        const int32_t space = found ? (int32_t)(found - text->data) : piece.end;
        FS_TRY(copy(text, at, space, out, err));
        if (found) FS_TRY(add(text, space, 0, s->text.data, s->text.size, out, err));
        at = space + 1;
    }
    return FS_OK;
}

static fs_status to_alphabet(const fs_tracked_text *text, fs_piece_span piece, fs_aligned *out, fs_error *err) {
    int32_t i;
    for (i = piece.begin; i < piece.end; i++) {
        uint8_t letter[4];
        FS_TRY(add(text, i, 0, letter, (size_t)fs_utf8_write(letter, fs_byte_letter(text->data[i])), out, err));
    }
    return FS_OK;
}

static int begins_with(const fs_tracked_text *text, fs_piece_span piece, const fs_buffer *wanted) {
    return (size_t)(piece.end - piece.begin) >= wanted->size &&
           memcmp(text->data + piece.begin, wanted->data, wanted->size) == 0;
}

static fs_status rewrite_piece(const fs_cut_step *s, const fs_tracked_text *text, int starts, fs_piece_span piece,
                               fs_aligned *out, fs_error *err) {
    if (s->kind == FS_CUT_REPLACE_SPACES) return replace_spaces(s, text, piece, out, err);
    if (s->kind == FS_CUT_ALPHABET) return to_alphabet(text, piece, out, err);
    if ((s->kind == FS_CUT_PREFIX || (starts && piece.begin == 0)) && !begins_with(text, piece, &s->text))
        FS_TRY(add(text, piece.begin, 1, s->text.data, s->text.size, out, err));
    return copy(text, piece.begin, piece.end, out, err);
}

fs_status fs_cut_rewrite(const fs_cut_step *s, const fs_tracked_text *text, int starts, fs_piece_span *pieces, int64_t n,
                         fs_aligned *out, fs_error *err) {
    int64_t i;
    for (i = 0; i < n; i++) {
        const int32_t begin = out->size;
        FS_TRY(rewrite_piece(s, text, starts, pieces[i], out, err));
        pieces[i].begin = begin;
        pieces[i].end = out->size;
    }
    return FS_OK;
}
