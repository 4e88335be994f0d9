#include "rewrite.h"

#include "text/unicode/utf8.h"

/* The bytes of [from, to) each come from their own character. */
static void own_places(fs_text text, int32_t from, int32_t to, int32_t *begin, int32_t *end) {
    while (from < to) {
        const int32_t next = from + fs_utf8_size(text.data[from]), first = from;
        for (; from < next; from++) {
            *begin++ = first;
            *end++ = next;
        }
    }
}

fs_status fs_rewrite_keep(fs_rewrite *r, int32_t to) {
    fs_aligned *out = r->out;
    const int32_t from = r->done, n = to - from;
    if (n <= 0) return FS_OK;
    FS_TRY(fs_aligned_room(out, (size_t)n, r->err));
    memcpy(out->data + out->size, r->text.data + from, (size_t)n);
    if (out->tracked && r->begin) {
        memcpy(out->begins + out->size, r->begin + from, (size_t)n * sizeof(int32_t));
        memcpy(out->ends + out->size, r->end + from, (size_t)n * sizeof(int32_t));
    } else if (out->tracked) {
        own_places(r->text, from, to, out->begins + out->size, out->ends + out->size);
    }
    out->size += n;
    r->done = to;
    return FS_OK;
}

fs_status fs_rewrite_replace(fs_rewrite *r, int32_t from, int32_t to) {
    r->changed = 1;
    FS_TRY(fs_rewrite_keep(r, from));
    r->done = to;
    return FS_OK;
}

/* Characters may have been put in another order, so what a stretch comes from is the least and the most. */
void fs_rewrite_place(const fs_rewrite *r, int32_t from, int32_t to, int32_t place[2]) {
    int32_t i;
    place[0] = from;
    place[1] = to;
    if (!r->begin) return;
    if (from == to) {
        place[0] = place[1] = from < (int32_t)r->text.size ? r->begin[from] : from ? r->end[from - 1] : 0;
        return;
    }
    place[0] = r->begin[from];
    place[1] = r->end[from];
    for (i = from + 1; i < to; i++) {
        place[0] = FS_MIN(place[0], r->begin[i]);
        place[1] = FS_MAX(place[1], r->end[i]);
    }
}

fs_status fs_rewrite_put(fs_rewrite *r, const uint8_t *bytes, size_t n, int32_t from, int32_t to) {
    int32_t place[2] = {0, 0};
    FS_TRY(fs_aligned_room(r->out, n, r->err));
    if (r->out->tracked) fs_rewrite_place(r, from, to, place);
    fs_aligned_put(r->out, bytes, (int32_t)n, place[0], place[1]);
    return FS_OK;
}

fs_status fs_rewrite_put_character(fs_rewrite *r, uint32_t c, int32_t from, int32_t to) {
    uint8_t bytes[4];
    const int n = fs_utf8_write(bytes, c);
    return fs_rewrite_put(r, bytes, (size_t)n, from, to);
}
