/* Blocks of ggml: their weights as whole numbers, and the scales and least values of their groups. */
#include <string.h>

#include "../base/checked.h"
#include "grouped.h"
#include "half.h"

static float half_at(const uint8_t *at) {
    uint16_t half;
    memcpy(&half, at, sizeof half);
    return fs_half_expand(half);
}

/* 16 bytes: the low halves, then the high ones. */
static void nibbles(const uint8_t *at, uint8_t *u) {
    for (int i = 0; i < 16; i++) {
        u[i] = at[i] & 15;
        u[16 + i] = at[i] >> 4;
    }
}

static void fifth_bits(const uint8_t *at, uint8_t *u) {
    for (int i = 0; i < 32; i++) u[i] = (uint8_t)(u[i] | (at[i / 8] >> i % 8 & 1) << 4);
}

static void raise(uint8_t *u, int n, int by) {
    for (int i = 0; i < n; i++) u[i] = (uint8_t)(u[i] + by);
}

static void read_q4_0(const uint8_t *b, fs_block_values *to) {
    to->d[0] = half_at(b);
    nibbles(b + 2, to->u);
}

static void read_q4_1(const uint8_t *b, fs_block_values *to) {
    to->d[0] = half_at(b);
    to->m[0] = half_at(b + 2);
    nibbles(b + 4, to->u);
}

static void read_q5_0(const uint8_t *b, fs_block_values *to) {
    to->d[0] = half_at(b);
    nibbles(b + 6, to->u);
    fifth_bits(b + 2, to->u);
    raise(to->u, 32, 128 - 16);
}

static void read_q5_1(const uint8_t *b, fs_block_values *to) {
    to->d[0] = half_at(b);
    to->m[0] = half_at(b + 2);
    nibbles(b + 8, to->u);
    fifth_bits(b + 4, to->u);
    raise(to->u, 32, 128);
}

static void read_q8_0(const uint8_t *b, fs_block_values *to) {
    to->d[0] = half_at(b);
    for (int i = 0; i < 32; i++) to->u[i] = b[2 + i] ^ 0x80;
}

static void read_iq4_nl(const uint8_t *b, fs_block_values *to) {
    static const int8_t values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    to->d[0] = half_at(b);
    nibbles(b + 2, to->u);
    for (int i = 0; i < 32; i++) to->u[i] = (uint8_t)(values[to->u[i]] + 128);
}

/* Scales and least values of the 8 groups of Q4_K and Q5_K: 6 bits each, in 12 bytes. */
static void read_scales_k(const uint8_t *b, fs_block_values *to) {
    const float d = half_at(b), least = half_at(b + 2);
    const uint8_t *s = b + 4;
    for (int i = 0; i < 8; i++) {
        const int scale = i < 4 ? s[i] & 63 : (s[i + 4] & 15) | s[i - 4] >> 6 << 4;
        const int low = i < 4 ? s[i + 4] & 63 : s[i + 4] >> 4 | s[i] >> 6 << 4;
        to->d[i] = d * (float)scale;
        to->m[i] = -(least * (float)low);
    }
}

static void read_quarters_k(const uint8_t *at, uint8_t *u) {
    for (int i = 0; i < 128; i++) {
        u[i / 32 * 64 + i % 32] = at[i] & 15;
        u[i / 32 * 64 + 32 + i % 32] = at[i] >> 4;
    }
}

static void read_q4_k(const uint8_t *b, fs_block_values *to) {
    read_scales_k(b, to);
    read_quarters_k(b + 16, to->u);
}

static void read_q5_k(const uint8_t *b, fs_block_values *to) {
    read_scales_k(b, to);
    read_quarters_k(b + 48, to->u);
    for (int i = 0; i < 256; i++) to->u[i] = (uint8_t)(to->u[i] | (b[16 + i % 32] >> i / 32 & 1) << 4);
    raise(to->u, 256, 128);
}

static void read_q6_k(const uint8_t *b, fs_block_values *to) {
    const float d = half_at(b + 208);
    for (int i = 0; i < 256; i++) {
        const int half = i / 128, quarter = i % 128 / 32, at = i % 32;
        const int low = b[64 * half + 32 * (quarter & 1) + at] >> (quarter < 2 ? 0 : 4) & 15;
        const int high = b[128 + 32 * half + at] >> 2 * quarter & 3;
        to->u[i] = (uint8_t)((low | high << 4) - 32 + 128);
    }
    for (int i = 0; i < 16; i++) to->d[i] = d * (float)((b[192 + i] ^ 0x80) - 128);
}

const fs_block_type *fs_block_type_of(int type) {
    static const fs_block_type types[] = {
        {FS_GGML_Q4_0, FS_GROUPED_U4, 32, 18, read_q4_0},          {FS_GGML_Q4_1, FS_GROUPED_U4_LEAST, 32, 20, read_q4_1},
        {FS_GGML_Q5_0, FS_GROUPED_U8, 32, 22, read_q5_0},          {FS_GGML_Q5_1, FS_GROUPED_U8_LEAST, 32, 24, read_q5_1},
        {FS_GGML_Q8_0, FS_GROUPED_U8, 32, 34, read_q8_0},          {FS_GGML_Q4_K, FS_GROUPED_U4_WIDE, 256, 144, read_q4_k},
        {FS_GGML_Q5_K, FS_GROUPED_U8_WIDE, 256, 176, read_q5_k},   {FS_GGML_Q6_K, FS_GROUPED_U8_SHORT, 256, 210, read_q6_k},
        {FS_GGML_IQ4_NL, FS_GROUPED_U8, 32, 18, read_iq4_nl},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if ((int)types[i].type == type) return &types[i];
    return NULL;
}

void fs_block_row(const fs_block_type *type, const uint8_t *blocks, int64_t row, int depth, int first, int columns,
                  float *out) {
    const fs_grouped_layout l = fs_grouped_layout_of(type->form);
    fs_block_values v;
    memset(&v, 0, sizeof v);
    blocks += (size_t)row * (size_t)(depth / type->size) * (size_t)type->bytes;
    for (int k = first, block = -1; k < first + columns; k++) {
        const int in_block = k % type->size, g = in_block / l.group;
        if (k / type->size != block) type->read(blocks + (size_t)(block = k / type->size) * (size_t)type->bytes, &v);
        out[k - first] = v.d[g] * (float)(v.u[in_block] - l.zero) + v.m[g];
    }
}

fs_status fs_block_check(int type, int64_t rows, int64_t columns, size_t size, const char *where, fs_error *err) {
    const fs_block_type *t = fs_block_type_of(type);
    size_t bytes = 0;
    if (!t) return fs_fail(err, FS_ERR_VALUE, where, "type not supported", "a type of blocks|%d", type);
    if (rows < 1 || rows > FS_MATRIX_SIDE_MAX)
        return fs_fail(err, FS_ERR_VALUE, where, "bad number of rows", "1 to %d|%lld", FS_MATRIX_SIDE_MAX, (long long)rows);
    if (columns < 1 || columns > FS_MATRIX_SIDE_MAX || columns % t->size)
        return fs_fail(err, FS_ERR_VALUE, where, "bad number of columns", "a multiple of %d, at most %d|%lld", t->size,
                       FS_MATRIX_SIDE_MAX, (long long)columns);
    if (!fs_size_array((size_t)rows, (size_t)(columns / t->size), (size_t)t->bytes, &bytes) || bytes != size)
        return fs_fail(err, FS_ERR_VALUE, where, "size of the data contradicts the shape", "%llu|%llu bytes",
                       (unsigned long long)bytes, (unsigned long long)size);
    return FS_OK;
}
