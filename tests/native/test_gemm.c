/* The matrix product of every table this machine has: float sums near the portable ones, integer products with
 * the same bits, at sizes around the tiles; arrays end where memory ends, so that one element too far is seen. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arrays.h"
#include "check.h"
#include "kernels/gemm.h"

enum { MOST_ROWS = 61, MOST_SIDE = 3100 };

typedef struct problem {
    int rows, columns, depth, accumulate;
    float *x, *w, *bias, *before; /* (M, K), (N, K), (N), (M, N) */
} problem;

static problem problem_of(int rows, int columns, int depth, int variant) {
    problem p = {rows, columns, depth, variant & 1, NULL, NULL, NULL, NULL};
    p.x = guarded((size_t)rows * (size_t)depth * 4);
    p.w = guarded((size_t)columns * (size_t)depth * 4);
    p.bias = variant & 2 ? guarded((size_t)columns * 4) : NULL;
    p.before = malloc((size_t)rows * (size_t)columns * 4);
    for (int i = 0; i < rows * depth; i++) p.x[i] = random_float();
    for (int i = 0; i < columns * depth; i++) p.w[i] = random_float();
    for (int i = 0; p.bias && i < columns; i++) p.bias[i] = random_float();
    for (int i = 0; i < rows * columns; i++) p.before[i] = random_float();
    return p;
}

/* y (M, N), from the rows [first, first + rows) of the problem */
static float *multiply(const problem *p, fs_isa isa, fs_dtype dtype, int first, int rows) {
    const size_t size = (size_t)rows * (size_t)p->columns * 4;
    float *y = guarded(size);
    void *scratch;
    fs_matrix m;
    CHECK(fs_matrix_init(&m, fs_kernels_for(isa), dtype, p->columns, p->depth, p->w, NULL, "w", NULL) == FS_OK);
    scratch = fs_alloc(fs_gemm_scratch(&m, rows));
    memcpy(y, p->before + (size_t)first * (size_t)p->columns, size);
    fs_gemm(&m, rows, p->x + (size_t)first * (size_t)p->depth, (size_t)p->depth, p->bias, y, (size_t)p->columns,
            p->accumulate, scratch, NULL);
    fs_free(scratch);
    fs_matrix_free(&m);
    return y;
}

static int all_close(const float *a, const float *b, int n, int depth) {
    for (int i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= 1e-6f * sqrtf((float)depth) * (1 + fabsf(a[i])))) return 0;
    return 1;
}

static void compare(const problem *p, fs_isa isa) {
    const int n = p->rows * p->columns;
    for (int dtype = FS_F32; dtype <= FS_S8; dtype++) {
        const float *truth = multiply(p, FS_ISA_portable, (fs_dtype)dtype, 0, p->rows);
        const float *y = multiply(p, isa, (fs_dtype)dtype, 0, p->rows);
        const float *last = multiply(p, isa, (fs_dtype)dtype, p->rows - 1, 1);
        const float *last_of_all = y + (size_t)(p->rows - 1) * (size_t)p->columns;
        const int same = dtype == FS_S8 ? memcmp(truth, y, (size_t)n * 4) == 0 : all_close(truth, y, n, p->depth);
        if (!same || memcmp(last, last_of_all, (size_t)p->columns * 4) != 0) {
            printf("%s, dtype %d: %d rows, N %d, K %d, accumulate %d, bias %d: %s\n", fs_isa_name(isa), dtype, p->rows,
                   p->columns, p->depth, p->accumulate, p->bias != NULL, same ? "a row alone differs" : "wrong");
            check_failures++;
        }
    }
}

static void every_table_agrees_with_the_portable_one(void) {
    static const int rows[] = {1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 14, 15, 29, MOST_ROWS};
    static const int sides[][2] = {{1, 1}, {7, 5}, {16, 4}, {33, 17}, {130, 31}, {64, 273}};
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        for (int side = 0; fs_isa_available((fs_isa)isa) && side < 6; side++)
            for (int r = 0; r < (int)(sizeof rows / sizeof rows[0]); r++) {
                const problem p = problem_of(rows[r], sides[side][0], sides[side][1], r + side);
                compare(&p, (fs_isa)isa);
                free(p.before);
            }
}

static void long_sums_are_split_without_a_trace(void) {
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        for (int rows = 1; fs_isa_available((fs_isa)isa) && rows < 24; rows += 11) {
            const problem p = problem_of(rows, 37, MOST_SIDE, rows);
            compare(&p, (fs_isa)isa);
            free(p.before);
        }
}

/* -128 occurs in weights of others; 127 and 128 everywhere are the largest sums there are. */
static void extreme_bytes_are_exact(void) {
    enum { N = 33, K = 2050 };
    int8_t *w = guarded(N * K);
    uint8_t *q = guarded(fs_quantized_stride(K) * 6);
    float w_scale[N], scale[6], y[6 * N];
    for (int i = 0; i < N; i++) w_scale[i] = 1;
    for (int i = 0; i < 6; i++) scale[i] = 1;
    for (int sign = 0; sign < 4; sign++) {
        const int weight = sign & 1 ? -128 : 127, x = sign & 2 ? -127 : 127;
        memset(w, weight, N * K);
        memset(q, x + 128, fs_quantized_stride(K) * 6);
        for (int isa = 0; isa < FS_ISA_COUNT; isa++) {
            fs_matrix m;
            if (!fs_isa_available((fs_isa)isa)) continue;
            CHECK(fs_matrix_init_s8(&m, fs_kernels_for((fs_isa)isa), N, K, w, w_scale, 0, NULL, "w", NULL) == FS_OK);
            fs_gemm_quantized(&m, 6, q, fs_quantized_stride(K), scale, NULL, y, N, 0, NULL);
            for (int i = 0; i < 6 * N; i++) CHECK(y[i] == (float)(weight * x * K));
            fs_matrix_free(&m);
        }
    }
}

static void bad_weights_are_refused(void) {
    float w[4] = {1, 2, 3, INFINITY}, huge[1] = {3.4e38f};
    fs_matrix m;
    fs_error err;
    const fs_kernels *k = fs_kernels_for(fs_isa_best());
    CHECK(fs_matrix_init(&m, k, FS_F32, 2, 2, w, NULL, "layer", &err) == FS_ERR_VALUE);
    CHECK(strcmp(err.where, "layer") == 0 && strstr(err.found, "(1, 1)"));
    CHECK(fs_matrix_init(&m, k, FS_BF16, 1, 1, huge, NULL, "layer", &err) == FS_ERR_VALUE);
    CHECK(fs_matrix_init(&m, k, FS_F32, 0, 2, w, NULL, "layer", &err) == FS_ERR_VALUE);
    CHECK(fs_matrix_init(&m, k, FS_S8, 1, FS_MATRIX_S8_DEPTH_MAX + 1, w, NULL, "layer", &err) == FS_ERR_VALUE);
    fs_matrix_free(&m);
    fs_matrix_free(NULL);
}

BEGIN
    fs_kernels_init();
    RUN(every_table_agrees_with_the_portable_one);
    RUN(long_sums_are_split_without_a_trace);
    RUN(extreme_bytes_are_exact);
    RUN(bad_weights_are_refused);
END
