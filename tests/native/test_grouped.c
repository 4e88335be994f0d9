/* The product with weights in groups, of every table this machine has, for every type of blocks: near what its formula
 * gives in double precision, with whole numbers the same everywhere, and a row's bits its own; arrays end where memory
 * ends, so that one element too far is seen. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arrays.h"
#include "check.h"
#include "kernels/gemm.h"

enum { TYPES = 9 };

static const int types[TYPES] = {FS_GGML_Q4_0, FS_GGML_Q4_1, FS_GGML_Q5_0, FS_GGML_Q5_1,  FS_GGML_Q8_0,
                                 FS_GGML_Q4_K, FS_GGML_Q5_K, FS_GGML_Q6_K, FS_GGML_IQ4_NL};

/* Where the float16 of a block lie, and how many. */
static int halves_of(int type, int *first) {
    *first = type == FS_GGML_Q6_K ? 208 : 0;
    return type == FS_GGML_Q4_1 || type == FS_GGML_Q5_1 || type == FS_GGML_Q4_K || type == FS_GGML_Q5_K ? 2 : 1;
}

/* Random blocks; scales are small float16, or 1. */
static uint8_t *random_blocks(const fs_block_type *t, int count, int ones) {
    uint8_t *blocks = guarded((size_t)count * (size_t)t->bytes);
    int first;
    const int halves = halves_of((int)t->type, &first);
    for (int i = 0; i < count * t->bytes; i++) blocks[i] = (uint8_t)random_word();
    for (int b = 0; b < count; b++)
        for (int h = 0; h < halves; h++) {
            const uint16_t half = (uint16_t)(ones ? 0x3c00 : 0x2000 | (random_word() & 0x83ff));
            memcpy(blocks + b * t->bytes + first + 2 * h, &half, sizeof half);
        }
    return blocks;
}

typedef struct problem {
    const fs_block_type *type;
    int rows, columns, depth, accumulate;
    uint8_t *blocks;
    float *x, *bias, *before;
} problem;

static problem problem_of(int type, int rows, int columns, int depth, int variant) {
    problem p = {fs_block_type_of(type), rows, columns, depth, variant & 1, NULL, NULL, NULL, NULL};
    p.blocks = random_blocks(p.type, columns * (depth / p.type->size), 0);
    p.x = guarded((size_t)rows * (size_t)depth * 4);
    p.bias = variant & 2 ? guarded((size_t)columns * 4) : NULL;
    p.before = malloc((size_t)rows * (size_t)columns * 4);
    for (int i = 0; i < rows * depth; i++) p.x[i] = random_float();
    for (int i = 0; p.bias && i < columns; i++) p.bias[i] = random_float();
    for (int i = 0; i < rows * columns; i++) p.before[i] = random_float();
    return p;
}

static size_t block_bytes(const problem *p) {
    return (size_t)p->columns * (size_t)(p->depth / p->type->size) * (size_t)p->type->bytes;
}

static float *multiply(const problem *p, fs_isa isa, int first, int rows) {
    const size_t size = (size_t)rows * (size_t)p->columns * 4;
    float *y = guarded(size);
    const fs_block_rows all = {(int)p->type->type, p->columns, p->blocks, block_bytes(p), "w"};
    void *scratch;
    fs_store store = {0};
    fs_grouped m;
    CHECK(fs_grouped_init(&m, fs_kernels_for(isa), &all, 1, p->depth, &store, NULL, NULL) == FS_OK);
    scratch = fs_alloc(fs_grouped_scratch(&m, rows));
    memcpy(y, p->before + (size_t)first * (size_t)p->columns, size);
    fs_grouped_multiply(&m, 1, rows, p->x + (size_t)first * (size_t)p->depth, (size_t)p->depth, p->bias, y,
                        (size_t)p->columns, p->accumulate, scratch, NULL);
    fs_free(scratch);
    fs_store_close(&store);
    return y;
}

