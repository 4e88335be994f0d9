#include "sp_file.h"

#include <stdio.h>

#include "protobuf.h"
#include "text/unicode/utf8.h"

/* What the file says besides its pieces; defaults are those of sentencepiece_model.proto. */
typedef struct settings {
    uint64_t model_type;
    uint64_t suffix, byte_fallback;
    fs_text bos_piece, eos_piece, pad_piece;
} settings;

static fs_text literal(const char *s) {
    const fs_text text = {(const uint8_t *)s, strlen(s)};
    return text;
}

static fs_status read_piece(fs_sp_model *m, fs_proto message, fs_error *err) {
    fs_proto_field f;
    fs_text piece = {NULL, 0};
    float score = 0;
    uint64_t type = FS_PIECE_NORMAL;
    for (;;) {
        FS_TRY(fs_proto_next(&message, &f, err));
        if (!f.number) break;
        if (f.number == 1) {
            FS_TRY(fs_proto_expect(&f, FS_WIRE_BYTES, "piece", err));
            piece = fs_proto_bytes(&message, &f);
        } else if (f.number == 2) {
            FS_TRY(fs_proto_expect(&f, FS_WIRE_32, "score", err));
            score = fs_proto_float(&f);
        } else if (f.number == 3) {
            FS_TRY(fs_proto_expect(&f, FS_WIRE_VARINT, "type", err));
            type = f.value;
        }
    }
    return fs_pieces_add(&m->pieces, piece, (double)score, type > FS_PIECE_BYTE ? 0 : (fs_piece_type)type, err);
}

static fs_status keep_text(fs_buffer *b, fs_text text, fs_error *err) {
    b->size = 0;
    return fs_buffer_append(b, text.data, text.size, err);
}

/* A field of the trainer's settings that takes a number, or one that takes bytes. */
static fs_status read_trainer(fs_sp_model *m, fs_proto message, settings *s, fs_error *err) {
    fs_proto_field f;
    for (;;) {
        uint64_t *number = NULL;
        fs_text *text = NULL;
        FS_TRY(fs_proto_next(&message, &f, err));
        switch (f.number) {
        case 0: return FS_OK;
        case 3: number = &s->model_type; break;
        case 24: number = &s->suffix; break;
        case 35: number = &s->byte_fallback; break;
        case 46: text = &s->bos_piece; break;
        case 47: text = &s->eos_piece; break;
        case 48: text = &s->pad_piece; break;
        case 44:
            FS_TRY(fs_proto_expect(&f, FS_WIRE_BYTES, "unk_surface", err));
            FS_TRY(keep_text(&m->unknown_text, fs_proto_bytes(&message, &f), err));
            break;
        default: break;
        }
        if (number) FS_TRY(fs_proto_expect(&f, FS_WIRE_VARINT, "trainer_spec", err));
        if (number) *number = f.value;
        if (text) FS_TRY(fs_proto_expect(&f, FS_WIRE_BYTES, "trainer_spec", err));
        if (text) *text = fs_proto_bytes(&message, &f);
    }
}

static fs_status read_normalizer(fs_sp_rules *r, fs_proto message, fs_error *err) {
    fs_proto_field f;
    fs_text charsmap = {NULL, 0};
    for (;;) {
        int *flag = NULL;
        FS_TRY(fs_proto_next(&message, &f, err));
        if (!f.number) break;
        if (f.number == 2) {
            FS_TRY(fs_proto_expect(&f, FS_WIRE_BYTES, "precompiled_charsmap", err));
            charsmap = fs_proto_bytes(&message, &f);
        }
        if (f.number == 3) flag = &r->dummy_prefix;
        if (f.number == 4) flag = &r->remove_spaces;
        if (f.number == 5) flag = &r->escape;
        if (flag) FS_TRY(fs_proto_expect(&f, FS_WIRE_VARINT, "normalizer_spec", err));
        if (flag) *flag = f.value != 0;
    }
    fs_charsmap_free(&r->map);
    return fs_charsmap_load(&r->map, charsmap, err);
}

static void set_defaults(fs_sp_rules *r) {
    fs_charsmap_load(&r->map, (fs_text){NULL, 0}, NULL); /* no rules */
    r->dummy_prefix = r->remove_spaces = r->escape = 1;
}

