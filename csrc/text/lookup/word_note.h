/* How a cache keeps words and parts of words of vocabularies with scores. With up to three ids an entry has a note; where
 * the ids are elsewhere, the note is before them:
 *
 *     note    reach: a float, up to which sum of scores before it the ids hold; in its lowest bits how many ids there are,
 *             whether some characters are unknown, and how many those are if one unknown id that is not the first stands
 *             for them */
#ifndef FS_TEXT_WORD_NOTE_H
#define FS_TEXT_WORD_NOTE_H

#include <math.h>

#include "bpe_cache.h"

#define FS_NOTE_COUNT 3
#define FS_NOTE_UNKNOWN 4
#define FS_NOTE_RUN_SHIFT 3
#define FS_NOTE_RUN_MOST 63
#define FS_NOTE_BITS 0x1FF /* all but the reach */
#define FS_NO_PIECE (-2)  /* fills up ids; -1 is a character that no piece covers */

typedef struct fs_noted_word {
    const uint8_t *text;
    int32_t size;
    fs_piece_key key; /* {1, 0}: too long to be kept; no entry has it */
    uint64_t hash;
} fs_noted_word;

FS_INLINE int32_t fs_note_of(float reach, int32_t rest) {
    int32_t note;
    memcpy(&note, &reach, sizeof note);
    return (note & ~FS_NOTE_BITS) | rest;
}

FS_INLINE float fs_note_reach(int32_t note) {
    float reach;
    note &= ~FS_NOTE_BITS;
    memcpy(&reach, &note, sizeof reach);
    return reach;
}

/* How many unknown characters one unknown id stands for; 0: there are none, or they are not told so. */
FS_INLINE int32_t fs_note_run(int32_t note) { return note >> FS_NOTE_RUN_SHIFT & FS_NOTE_RUN_MOST; }

/* Unknown characters whose sum is not told by the ids. */
FS_INLINE int fs_note_is_mixed(int32_t note) { return (note & FS_NOTE_UNKNOWN) && !fs_note_run(note); }

/* A word that may be looked up, and its line of the cache on the way; `room`: how many bytes from `text` on may be read;
 * `kind`: 0 or 1, whose words are not each other's. */
FS_INLINE void fs_noted_word_set(fs_noted_word *w, const fs_bpe_cache *c, const uint8_t *text, int32_t size, int64_t room,
                                 uint64_t secret, uint64_t kind) {
    w->text = text;
    w->size = size;
    w->key.low = 1;
    w->key.high = w->hash = 0;
    if (size > FS_CACHED_BYTES) return;
    if (size <= FS_PIECE_SHORT) {
        w->key = fs_piece_key_of(text, size, room);
        w->key.high |= kind << 62;
        w->hash = fs_piece_key_hash(w->key, secret);
    } else {
        w->hash = fs_piece_hash(text, size, secret) ^ kind << 63;
        w->key = fs_cache_long_key(w->hash, size);
    }
    FS_PREFETCH(fs_cache_line(c, w->hash));
    FS_PREFETCH(fs_cache_neighbour(c, w->hash));
}

/* The entry of a word; NULL: none. */
FS_INLINE const fs_cached *fs_noted_find(const fs_bpe_cache *c, const fs_noted_word *w) {
    return w->key.high ? fs_cache_find(c, w->key, w->hash) : NULL;
}

/* What is kept elsewhere for an entry: [note][ids], n in all; NULL: it is that of another word, or there is no entry. */
FS_INLINE const int32_t *fs_noted_long(const fs_bpe_cache *c, const fs_noted_word *w, const fs_cached *entry, int32_t *n) {
    if (!entry || entry->ids[FS_CACHED_NOTE] != FS_CACHED_ELSEWHERE) return NULL;
    *n = entry->ids[1];
    return fs_cache_stored(c, entry, w->text, w->size > FS_PIECE_SHORT ? w->size : 0);
}

/* Keeps a word that is not there; kept: [note][ids], n in all. */
FS_INLINE void fs_noted_keep(fs_bpe_cache *c, const fs_noted_word *w, const int32_t *kept, int32_t n) {
    int32_t ids[FS_CACHED_IDS] = {FS_NO_PIECE, FS_NO_PIECE, FS_NO_PIECE};
    if (w->size > FS_PIECE_SHORT || fs_note_is_mixed(kept[0]) || n - 1 > FS_CACHED_IDS) {
        fs_cache_store(c, w->key, w->hash, w->text, w->size > FS_PIECE_SHORT ? w->size : 0, kept, n);
        return;
    }
    memcpy(ids, kept + 1, (size_t)(n - 1) * sizeof *ids);
    fs_cache_keep(c, w->key, w->hash, ids, FS_CACHED_IDS, (kept[0] & ~FS_NOTE_COUNT) | (n - 1));
}

#endif