/* An element by its formula, and the sum of its terms' magnitudes. */
static double element(const problem *p, int row, int column, double *size) {
    const fs_grouped_layout l = fs_grouped_layout_of(p->type->form);
    const int blocks = p->depth / p->type->size;
    double y = p->bias ? p->bias[column] : 0;
    fs_block_values v;
    memset(&v, 0, sizeof v);
    if (p->accumulate) y += p->before[row * p->columns + column];
    *size = fabs(y);
    for (int b = 0; b < blocks; b++) {
        p->type->read(p->blocks + (size_t)(column * blocks + b) * (size_t)p->type->bytes, &v);
        for (int g = 0; g < p->type->size / l.group; g++) {
            const float *x = p->x + row * p->depth + b * p->type->size + g * l.group;
            int8_t q[FS_GROUP_LONGEST];
            float scale;
            int32_t sum;
            double dot = 0;
            fs_kernels_for(FS_ISA_portable)->quantize_groups_s8(l.group, l.group, x, q, &scale, &sum);
            for (int k = 0; k < l.group; k++) dot += (v.u[g * l.group + k] - l.zero) * q[k];
            y += scale * (dot * v.d[g] + (double)sum * v.m[g]);
            *size += fabs(scale * dot * v.d[g]) + fabs((double)scale * sum * v.m[g]);
        }
    }
    return y;
}

static void compare(const problem *p, fs_isa isa) {
    const float *y = multiply(p, isa, 0, p->rows), *last = multiply(p, isa, p->rows - 1, 1);
    int wrong = 0;
    for (int row = 0; row < p->rows; row++)
        for (int column = 0; column < p->columns; column++) {
            double size;
            const double truth = element(p, row, column, &size);
            wrong += !(fabs(y[row * p->columns + column] - truth) <= 2e-6 * size);
        }
    if (wrong || memcmp(last, y + (size_t)(p->rows - 1) * (size_t)p->columns, (size_t)p->columns * 4) != 0) {
        printf("%s, type %d: %d rows, N %d, K %d, accumulate %d, bias %d: %d wrong\n", fs_isa_name(isa),
               (int)p->type->type, p->rows, p->columns, p->depth, p->accumulate, p->bias != NULL, wrong);
        check_failures++;
    }
}

static void every_table_is_near_the_formula(void) {
    static const int rows[] = {1, 2, 3, 5, 8, 13}, columns[] = {1, 4, 7, 16, 35};
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        for (int t = 0; fs_isa_available((fs_isa)isa) && t < TYPES; t++)
            for (int i = 0; i < 15; i++) {
                const int size = fs_block_type_of(types[t])->size;
                const problem p = problem_of(types[t], rows[i % 6], columns[i % 5], size * (1 + i % 3), i);
                compare(&p, (fs_isa)isa);
                free(p.before);
            }
}

/* Scales of 1, whole numbers for x whose largest is 127: sums are whole and below 2^24, so every table has the same. */
static void whole_numbers_are_the_same_everywhere(void) {
    enum { N = 19, ROWS = 9 };
    for (int t = 0; t < TYPES; t++) {
        problem p = problem_of(types[t], ROWS, N, 256, 0);
        const float *truth;
        p.accumulate = 0;
        p.blocks = random_blocks(p.type, N * (256 / p.type->size), 1);
        for (int i = 0; i < ROWS * 256; i++) p.x[i] = i % 16 ? (float)((int)(random_word() % 255) - 127) : 127.0f;
        for (int i = 0; types[t] == FS_GGML_Q4_K && i < N; i++) memset(p.blocks + i * 144 + 4, 65, 12); /* small scales */
        for (int i = 0; types[t] == FS_GGML_Q5_K && i < N; i++) memset(p.blocks + i * 176 + 4, 65, 12);
        for (int i = 0; types[t] == FS_GGML_Q6_K && i < N; i++) memset(p.blocks + i * 210 + 192, 1, 16);
        truth = multiply(&p, FS_ISA_portable, 0, ROWS);
        for (int isa = 0; isa < FS_ISA_COUNT; isa++)
            if (fs_isa_available((fs_isa)isa)) CHECK(memcmp(multiply(&p, (fs_isa)isa, 0, ROWS), truth, ROWS * N * 4) == 0);
        free(p.before);
    }
}

