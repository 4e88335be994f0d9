#include "space_bits.h"
#include "sp_words_new.h"

#define WINDOW 64 /* bytes whose spaces are found at once */

/* Where words of the stage begin, and where each ends behind that. Returns how many there are; a space is behind the last one. */
static int32_t find_words(const uint8_t *stage, int32_t size, int16_t *edges) {
    uint64_t before = 0; /* bit 0: a letter is before the window */
    int32_t at, count = 0;
    for (at = 0; at < size; at += WINDOW) {
        const uint64_t letters = ~fs_space_bits(stage + at);
        uint64_t bits = letters ^ (letters << 1 | before);
        int16_t *to = edges + count;
        before = letters >> 63;
        count += fs_count_bits(bits);
        do { /* in eights: some more are written */
            int i;
            FS_UNROLL
            for (i = 0; i < 8; i++) {
                to[i] = (int16_t)(at + fs_lowest_bit(bits | (uint64_t)1 << 63));
                bits &= bits - 1;
            }
            to += 8;
        } while (bits);
    }
    return count / 2;
}

/* Keys of words that are too long for being their own. */
static void set_long(fs_noted_word *word, uint64_t secret) {
    word->key.low = 1;
    word->key.high = word->hash = 0;
    if (word->size > FS_CACHED_BYTES) return;
    word->hash = fs_piece_hash(word->text, word->size, secret);
    word->key = fs_cache_long_key(word->hash, word->size);
}

void fs_sp_words_cut(fs_sp_words *w) {
    int16_t edges[2 * FS_SP_WORDS + WINDOW], longer[FS_SP_WORDS + 1];
    const uint8_t *const stage = w->stage;
    fs_noted_word *const words = w->words;
    const fs_bpe_cache *const cache = w->cache;
    const uint64_t secret = w->m->pieces.key.k0;
    int32_t found, i, count = 0, texts = 0, longs = 0;
    memset(w->stage + w->staged, ' ', FS_SP_STAGED_MARGIN);
    found = find_words(stage, w->staged, edges);
    for (i = 0; i < found; i++) {
        fs_noted_word *word = &words[count];
        const int32_t begin = edges[2 * i], size = edges[2 * i + 1] - begin;
        const int end = stage[begin] == FS_SP_TEXT_END;
        word->text = stage + begin;
        word->size = size;
        word->key = fs_piece_key_of(word->text, FS_MIN(size, FS_PIECE_SHORT), FS_SP_STAGED_MARGIN);
        word->hash = fs_piece_key_hash(word->key, secret);
        w->text_ends[texts] = count;
        texts += end;
        longer[longs] = (int16_t)count;
        longs += size > FS_PIECE_SHORT;
        count += !end;
    }
    for (i = 0; i < longs; i++) set_long(&words[longer[i]], secret);
    for (i = 0; i < count; i++) FS_PREFETCH(fs_cache_line(cache, words[i].hash));
    w->count = count;
    w->text_count = texts;
}
