#include "vocab.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"

#define FIRST_SLOTS 64

static fs_vocab_slot *new_slots(size_t count) {
    fs_vocab_slot *slots = count <= SIZE_MAX / sizeof *slots ? fs_alloc(count * sizeof *slots) : NULL;
    size_t i;
    for (i = 0; slots && i < count; i++) slots[i].id = -1;
    return slots;
}

fs_status fs_vocab_init(fs_vocab *v, fs_hash_key key, fs_error *err) {
    static const int64_t zero = 0;
    memset(v, 0, sizeof *v);
    memset(v->ascii, -1, sizeof v->ascii);
    v->key = key;
    v->slots = new_slots(FIRST_SLOTS);
    if (!v->slots) return fs_fail_memory(err, "vocabulary", FIRST_SLOTS * sizeof *v->slots);
    v->slot_count = FIRST_SLOTS;
    return fs_buffer_append(&v->starts, &zero, sizeof zero, err);
}

void fs_vocab_free(fs_vocab *v) {
    fs_buffer_free(&v->bytes);
    fs_buffer_free(&v->starts);
    fs_free(v->slots);
    fs_free(v->special);
    memset(v, 0, sizeof *v);
}

static int equals(const fs_vocab *v, int32_t id, const uint8_t *token, size_t size) {
    fs_text held = fs_vocab_token(v, id);
    return held.size == size && (size == 0 || memcmp(held.data, token, size) == 0);
}

/* The slot that holds the token, or the free one where it belongs. */
static fs_vocab_slot *slot_of(const fs_vocab *v, uint64_t hash, const uint8_t *token, size_t size) {
    size_t mask = v->slot_count - 1, i = (size_t)hash & mask;
    uint32_t tag = (uint32_t)(hash >> 32);
    for (;; i = (i + 1) & mask) {
        fs_vocab_slot *slot = &v->slots[i];
        if (slot->id < 0 || (slot->tag == tag && equals(v, slot->id, token, size))) return slot;
    }
}

/* Twice as many slots. All tokens differ, so only free slots are looked for. */
static fs_status grow(fs_vocab *v, fs_error *err) {
    size_t count = v->slot_count * 2;
    fs_vocab_slot *slots = new_slots(count);
    int32_t id;
    if (!slots) return fs_fail_memory(err, "vocabulary", (uint64_t)count * sizeof *slots);
    for (id = 0; id < v->count; id++) {
        fs_text token = fs_vocab_token(v, id);
        uint64_t hash = fs_hash(&v->key, token.data, token.size);
        size_t i = (size_t)hash & (count - 1);
        while (slots[i].id >= 0) i = (i + 1) & (count - 1);
        slots[i].tag = (uint32_t)(hash >> 32);
        slots[i].id = id;
    }
    fs_free(v->slots);
    v->slots = slots;
    v->slot_count = count;
    return FS_OK;
}

fs_status fs_vocab_add(fs_vocab *v, fs_text token, int32_t *id, fs_error *err) {
    uint64_t hash = fs_hash(&v->key, token.data, token.size);
    fs_vocab_slot *slot = slot_of(v, hash, token.data, token.size);
    int64_t end;
    if (slot->id >= 0) {
        *id = slot->id;
        return FS_OK;
    }
    if (v->count >= FS_VOCAB_MAX)
        return fs_fail(err, FS_ERR_VALUE, "vocabulary", "too many tokens", "at most %d|more", FS_VOCAB_MAX);
    if ((size_t)v->count + 1 > v->slot_count / 2) {
        FS_TRY(grow(v, err));
        slot = slot_of(v, hash, token.data, token.size);
    }
    FS_TRY(fs_buffer_append(&v->bytes, token.data, token.size, err));
    end = (int64_t)v->bytes.size;
    FS_TRY(fs_buffer_append(&v->starts, &end, sizeof end, err));
    slot->tag = (uint32_t)(hash >> 32);
    slot->id = *id = v->count++;
    if (token.size == 1 && token.data[0] < 0x80) v->ascii[token.data[0]] = *id;
    return FS_OK;
}

fs_status fs_vocab_mark_special(fs_vocab *v, int32_t id, fs_error *err) {
    if (id >= v->special_count) {
        uint8_t *more = fs_alloc((size_t)id + 1);
        if (!more) return fs_fail_memory(err, "vocabulary", (uint64_t)id + 1);
        if (v->special_count) memcpy(more, v->special, (size_t)v->special_count);
        fs_free(v->special);
        v->special = more;
        v->special_count = id + 1;
    }
    v->special[id] = 1;
    return FS_OK;
}

int32_t fs_vocab_find(const fs_vocab *v, const uint8_t *token, size_t size) {
    if (size == 1 && token[0] < 0x80) return v->ascii[token[0]];
    return slot_of(v, fs_hash(&v->key, token, size), token, size)->id;
}

static fs_status fail_id(const fs_vocab *v, const int32_t *ids, int64_t place, fs_error *err) {
    char where[40];
    snprintf(where, sizeof where, "ids[%lld]", (long long)place);
    return fs_fail(err, FS_ERR_VALUE, where, "id not in the vocabulary", "0 to %d|%d", v->count - 1, ids[place]);
}

fs_status fs_vocab_join(const fs_vocab *v, const int32_t *ids, const int64_t *offsets, int64_t count, fs_text join,
                        int skip_special, fs_buffer *out, int64_t *ends, fs_error *err) {
    int64_t t, i;
    for (t = 0; t < count; t++) {
        int first = 1;
        for (i = offsets[t]; i < offsets[t + 1]; i++) {
            fs_text token;
            if (ids[i] < 0 || ids[i] >= v->count) return fail_id(v, ids, i, err);
            if (skip_special && fs_vocab_is_special(v, ids[i])) continue;
            token = fs_vocab_token(v, ids[i]);
            if (!first) FS_TRY(fs_buffer_append(out, join.data, join.size, err));
            FS_TRY(fs_buffer_append(out, token.data, token.size, err));
            first = 0;
        }
        ends[t] = (int64_t)out->size;
    }
    return FS_OK;
}
