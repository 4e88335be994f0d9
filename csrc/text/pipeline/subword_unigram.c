/* The Unigram model of tokenizer.json on that of pieces.h. It differs from SentencePiece's in that sums are double,
 * that every piece may be found in a text, and in that what is unknown in a row is one id. */
#include <stdio.h>

#include "subword.h"

/* Which pieces stand for bytes. There are all of them or none; what has some cannot be told apart from a mistake. */
static fs_status find_bytes(fs_pieces *p, const fs_subword_parts *parts, fs_error *err) {
    int byte, found = 0, missing = 0;
    for (byte = 0; byte < 256; byte++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)byte);
        p->of_byte[byte] = fs_trie_find(&p->trie, (const uint8_t *)name, 6);
        if (p->of_byte[byte] >= 0)
            found++;
        else
            missing = byte;
    }
    p->byte_fallback = parts->byte_fallback && found == 256;
    if (parts->byte_fallback && found && found < 256)
        return fs_fail(err, FS_ERR_UNSUPPORTED, "model.vocab", "some bytes have a piece, others do not", "all or none|no <0x%02X>",
                       (unsigned)missing);
    return FS_OK;
}

fs_status fs_subword_unigram_init(fs_subword *m, fs_hash_key key, const fs_subword_parts *parts, fs_error *err) {
    fs_pieces *p = &m->pieces;
    int64_t i;
    FS_TRY(fs_pieces_init(p, key, err));
    p->kind = FS_PIECES_UNIGRAM;
    p->join_unknown = 1;
    for (i = 0; i < parts->count; i++)
        FS_TRY(fs_pieces_add(p, parts->tokens[i], parts->scores[i], parts->hidden[i] ? FS_PIECE_CONTROL : FS_PIECE_NORMAL,
                             err));
    p->unknown = parts->unknown;
    FS_TRY(find_bytes(p, parts, err));
    return fs_pieces_ready(p, err);
}
