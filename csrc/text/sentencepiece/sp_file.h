/* SentencePiece's files (.model, .spm): a ModelProto of protobuf. */
#ifndef FS_TEXT_SP_FILE_H
#define FS_TEXT_SP_FILE_H

#include "pieces.h"
#include "sp_normalize.h"

typedef struct fs_sp_model {
    fs_pieces pieces;
    fs_sp_rules rules;
    fs_sp_rules back;       /* what decoded text goes through; without rules in nearly all files */
    fs_buffer unknown_text;  /* what an unknown id decodes to */
    int by_words;            /* words of a text can be encoded as they are given: sp_words.h */
    int parted;              /* a text can be cut before its spaces, into parts that are encoded apart */
    int32_t bos, eos, pad;   /* ids; -1: none */
} fs_sp_model;

/* *m starts zero-filled; free it either way. Errors name the place in the file. */
fs_status fs_sp_load(fs_sp_model *m, fs_hash_key key, fs_text file, fs_error *err);
void fs_sp_free(fs_sp_model *m);

#endif
