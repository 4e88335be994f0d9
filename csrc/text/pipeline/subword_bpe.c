/* Byte-pair encoding over characters, on the tables of bpe.h. */
#include <stdio.h>

#include "base/arena.h"
#include "text/bpe/bpe_build.h"
#include "subword.h"
#include "text/unicode/utf8.h"

static fs_status add_tokens(fs_bpe *b, const fs_subword_parts *parts, fs_error *err) {
    int64_t i;
    int32_t same;
    for (i = 0; i < parts->count; i++) {
        const int found = parts->tokens[i].size && !parts->hidden[i];
        FS_TRY(fs_bpe_add_token(b, parts->tokens[i], parts->ids[i], found, &same, err));
        if (same >= 0) return fs_subword_refuse(err, "vocab", i, "duplicate token", "each token once", parts->tokens[i]);
    }
    return FS_OK;
}

static fs_status find_side(const fs_bpe *b, fs_text side, int64_t merge, int32_t *index, fs_error *err) {
    *index = side.size ? fs_bpe_find(b, side) : -1;
    if (*index >= 0) return FS_OK;
    return fs_subword_refuse(err, "merges", merge, "not in the vocabulary", "two tokens of it", side);
}

/* The token of both sides, the right one without the prefix. */
static fs_status add_merge(fs_subword *m, const fs_text *sides, int64_t merge, fs_buffer *both, int32_t found[3],
                           fs_error *err) {
    const size_t prefix = m->prefix.size;
    fs_text made;
    FS_TRY(find_side(&m->bpe, sides[0], merge, &found[0], err));
    FS_TRY(find_side(&m->bpe, sides[1], merge, &found[1], err));
    if (sides[1].size <= prefix) return fs_subword_refuse(err, "merges", merge, "nothing behind the prefix", "more", sides[1]);
    both->size = 0;
    FS_TRY(fs_buffer_append(both, sides[0].data, sides[0].size, err));
    FS_TRY(fs_buffer_append(both, sides[1].data + prefix, sides[1].size - prefix, err));
    made.data = both->data;
    made.size = both->size;
    found[2] = fs_bpe_find(&m->bpe, made);
    if (found[2] < 0)
        return fs_subword_refuse(err, "merges", merge, "makes no token of the vocabulary", "a token of both sides", made);
    if (!fs_bpe_add_merge(&m->bpe, found[0], found[1], found[2]))
        return fs_subword_refuse(err, "merges", merge, "a merge comes twice", "each pair once", sides[0]);
    return FS_OK;
}

static fs_status add_merges(fs_subword *m, const fs_subword_parts *parts, fs_error *err) {
    const size_t n = (size_t)parts->merge_count;
    int32_t *sides = fs_alloc((n + 1) * 2 * sizeof *sides);
    int32_t *highest = fs_alloc(((size_t)m->bpe.count + 1) * sizeof *highest); /* merge that makes a token, + 1 */
    fs_buffer both = {0};
    fs_status st = FS_OK;
    size_t i;
    if (!sides || !highest) st = fs_fail_memory(err, "merges", (uint64_t)n * 12);
    for (i = 0; i < n && st == FS_OK; i++) {
        int32_t found[3] = {0, 0, 0};
        FS_TRY_DONE(add_merge(m, parts->merges + 2 * i, (int64_t)i, &both, found, err));
        sides[2 * i] = found[0];
        sides[2 * i + 1] = found[1];
        highest[found[2]] = (int32_t)i + 1;
    }
    m->bpe.rising = 1;
    for (i = 0; i < 2 * n && st == FS_OK; i++)
        if (highest[sides[i]] > (int32_t)(i / 2)) m->bpe.rising = 0;
done:
    fs_buffer_free(&both);
    fs_free(sides);
    fs_free(highest);
    return st;
}

static void find_bytes(fs_subword *m) {
    int byte;
    for (byte = 0; byte < 256; byte++) {
        char name[8];
        fs_text token = {(const uint8_t *)name, 6};
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)byte);
        m->byte_index[byte] = m->byte_fallback ? fs_bpe_find(&m->bpe, token) : -1;
    }
}

fs_status fs_subword_bpe_init(fs_subword *m, fs_hash_key key, const fs_subword_parts *parts, fs_error *err) {
    int64_t i, longs = 0;
    for (i = 0; i < parts->count; i++) longs += parts->tokens[i].size > FS_PIECE_SHORT;
    FS_TRY(fs_bpe_open(&m->bpe, key, parts->count, longs, parts->merge_count, err));
    FS_TRY(add_tokens(&m->bpe, parts, err));
    FS_TRY(add_merges(m, parts, err));
    FS_TRY(fs_bpe_close(&m->bpe, err));
    find_bytes(m);
    m->unknown_index = m->unknown >= 0 && m->unknown < m->bpe.id_end ? m->bpe.index_of[m->unknown] : -1;
    return FS_OK;
}

/* A piece on its way: symbols that are merged, and where in the piece each ends. */
typedef struct chain {
    const fs_subword *m;
    int32_t *index, *ends; /* with room for the piece's bytes, the prefix's and the suffix's */
    int32_t n;
    int32_t unknown; /* where what is unknown and not yet a symbol ends; 0: nothing is */
} chain;

static void add_symbol(chain *c, int32_t index, int32_t end) {
    c->index[c->n] = index;
    c->ends[c->n++] = end;
}

static void add_unknown(chain *c) {
    if (c->unknown) add_symbol(c, c->m->unknown_index, c->unknown);
    c->unknown = 0;
}