static fs_status read_fields(fs_sp_model *m, fs_text file, settings *s, fs_error *err) {
    fs_proto p = {file, 0, file.size};
    fs_proto_field f;
    for (;;) {
        FS_TRY(fs_proto_next(&p, &f, err));
        if (!f.number) return FS_OK;
        if (f.number > 5 || f.number == 4) continue;
        FS_TRY(fs_proto_expect(&f, FS_WIRE_BYTES, "the file", err));
        if (f.number == 1) FS_TRY(read_piece(m, fs_proto_message(&p, &f), err));
        if (f.number == 2) FS_TRY(read_trainer(m, fs_proto_message(&p, &f), s, err));
        if (f.number == 3) FS_TRY(read_normalizer(&m->rules, fs_proto_message(&p, &f), err));
        if (f.number == 5) FS_TRY(read_normalizer(&m->back, fs_proto_message(&p, &f), err));
    }
}

/* Pieces that the user defined: no rule changes them. */
static fs_status note_defined(fs_sp_model *m, fs_hash_key key, fs_error *err) {
    fs_sp_rules *r = &m->rules;
    int32_t id;
    for (id = 0; id < m->pieces.count; id++) {
        const fs_text piece = fs_pieces_text(&m->pieces, id);
        int32_t value = id;
        if (fs_pieces_type(&m->pieces, id) != FS_PIECE_DEFINED) continue;
        if (!r->has_kept) FS_TRY(fs_trie_init(&r->kept, key.k1, err));
        r->has_kept = 1;
        r->kept_spaced |= memchr(piece.data, ' ', piece.size) != NULL;
        FS_TRY(fs_trie_add(&r->kept, piece, &value, err));
    }
    return FS_OK;
}

static int32_t control(const fs_sp_model *m, fs_text piece) {
    const int32_t id = fs_trie_find(&m->pieces.reserved, piece.data, (int32_t)FS_MIN(piece.size, FS_PIECE_MAX + 1));
    return id >= 0 && fs_pieces_type(&m->pieces, id) == FS_PIECE_CONTROL ? id : -1;
}

static int is_parted(const fs_sp_model *m) {
    const fs_sp_rules *r = &m->rules;
    const fs_pieces *p = &m->pieces;
    const int32_t space = fs_byte_trie_find(&p->found, (const uint8_t *)FS_SP_SPACE, 3);
    if (p->kind != FS_PIECES_MERGE || !p->words || p->unused || !(p->byte_fallback || (space >= 0 && space < p->count))) return 0;
    return r->escape && !r->suffix && !r->map.spaced && !r->kept_spaced;
}

fs_status fs_sp_load(fs_sp_model *m, fs_hash_key key, fs_text file, fs_error *err) {
    settings s = {1, 0, 0, literal("<s>"), literal("</s>"), literal("<pad>")};
    FS_TRY(fs_pieces_init(&m->pieces, key, err));
    FS_TRY(keep_text(&m->unknown_text, literal(" \xE2\x81\x87 "), err));
    set_defaults(&m->rules);
    set_defaults(&m->back);
    FS_TRY(read_fields(m, file, &s, err));
    if (s.model_type != 1 && s.model_type != 2)
        return fs_fail(err, FS_ERR_UNSUPPORTED, "trainer_spec.model_type", "not supported", "1 (unigram) or 2 (bpe)|%llu",
                       (unsigned long long)s.model_type);
    if (fs_utf8_valid(m->unknown_text.data, m->unknown_text.size) != m->unknown_text.size)
        return fs_fail(err, FS_ERR_FORMAT, "trainer_spec.unk_surface", "not UTF-8", "valid UTF-8|");
    m->pieces.kind = s.model_type == 1 ? FS_PIECES_UNIGRAM : FS_PIECES_MERGE;
    m->pieces.single = m->pieces.join_unknown = 1;
    m->pieces.byte_fallback = s.byte_fallback != 0;
    m->rules.suffix = s.suffix != 0;
    FS_TRY(note_defined(m, key, err));
    fs_sp_rules_note(&m->rules);
    fs_sp_rules_note(&m->back);
    m->bos = control(m, s.bos_piece);
    m->eos = control(m, s.eos_piece);
    m->pad = control(m, s.pad_piece);
    FS_TRY(fs_pieces_ready(&m->pieces, err));
    m->by_words = m->rules.by_words && m->pieces.words && !(m->pieces.kind == FS_PIECES_MERGE && m->pieces.unused);
    m->parted = is_parted(m);
    return FS_OK;
}

void fs_sp_free(fs_sp_model *m) {
    fs_pieces_free(&m->pieces);
    fs_sp_rules_free(&m->rules);
    fs_sp_rules_free(&m->back);
    fs_buffer_free(&m->unknown_text);
}
