#include "bpe_units.h"

#include <string.h>

#include "base/arena.h"
#include "bpe_encode.h"
#include "text/unicode/utf8.h"

enum { UNTRIED, UNDER_WAY, READY, NO_UNITS };

#define COUNT_BITS 5
#define AT_ONCE 256    /* ids for which there is room at once */
#define SAMPLE 256     /* ids that are looked at first */
#define IDS_LEAST 1024 /* of a text for which this is worth it */

/* Characters of valid UTF-8 as units. How many; *pairs is set when some take two. */
static int32_t units_of(fs_text text, uint16_t *to, int *pairs) {
    int32_t at = 0, n = 0;
    while (at < (int32_t)text.size) {
        const uint32_t c = fs_utf8_read(text.data, &at);
        if (c < 0x10000) {
            to[n++] = (uint16_t)c;
            continue;
        }
        to[n++] = (uint16_t)(0xD7C0 + (c >> 10));
        to[n++] = (uint16_t)(0xDC00 | (c & 0x3FF));
        *pairs = 1;
    }
    return n;
}

/* The place of an id, whose units are appended where it has some; 0 for others. */
static uint32_t place_of(const fs_bpe_encoder *e, int32_t id, fs_buffer *units) {
    const int32_t *marker_of = e->marker_of.data;
    const size_t begin = units->size / sizeof(uint16_t);
    uint16_t found[3 * FS_BPE_UNITS];
    int pairs = 0;
    int32_t count;
    fs_text token;
    if (e->model.index_of[id] < 0) return 0;
    if ((size_t)id < e->marker_of.size / sizeof *marker_of && marker_of[id] >= 0) return 0;
    token = fs_bpe_token(&e->model, e->model.index_of[id]);
    if (token.size > sizeof found / sizeof *found || fs_utf8_valid(token.data, token.size) != token.size) return 0;
    count = units_of(token, found, &pairs);
    if (pairs || count > FS_BPE_UNITS || begin >> (32 - COUNT_BITS)) return 0;
    memcpy((uint16_t *)units->data + begin, found, (size_t)count * sizeof *found);
    units->size += (size_t)count * sizeof *found;
    return (uint32_t)(begin << COUNT_BITS) | (uint32_t)count;
}

static int build(fs_bpe_encoder *e) {
    fs_bpe_units *u = &e->units;
    int32_t id;
    u->places = fs_alloc(((size_t)e->model.id_end + 1) * sizeof *u->places);
    if (!u->places || !fs_buffer_add(&u->units, (e->model.bytes.size + FS_BPE_UNITS) * sizeof(uint16_t))) return 0;
    u->units.size = 0; /* a token has no more units than bytes */
    for (id = 0; id < e->model.id_end; id++) u->places[id] = place_of(e, id, &u->units);
    memset((uint8_t *)u->units.data + u->units.size, 0, FS_BPE_UNITS * sizeof(uint16_t));
    return 1;
}

/* Whether they are there, made by the first who asks. */
static int are_ready(fs_bpe_encoder *e) {
    const int64_t state = fs_atomic_load(&e->units.state);
    if (state == READY) return 1;
    if (state != UNTRIED || !fs_atomic_swap_if(&e->units.state, state, UNDER_WAY)) return 0;
    fs_atomic_store(&e->units.state, build(e) ? READY : NO_UNITS);
    return are_ready(e);
}

/* Whether some ids of those from all over a text are not ASCII: else bytes are characters already. */
static int is_wide(const fs_bpe_encoder *e, const int32_t *ids, int64_t n) {
    int64_t i;
    int wide = 0;
    if (n < IDS_LEAST) return 0;
    for (i = 0; i < SAMPLE; i++) {
        int special;
        const fs_text token = fs_bpe_bytes(e, ids[i * (n / SAMPLE)], &special);
        wide += token.size && ((token.data[0] | token.data[token.size - 1]) & 0x80);
    }
    return wide >= SAMPLE / 32;
}

FS_INLINE uint32_t place_at(const fs_bpe_encoder *e, int32_t id) {
    return id >= 0 && id < e->model.id_end ? e->units.places[id] : 0;
}

/* Whether most of the same ids have a place: each change between those that have and others is a wrong guess. */
static int are_whole(const fs_bpe_encoder *e, const int32_t *ids, int64_t n) {
    int64_t i;
    int whole = 0;
    for (i = 0; i < SAMPLE; i++) whole += place_at(e, ids[i * (n / SAMPLE)]) != 0;
    return whole >= SAMPLE * 5 / 8;
}