static void groups_are_quantized_alike(void) {
    static const int lengths[] = {1, 15, 16, 17, 31, 32, 33, 100};
    for (int i = 0; i < 8 * 4; i++) {
        const int n = lengths[i % 8], group = i & 8 ? 16 : 32, groups = (n + group - 1) / group;
        float *x = guarded((size_t)n * 4);
        for (int j = 0; j < n; j++) x[j] = random_float() * (i & 16 ? 1e-32f : 5.0f);
        if (i == 5) x[n / 2] = NAN;
        if (i == 6) x[n - 1] = -INFINITY;
        for (int isa = 0; isa < FS_ISA_COUNT; isa++) {
            int8_t *q[2];
            float *scale[2];
            int32_t *sum[2];
            if (!fs_isa_available((fs_isa)isa)) continue;
            for (int which = 0; which < 2; which++) {
                q[which] = guarded((size_t)(groups * group));
                scale[which] = guarded((size_t)groups * 4);
                sum[which] = guarded((size_t)groups * 4);
                fs_kernels_for(which ? (fs_isa)isa : FS_ISA_portable)
                    ->quantize_groups_s8(n, group, x, q[which], scale[which], sum[which]);
            }
            CHECK(memcmp(q[0], q[1], (size_t)(groups * group)) == 0);
            CHECK(memcmp(sum[0], sum[1], (size_t)groups * 4) == 0);
            for (int g = 0; g < groups; g++)
                CHECK(scale[0][g] == scale[1][g] || (isnan(scale[0][g]) && isnan(scale[1][g])));
        }
    }
}

/* Matrices of several types, one under the other, have the bits of each alone. */
static void parts_are_one_under_the_other(void) {
    enum { PARTS = 4, ROWS = 3, K = 256 };
    static const int of[PARTS] = {FS_GGML_Q4_1, FS_GGML_Q4_1, FS_GGML_Q6_K, FS_GGML_Q8_0}, wide[PARTS] = {35, 5, 16, 3};
    const fs_kernels *k = fs_kernels_for(fs_isa_best());
    float x[ROWS * K], y[ROWS * 59], alone[ROWS * 59], bias[59];
    fs_block_rows parts[PARTS];
    fs_store store = {0};
    fs_matrix m, one;
    void *scratch;
    for (int i = 0; i < ROWS * K; i++) x[i] = random_float();
    for (int i = 0; i < 59; i++) bias[i] = random_float();
    for (int i = 0; i < PARTS; i++) {
        const fs_block_type *type = fs_block_type_of(of[i]);
        const int blocks = wide[i] * (K / type->size);
        parts[i] = (fs_block_rows){of[i], wide[i], random_blocks(type, blocks, 0), (size_t)(blocks * type->bytes), "w"};
    }
    CHECK(fs_matrix_init_blocks(&m, k, parts, PARTS, K, &store, NULL, NULL) == FS_OK);
    CHECK(m.part_count == 3 && m.columns == 59);
    scratch = fs_alloc(fs_gemm_scratch(&m, ROWS));
    fs_gemm(&m, ROWS, x, K, bias, y, 59, 0, scratch, NULL);
    for (int i = 0, at = 0; i < PARTS; at += wide[i++]) {
        CHECK(fs_matrix_init_blocks(&one, k, parts + i, 1, K, &store, NULL, NULL) == FS_OK);
        fs_gemm(&one, ROWS, x, K, bias + at, alone + at, 59, 0, scratch, NULL);
        fs_matrix_free(&one);
    }
    CHECK(memcmp(y, alone, sizeof y) == 0);
    fs_free(scratch);
    fs_matrix_free(&m);
    fs_store_close(&store);
}