/* The bytes of a spelling, which the vocabulary lacks; 0 when it lacks one of them, too. */
static int add_bytes(chain *c, fs_text spelled, int32_t end) {
    size_t i;
    for (i = 0; i < spelled.size; i++)
        if (c->m->byte_index[spelled.data[i]] < 0) return 0;
    for (i = 0; i < spelled.size; i++) add_symbol(c, c->m->byte_index[spelled.data[i]], end);
    return 1;
}

/* The character [at, end) of the piece, spelled with what the model puts around it. As the library has it, a character that
 * becomes bytes leaves unknown ones before it waiting. */
static void add_character(chain *c, fs_text piece, int32_t at, int32_t end, uint8_t *room) {
    const fs_subword *m = c->m;
    fs_text spelled = {piece.data + at, (size_t)(end - at)};
    int32_t index;
    const size_t before = at ? m->prefix.size : 0, behind = end == (int32_t)piece.size ? m->suffix.size : 0;
    if (before + behind) {
        if (before) memcpy(room, m->prefix.data, before);
        memcpy(room + before, spelled.data, spelled.size);
        if (behind) memcpy(room + before + spelled.size, m->suffix.data, behind);
        spelled.data = room;
        spelled.size += before + behind;
    }
    index = fs_bpe_find(&m->bpe, spelled);
    if (index >= 0) {
        add_unknown(c);
        add_symbol(c, index, end);
    } else if (!(m->byte_fallback && add_bytes(c, spelled, end)) && m->unknown_index >= 0) {
        if (!m->fuse_unknown) add_unknown(c);
        c->unknown = end;
    }
}

static int32_t merge_short(const fs_bpe *b, int32_t *index, int32_t n) {
    int32_t rank[FS_BPE_SHORT], i;
    for (i = 0; i + 1 < n; i++) rank[i] = fs_bpe_rank(b, index[i], index[i + 1]);
    for (;;) {
        int32_t best = -1;
        for (i = 0; i + 1 < n; i++)
            if (rank[i] >= 0 && (best < 0 || rank[i] < rank[best])) best = i;
        if (best < 0) return n;
        index[best] = b->made[rank[best]];
        n--;
        memmove(index + best + 1, index + best + 2, (size_t)(n - best - 1) * sizeof *index);
        memmove(rank + best, rank + best + 1, (size_t)FS_MAX(n - best - 1, 0) * sizeof *rank);
        if (best + 1 < n) rank[best] = fs_bpe_rank(b, index[best], index[best + 1]);
        if (best) rank[best - 1] = fs_bpe_rank(b, index[best - 1], index[best]);
    }
}

/* Merged tokens (n) as ids. A token ends where the last of the symbols does that its spelling is made of. */
static fs_status put_tokens(const chain *c, const int32_t *symbols, int32_t n, fs_buffer *ids, fs_buffer *ends,
                            fs_error *err) {
    const fs_bpe *b = &c->m->bpe;
    const int64_t prefix = (int64_t)c->m->prefix.size;
    int32_t i, at = 0, end = 0;
    for (i = 0; i < n; i++) {
        int64_t left = (int64_t)fs_bpe_token(b, c->index[i]).size;
        if (ends) {
            left -= (int64_t)fs_bpe_token(b, symbols[at++]).size;
            for (; left > 0 && at < c->n; at++) left -= (int64_t)fs_bpe_token(b, symbols[at]).size - prefix;
            end = c->ends[at - 1];
        }
        FS_TRY(fs_subword_put(b->ids[c->index[i]], end, ids, ends, err));
    }
    return FS_OK;
}

static fs_status merge_chain(chain *c, int32_t *symbols, fs_text piece, fs_buffer *ids, fs_buffer *ends, fs_error *err) {
    uint8_t spelling[256], *room = spelling;
    const size_t most = c->m->prefix.size + c->m->suffix.size + 4;
    int32_t at = 0, end, n;
    if (most > sizeof spelling) room = fs_alloc(most);
    if (!room) return fs_fail_memory(err, "piece", most);
    for (; at < (int32_t)piece.size; at = end) {
        end = at + fs_utf8_size(piece.data[at]);
        add_character(c, piece, at, end, room);
    }
    add_unknown(c);
    if (room != spelling) fs_free(room);
    if (ends && c->n) memcpy(symbols, c->index, (size_t)c->n * sizeof *symbols);
    n = c->n <= FS_BPE_SHORT ? merge_short(&c->m->bpe, c->index, c->n) : fs_bpe_merge_long(&c->m->bpe, c->index, c->n);
    if (n < 0) return fs_fail_memory(err, "piece", (uint64_t)c->n * 36);
    return put_tokens(c, symbols, n, ids, ends, err);
}

fs_status fs_subword_bpe_encode(const fs_subword *m, fs_text piece, fs_buffer *ids, fs_buffer *ends, fs_error *err) {
    int32_t stack[3 * 256], *memory = stack;
    const size_t room = piece.size + m->prefix.size * piece.size + m->suffix.size;
    chain c = {m, NULL, NULL, 0, 0};
    fs_status st;
    if (m->ignore_merges) {
        const int32_t index = fs_bpe_find(&m->bpe, piece);
        if (index >= 0) return fs_subword_put(m->bpe.ids[index], (int32_t)piece.size, ids, ends, err);
    }
    if (room > 256) memory = fs_alloc(3 * room * sizeof *memory);
    if (!memory) return fs_fail_memory(err, "piece", (uint64_t)room * 3 * sizeof *memory);
    c.index = memory;
    c.ends = memory + room;
    st = merge_chain(&c, memory + 2 * room, piece, ids, ends, err);
    if (memory != stack) fs_free(memory);
    return st;
}