/* The first ids (n) up to one that has no place, to `out`. How many; -1: no memory. */
static int64_t add_whole(const fs_bpe_encoder *e, const int32_t *ids, int64_t n, fs_buffer *out) {
    const uint16_t *units = e->units.units.data;
    const size_t before = out->size;
    uint16_t *to = fs_buffer_add(out, (size_t)n * FS_BPE_UNITS * sizeof *to), *const first = to;
    int64_t i;
    if (!to) return -1;
    for (i = 0; i < n; i++) {
        const uint32_t place = place_at(e, ids[i]);
        if (!place) break;
        memcpy(to, units + (place >> COUNT_BITS), FS_BPE_UNITS * sizeof *to);
        to += place & ((1 << COUNT_BITS) - 1);
    }
    out->size = before + (size_t)(to - first) * sizeof *to;
    return i;
}

/* The bytes of the first ids (n) up to one that has a place or is not near, appended. How many; -1: no memory. */
static int64_t add_near(const fs_bpe_encoder *e, const int32_t *ids, int64_t n, fs_buffer *bytes) {
    const size_t before = bytes->size;
    uint8_t *to = fs_buffer_add(bytes, (size_t)n * FS_BPE_NEAR), *const first = to;
    fs_text token;
    int64_t i;
    if (!to) return -1;
    for (i = 0; i < n && !place_at(e, ids[i]) && fs_bpe_is_near(e, ids[i], &token); i++) {
        memcpy(to, token.data, FS_BPE_NEAR);
        to += token.size;
    }
    bytes->size = before + (size_t)(to - first);
    return i;
}

/* The bytes of the ids (n) up to one that has a place. How many; -1: no memory, or an unknown id. */
static int64_t gather(const fs_bpe_encoder *e, const int32_t *ids, int64_t n, int skip_special, fs_buffer *bytes) {
    int64_t i = 0;
    bytes->size = 0;
    while (i < n && !place_at(e, ids[i])) {
        const int64_t near = add_near(e, ids + i, FS_MIN(n - i, AT_ONCE), bytes);
        int special;
        fs_text token;
        uint8_t *at;
        if (near < 0) return -1;
        i += near;
        if (i >= n || place_at(e, ids[i]) || near == AT_ONCE) continue;
        token = fs_bpe_bytes(e, ids[i++], &special);
        if (!token.data) return -1;
        if (special && skip_special) continue;
        at = fs_buffer_add(bytes, token.size);
        if (!at) return -1;
        memcpy(at, token.data, token.size);
    }
    return i;
}

/* The ids (n) up to one that has a place, as what their bytes come to. How many; -1: they are no text. */
static int64_t add_others(const fs_bpe_encoder *e, const int32_t *ids, int64_t n, int skip_special, fs_buffer *bytes,
                          fs_buffer *out, int *pairs) {
    const int64_t count = gather(e, ids, n, skip_special, bytes);
    const fs_text text = {bytes->data, bytes->size};
    uint16_t *to;
    if (count < 0 || !text.size) return count;
    if (text.size > INT32_MAX || fs_utf8_valid(text.data, text.size) != text.size) return -1;
    to = fs_buffer_add(out, text.size * sizeof *to);
    if (!to) return -1;
    out->size -= (text.size - (size_t)units_of(text, to, pairs)) * sizeof *to;
    return count;
}

fs_bpe_text fs_bpe_decode_units(fs_bpe_encoder *e, const int32_t *ids, int64_t n, int skip_special, fs_buffer *out) {
    fs_buffer bytes = {NULL, 0, 0};
    int64_t i = 0, more = 0;
    int pairs = 0;
    if (!is_wide(e, ids, n) || !are_ready(e) || !are_whole(e, ids, n)) return FS_BPE_TEXT_NONE;
    while (i < n && more >= 0) {
        more = add_whole(e, ids + i, FS_MIN(n - i, AT_ONCE), out);
        i += more;
        if (more < 0 || i >= n || place_at(e, ids[i])) continue;
        more = add_others(e, ids + i, n - i, skip_special, &bytes, out, &pairs);
        i += more;
    }
    fs_buffer_free(&bytes);
    if (more < 0) return FS_BPE_TEXT_NONE;
    return pairs ? FS_BPE_TEXT_UTF16 : FS_BPE_TEXT_UCS2;
}

void fs_bpe_units_free(fs_bpe_units *u) {
    fs_free(u->places);
    fs_buffer_free(&u->units);
    memset(u, 0, sizeof *u);
}