/* Blocks as they lie give the bits of those that are laid out. */
static void nothing_need_be_laid_out(void) {
    enum { ROWS = 5, K = 512, N = 32 * 18 + 7 };
    float x[ROWS * K], bias[N], *y[2];
    for (int i = 0; i < ROWS * K; i++) x[i] = random_float();
    for (int i = 0; i < N; i++) bias[i] = random_float();
    for (int i = 0; i < 2; i++) y[i] = guarded(ROWS * N * sizeof(float));
    for (int t = 0; t < TYPES; t++) {
        const fs_block_type *type = fs_block_type_of(types[t]);
        const int first = N / 2 * (K / type->size), all = N * (K / type->size);
        const uint8_t *blocks = random_blocks(type, all, 0);
        const fs_block_rows parts[] = {
            {types[t], N / 2, blocks, (size_t)first * (size_t)type->bytes, "w"},
            {types[t], N - N / 2, blocks + first * type->bytes, (size_t)(all - first) * (size_t)type->bytes, "w"}};
        for (int isa = 0; isa < FS_ISA_COUNT; isa++)
            for (int lying = 0; lying < 2 && fs_isa_available((fs_isa)isa); lying++) {
                fs_store store = {0};
                fs_run run = {.threads = 1 + isa % 3};
                fs_matrix m;
                void *scratch;
                CHECK(fs_matrix_init_blocks(&m, fs_kernels_for((fs_isa)isa), parts, 2, K, lying ? NULL : &store, NULL, NULL) == FS_OK);
                CHECK(!lying || !fs_matrix_bytes(&m));
                scratch = fs_alloc(fs_gemm_scratch(&m, ROWS));
                memset(y[lying], 0, ROWS * N * sizeof(float));
                fs_gemm(&m, ROWS, x, K, t % 2 ? bias : NULL, y[lying], N, t % 3 == 0, scratch, &run);
                CHECK(!lying || !memcmp(y[0], y[1], ROWS * N * sizeof(float)));
                fs_free(scratch);
                fs_matrix_free(&m);
                fs_store_close(&store);
            }
    }
}

static fs_status made_of(int type, int rows, int depth, const uint8_t *blocks, size_t size, fs_error *err) {
    const fs_block_rows all = {type, rows, blocks, size, "w"};
    fs_store store = {0};
    fs_grouped m;
    const fs_status st = fs_grouped_init(&m, fs_kernels_for(fs_isa_best()), &all, 1, depth, &store, NULL, err);
    CHECK(fs_grouped_init(&m, fs_kernels_for(fs_isa_best()), &all, 1, depth, NULL, NULL, err) == st);
    fs_store_close(&store);
    return st;
}

static void what_cannot_be_is_refused(void) {
    uint8_t blocks[3 * 34] = {0};
    fs_error err;
    CHECK(made_of(10, 1, 32, blocks, 34, &err) == FS_ERR_VALUE);
    CHECK(made_of(FS_GGML_Q8_0, 3, 33, blocks, 102, &err) == FS_ERR_VALUE);
    CHECK(made_of(FS_GGML_Q8_0, 3, 32, blocks, 101, &err) == FS_ERR_VALUE);
    CHECK(made_of(FS_GGML_Q8_0, 0, 32, blocks, 0, &err) == FS_ERR_VALUE);
    blocks[34] = 0, blocks[35] = 0x7c; /* infinity */
    CHECK(made_of(FS_GGML_Q8_0, 3, 32, blocks, 102, &err) == FS_ERR_VALUE);
    CHECK(strcmp(err.where, "w") == 0 && strstr(err.found, "row 1"));
}

BEGIN
    fs_kernels_init();
    RUN(every_table_is_near_the_formula);
    RUN(whole_numbers_are_the_same_everywhere);
    RUN(groups_are_quantized_alike);
    RUN(parts_are_one_under_the_other);
    RUN(nothing_need_be_laid_out);
    RUN(what_cannot_be_is_refused);
END
