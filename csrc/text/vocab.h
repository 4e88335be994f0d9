/* A vocabulary: byte strings and their ids, 0, 1, 2 ... in the order of adding.
 *
 *     bytes    "<pad><unk>theof"                 all tokens, one behind the other
 *     starts   0 5 10 13 15                      of id i: [starts[i], starts[i + 1])
 *     slots    . . (tag,2) . (tag,0) ...         power of two, at most half full, linear probing;
 *                                                the tag is the upper half of the hash, id -1 is free
 *
 * Filled by one thread; any number may look up once that is done. */
#ifndef FS_TEXT_VOCAB_H
#define FS_TEXT_VOCAB_H

#include "base/buffer.h"
#include "hash.h"
#include "text_view.h"

#define FS_VOCAB_MAX (1 << 28) /* tokens */

typedef struct fs_vocab_slot {
    uint32_t tag;
    int32_t id;
} fs_vocab_slot;

typedef struct fs_vocab {
    fs_hash_key key;
    fs_buffer bytes;
    fs_buffer starts; /* int64_t [count + 1] */
    fs_vocab_slot *slots;
    size_t slot_count;
    int32_t count;
    int32_t ascii[128];  /* ids of the tokens of one ASCII character, -1: none */
    uint8_t *special;    /* [special_count] 1: a special token */
    int32_t special_count; /* ids from here on are ordinary */
} fs_vocab;

/* Zero-filled structs are freed safely; init comes before anything else. */
fs_status fs_vocab_init(fs_vocab *v, fs_hash_key key, fs_error *err);
void fs_vocab_free(fs_vocab *v);

/* Gives the token its id, or finds the one it has: *id < v->count before the call tells which. */
fs_status fs_vocab_add(fs_vocab *v, fs_text token, int32_t *id, fs_error *err);

/* Marks id < count as special. Call it once all tokens are there. */
fs_status fs_vocab_mark_special(fs_vocab *v, int32_t id, fs_error *err);

int32_t fs_vocab_find(const fs_vocab *v, const uint8_t *token, size_t size); /* -1: not there */

FS_INLINE fs_text fs_vocab_token(const fs_vocab *v, int32_t id) {
    const int64_t *start = (const int64_t *)v->starts.data + id;
    fs_text token = {(const uint8_t *)v->bytes.data + start[0], (size_t)(start[1] - start[0])};
    return token;
}

FS_INLINE int fs_vocab_is_special(const fs_vocab *v, int32_t id) { return id < v->special_count && v->special[id]; }

/* ids int32, offsets (count + 1), which are in order and in bounds -> of each text its tokens with `join` between
 * them, special ones left out when `skip_special`, one text behind the other in `out`; ends (count) says where
 * each ends. An id that is not in the vocabulary fails, naming its place. */
fs_status fs_vocab_join(const fs_vocab *v, const int32_t *ids, const int64_t *offsets, int64_t count, fs_text join,
                        int skip_special, fs_buffer *out, int64_t *ends, fs_error *err);

#endif
