#include <string.h>

#include "base/arena.h"
#include "unigram_train.h"
#include "text/unicode/utf8.h"

fs_status fs_unigram_trainer_init(fs_unigram_trainer *t, fs_hash_key key, fs_error *err) {
    memset(t, 0, sizeof *t);
    return fs_vocab_init(&t->pieces, key, err);
}

void fs_unigram_trainer_free(fs_unigram_trainer *t) {
    fs_vocab_free(&t->pieces);
    fs_buffer_free(&t->scores);
    fs_buffer_free(&t->bytes);
    fs_buffer_free(&t->words);
    fs_trie_free(&t->trie);
}

fs_status fs_unigram_trainer_piece(fs_unigram_trainer *t, fs_text piece, double score, fs_error *err) {
    const int32_t before = t->pieces.count;
    int32_t id;
    FS_TRY(fs_vocab_add(&t->pieces, piece, &id, err));
    if (id < before) return fs_fail(err, FS_ERR_VALUE, "pieces", "the same piece twice", "|piece %d", id);
    return fs_buffer_append(&t->scores, &score, sizeof score, err);
}

void fs_unigram_trainer_close(fs_unigram_trainer *t) { t->required = t->pieces.count; }

static fs_status add_part(fs_unigram_trainer *t, fs_text part, int64_t count, fs_error *err) {
    static const uint8_t end = FS_UNIGRAM_END;
    const fs_unigram_word word = {(uint32_t)t->bytes.size, (int32_t)part.size, count};
    const int64_t most = INT64_MAX / 4 - t->total;
    if (!part.size) return FS_OK;
    if (count < 1 || count > most / (int64_t)part.size)
        return fs_fail(err, FS_ERR_VALUE, "count", "out of range", "at least 1, and a sum below 2^61|%lld", (long long)count);
    if (t->bytes.size + part.size + 1 > UINT32_MAX)
        return fs_fail(err, FS_ERR_VALUE, "words", "too long together", "below 2^32 bytes|");
    FS_TRY(fs_buffer_append(&t->bytes, part.data, part.size, err));
    FS_TRY(fs_buffer_append(&t->bytes, &end, 1, err));
    t->total += count * (int64_t)part.size;
    return fs_buffer_append(&t->words, &word, sizeof word, err);
}

fs_status fs_unigram_trainer_add(fs_unigram_trainer *t, fs_text word, int64_t count, fs_error *err) {
    fs_text part = {word.data, 0};
    for (size_t at = 0; at < word.size;) {
        const size_t size = (size_t)fs_utf8_size(word.data[at]);
        if (fs_vocab_find(&t->pieces, word.data + at, size) >= 0) {
            part.size += size;
        } else {
            FS_TRY(add_part(t, part, count, err));
            part.data = word.data + at + size;
            part.size = 0;
        }
        at += size;
    }
    return add_part(t, part, count, err);
}
