/* Every row kernel of every table this machine has, against the portable one: lengths around the vector
 * widths, starts off alignment, and arrays that end where memory ends, so that one element too far is seen. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "check.h"
#include "kernels/kernels.h"

enum { MOST = 1023, PAGE = 16384, ROOM = 4 * PAGE }; /* bytes of an array: four gates of MOST floats */

static const int lengths[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, MOST};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

/* ROOM bytes followed by a page that may not be touched */
static unsigned char *guarded(void) {
#if defined(_WIN32)
    DWORD before;
    unsigned char *p = VirtualAlloc(NULL, ROOM + PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!p || !VirtualProtect(p + ROOM, PAGE, PAGE_NOACCESS, &before)) abort();
#else
    unsigned char *p = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (p == MAP_FAILED || mprotect(p + ROOM, PAGE, PROT_NONE)) abort();
#endif
    return p;
}

/* Arrays of one case: a and b are inputs, the others written. The last element of each is the last before
 * its guard page, or `early` elements before that, where what lies behind must stay as it was. */
typedef struct room {
    unsigned char *block[6];
} room;

static room rooms[2]; /* of the portable table and of the one tested */

static float *floats(room *r, int which, int n, int early) {
    return (float *)(void *)(r->block[which] + ROOM) - n - early;
}

static uint32_t random_state = 1;
static float random_float(float scale) {
    random_state = random_state * 1664525u + 1013904223u;
    return ((float)(random_state >> 8) / 8388608.0f - 1.0f) * scale;
}

/* The same values in both rooms, a few of them large. */
static void fill(int which, int n, int early, float scale) {
    float *a = floats(&rooms[0], which, n, early), *b = floats(&rooms[1], which, n, early);
    for (int i = 0; i < n; i++) {
        a[i] = random_float(scale);
        if (random_state % 61 == 0) a[i] *= 40;
    }
    memcpy(b, a, (size_t)n * sizeof *a);
    for (int r = 0; r < 2; r++) memset(rooms[r].block[which] + ROOM - early * 4, 0x5a, (size_t)early * 4);
}

static int behind_is_untouched(int which, int early) {
    const unsigned char *p = rooms[1].block[which] + ROOM - early * 4;
    for (int i = 0; i < early * 4; i++)
        if (p[i] != 0x5a) return 0;
    return 1;
}

static int close_to(float a, float b, float tolerance) {
    if (a != a || b != b) return a != a && b != b;
    return a == b || fabsf(a - b) <= tolerance * (1.0f + fabsf(a));
}

static int rows_close(int which, int n, int early, float tolerance) {
    const float *a = floats(&rooms[0], which, n, early), *b = floats(&rooms[1], which, n, early);
    for (int i = 0; i < n; i++)
        if (!close_to(a[i], b[i], tolerance)) return 0;
    return 1;
}

typedef void (*kernel_case)(const fs_kernels *k, room *r, int n, int early);
static float answer[2]; /* of the kernels that return one */

#define AT(which, count) floats(r, which, count, early)
static void run_exp(const fs_kernels *k, room *r, int n, int early) { k->exp_f32(n, AT(0, n), AT(4, n)); }
static void run_sigmoid(const fs_kernels *k, room *r, int n, int early) { k->sigmoid_f32(n, AT(0, n), AT(4, n)); }
static void run_tanh(const fs_kernels *k, room *r, int n, int early) { k->tanh_f32(n, AT(0, n), AT(4, n)); }
static void run_softmax(const fs_kernels *k, room *r, int n, int early) { k->softmax_f32(n, AT(0, n), AT(4, n)); }
static void run_log_softmax(const fs_kernels *k, room *r, int n, int early) {
    k->log_softmax_f32(n, AT(0, n), AT(4, n));
}
static void run_log_sum_exp(const fs_kernels *k, room *r, int n, int early) {
    answer[r - rooms] = k->log_sum_exp_f32(n, AT(0, n));
}
static void run_argmax(const fs_kernels *k, room *r, int n, int early) {
    answer[r - rooms] = (float)k->argmax_f32(n, AT(0, n));
}
static void run_top_k(const fs_kernels *k, room *r, int n, int early) {
    const int kept = n < 20 ? n / 2 : 20;
    k->top_k_f32(n, AT(0, n), kept, (int32_t *)(void *)AT(5, kept), AT(4, kept));
    answer[r - rooms] = kept ? (float)((int32_t *)(void *)AT(5, kept))[kept - 1] : 0;
}
static void run_dot(const fs_kernels *k, room *r, int n, int early) {
    answer[r - rooms] = k->dot_f32(n, AT(0, n), AT(1, n));
}
static void run_axpy(const fs_kernels *k, room *r, int n, int early) { k->axpy_f32(n, 0.7f, AT(0, n), AT(4, n)); }
static void run_additive_score(const fs_kernels *k, room *r, int n, int early) {
    answer[r - rooms] = k->additive_score_f32(n, AT(0, n), AT(1, n), AT(2, n));
}
static void run_rnn_tanh(const fs_kernels *k, room *r, int n, int early) {
    k->rnn_tanh_f32(n, AT(0, n), AT(1, n), AT(4, n));
}
static void run_rnn_relu(const fs_kernels *k, room *r, int n, int early) {
    k->rnn_relu_f32(n, AT(0, n), AT(1, n), AT(4, n));
}
static void run_lstm(const fs_kernels *k, room *r, int n, int early) {
    k->lstm_f32(n, AT(0, 4 * n), AT(1, 4 * n), AT(5, n), AT(4, n));
}
static void run_gru(const fs_kernels *k, room *r, int n, int early) {
    k->gru_f32(n, AT(0, 3 * n), AT(1, 3 * n), AT(4, n));
}
static void run_relu(const fs_kernels *k, room *r, int n, int early) { k->relu_f32(n, AT(0, n), AT(4, n)); }
static void run_silu(const fs_kernels *k, room *r, int n, int early) { k->silu_f32(n, AT(0, n), AT(4, n)); }
static void run_gelu(const fs_kernels *k, room *r, int n, int early) { k->gelu_f32(n, AT(0, n), AT(4, n)); }
static void run_gelu_tanh(const fs_kernels *k, room *r, int n, int early) { k->gelu_tanh_f32(n, AT(0, n), AT(4, n)); }
static void run_mul(const fs_kernels *k, room *r, int n, int early) { k->mul_f32(n, AT(0, n), AT(4, n)); }
static void run_layer_norm(const fs_kernels *k, room *r, int n, int early) {
    if (n) k->layer_norm_f32(n, AT(0, n), AT(1, n), AT(2, n), AT(3, n), 1e-2f, AT(4, n));
}
static void run_rms_norm(const fs_kernels *k, room *r, int n, int early) {
    if (n) k->rms_norm_f32(n, AT(0, n), NULL, AT(2, n), 1e-2f, AT(4, n));
}
static void run_ssru(const fs_kernels *k, room *r, int n, int early) { k->ssru_f32(n, AT(0, 2 * n), AT(5, n), AT(4, n)); }

static const struct {
    const char *name;
    kernel_case run;
    float tolerance;
} cases[] = {
    {"exp", run_exp, 3e-7f},
    {"sigmoid", run_sigmoid, 3e-7f},
    {"tanh", run_tanh, 3e-7f},
    {"softmax", run_softmax, 1e-6f},
    {"log_softmax", run_log_softmax, 1e-6f},
    {"log_sum_exp", run_log_sum_exp, 1e-6f},
    {"argmax", run_argmax, 0},
    {"top_k", run_top_k, 0},
    {"dot", run_dot, 2e-5f},
    {"axpy", run_axpy, 1e-6f},
    {"additive_score", run_additive_score, 1e-5f},
    {"rnn_tanh", run_rnn_tanh, 3e-7f},
    {"rnn_relu", run_rnn_relu, 0},
    {"lstm", run_lstm, 1e-6f},
    {"gru", run_gru, 1e-6f},
    {"relu", run_relu, 0},
    {"silu", run_silu, 3e-7f},
    {"gelu", run_gelu, 3e-7f},
    {"gelu_tanh", run_gelu_tanh, 3e-7f},
    {"mul", run_mul, 0},
    {"layer_norm", run_layer_norm, 3e-5f},
    {"rms_norm", run_rms_norm, 3e-6f},
    {"ssru", run_ssru, 1e-6f},
};

static void compare(int which, fs_isa isa, int n, int early) {
    for (int array = 0; array < 6; array++) fill(array, array < 2 ? 4 * n : n, early, 2.0f);
    answer[0] = answer[1] = 0;
    cases[which].run(fs_kernels_for(FS_ISA_portable), &rooms[0], n, early);
    cases[which].run(fs_kernels_for(isa), &rooms[1], n, early);
    if (!rows_close(4, n, early, cases[which].tolerance) || !rows_close(5, n, early, cases[which].tolerance) ||
        !close_to(answer[0], answer[1], cases[which].tolerance) || !behind_is_untouched(4, early) ||
        !behind_is_untouched(5, early)) {
        printf("%s at %s, n %d, %d before the end: %g and %g\n", cases[which].name, fs_isa_name(isa), n, early,
               (double)answer[0], (double)answer[1]);
        check_failures++;
    }
}

static void float_rows_agree_with_the_portable_ones(void) {
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        for (int which = 0; fs_isa_available((fs_isa)isa) && which < (int)(sizeof cases / sizeof cases[0]); which++)
            for (int length = 0; length < LENGTHS; length++)
                for (int early = 0; early < 4; early += 3) compare(which, (fs_isa)isa, lengths[length], early);
}

/* distance in representable values, the two zeros being one */
static int64_t steps_between(float a, float b) {
    int32_t i, j;
    memcpy(&i, &a, sizeof i);
    memcpy(&j, &b, sizeof j);
    if (a != a || b != b) return a != a && b != b ? 0 : INT64_MAX;
    return llabs((int64_t)(i < 0 ? INT32_MIN - (int64_t)i : i) - (j < 0 ? INT32_MIN - (int64_t)j : j));
}

/* Over the whole range, against the portable ones, which are right to half an ulp. */
static void transcendentals_keep_within_ulps(void) {
    enum { STRIDE = 104729, BATCH = 1000 };
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        for (int which = 0; fs_isa_available((fs_isa)isa) && which < 3; which++) {
            int64_t worst = 0;
            for (uint64_t first = 0; first < (uint64_t)1 << 32; first += (uint64_t)STRIDE * BATCH) {
                for (int i = 0; i < BATCH; i++) {
                    const uint32_t bits = (uint32_t)(first + (uint64_t)i * STRIDE);
                    for (int r = 0; r < 2; r++) memcpy(floats(&rooms[r], 0, BATCH, 0) + i, &bits, sizeof bits);
                }
                cases[which].run(fs_kernels_for(FS_ISA_portable), &rooms[0], BATCH, 0);
                cases[which].run(fs_kernels_for((fs_isa)isa), &rooms[1], BATCH, 0);
                for (int i = 0; i < BATCH; i++) {
                    const int64_t steps =
                        steps_between(floats(&rooms[0], 4, BATCH, 0)[i], floats(&rooms[1], 4, BATCH, 0)[i]);
                    worst = FS_MAX(worst, steps);
                }
            }
            if (worst > 3) printf("%s at %s: %lld ulp\n", cases[which].name, fs_isa_name((fs_isa)isa), (long long)worst);
            CHECK(worst <= 3);
        }
}

static void bfloat16_rows_are_equal(void) {
    const fs_kernels *portable = fs_kernels_for(FS_ISA_portable);
    for (int isa = 0; isa < FS_ISA_COUNT; isa++) {
        if (!fs_isa_available((fs_isa)isa)) continue;
        for (int length = 0; length < LENGTHS; length++) {
            const int n = lengths[length];
            const fs_kernels *k = fs_kernels_for((fs_isa)isa);
            uint16_t *half[2];
            for (int r = 0; r < 2; r++) half[r] = (uint16_t *)(void *)(rooms[r].block[4] + ROOM) - n;
            fill(0, n, 0, 1e30f);
            if (n > 2) floats(&rooms[0], 0, n, 0)[1] = floats(&rooms[1], 0, n, 0)[1] = NAN;
            portable->f32_to_bf16(n, floats(&rooms[0], 0, n, 0), half[0]);
            k->f32_to_bf16(n, floats(&rooms[1], 0, n, 0), half[1]);
            CHECK(memcmp(half[0], half[1], (size_t)n * 2) == 0);
            portable->bf16_to_f32(n, half[0], floats(&rooms[0], 5, n, 0));
            k->bf16_to_f32(n, half[1], floats(&rooms[1], 5, n, 0));
            CHECK(memcmp(floats(&rooms[0], 5, n, 0), floats(&rooms[1], 5, n, 0), (size_t)n * 4) == 0);
        }
    }
}

static void quantized_rows_are_equal(void) {
    const float scales[] = {1.0f, 1e-36f, 1e-25f, 3e36f, 0.0f, INFINITY};
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        for (int length = 0; fs_isa_available((fs_isa)isa) && length < LENGTHS; length++)
            for (int scale = 0; scale < 6; scale++) {
                const int n = lengths[length], padded = (n + 3) / 4 * 4;
                uint8_t *bytes[2];
                float found[2];
                fill(0, n, 0, scales[scale]);
                for (int r = 0; r < 2; r++) {
                    bytes[r] = rooms[r].block[4] + ROOM - padded;
                    found[r] = fs_kernels_for(r ? (fs_isa)isa : FS_ISA_portable)
                                   ->quantize_u8(n, floats(&rooms[r], 0, n, 0), bytes[r]);
                }
                CHECK(memcmp(bytes[0], bytes[1], (size_t)padded) == 0);
                CHECK(found[0] == found[1] || (found[0] != found[0] && found[1] != found[1]));
            }
}

/* A row's bits do not depend on where it starts, nor on being in place. */
static void rows_do_not_depend_on_their_place(void) {
    for (int isa = 0; isa < FS_ISA_COUNT; isa++) {
        const fs_kernels *k = fs_kernels_for((fs_isa)isa);
        if (!fs_isa_available((fs_isa)isa)) continue;
        for (int length = 0; length < LENGTHS; length++) {
            const int n = lengths[length];
            float *a, *b;
            fill(0, n, 0, 3.0f);
            a = floats(&rooms[0], 0, n, 0);
            b = floats(&rooms[1], 0, n, 5);
            memmove(b, a, (size_t)n * sizeof *a);
            CHECK(n == 0 || k->log_sum_exp_f32(n, a) == k->log_sum_exp_f32(n, b));
            k->softmax_f32(n, a, floats(&rooms[0], 4, n, 1));
            k->softmax_f32(n, b, b);
            CHECK(memcmp(floats(&rooms[0], 4, n, 1), b, (size_t)n * sizeof *a) == 0);
        }
    }
}

static void bytes_by_a_multiplier_are_equal(void) {
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        for (int length = 0; fs_isa_available((fs_isa)isa) && length < LENGTHS; length++) {
            const int n = lengths[length], padded = (n + 3) / 4 * 4;
            uint8_t *bytes[2];
            fill(0, n, 0, 9.0f);
            if (n > 2) floats(&rooms[0], 0, n, 0)[1] = floats(&rooms[1], 0, n, 0)[1] = NAN;
            for (int r = 0; r < 2; r++) {
                bytes[r] = rooms[r].block[4] + ROOM - padded;
                fs_kernels_for(r ? (fs_isa)isa : FS_ISA_portable)->quantize_by_u8(n, floats(&rooms[r], 0, n, 0), 7.3f, bytes[r]);
            }
            CHECK(memcmp(bytes[0], bytes[1], (size_t)padded) == 0);
        }
}

/* Five queries of four heads over n keys of two, in place and order as the arrays end where memory ends. */
static void attention_agrees_with_the_portable_one(void) {
    enum { QUERIES = 5, HEADS = 4, WIDTH = 3 };
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        for (int length = 1; fs_isa_available((fs_isa)isa) && length < LENGTHS; length++) {
            const int n = lengths[length], blocks = (n + FS_ATTEND_KEYS - 1) / FS_ATTEND_KEYS;
            const int q = QUERIES * HEADS * WIDTH, k = 2 * WIDTH * blocks * FS_ATTEND_KEYS, v = n * 2 * WIDTH;
            fill(0, q, 0, 1.0f);
            fill(1, k, 0, 1.0f);
            fill(2, v, 0, 1.0f);
            for (int r = 0; r < 2; r++) {
                const fs_attend_args a = {.heads = HEADS, .heads_a_key = 2, .queries = QUERIES, .keys = n, .width = WIDTH,
                                          .place = n > QUERIES ? n - QUERIES : 0, .causal = n > QUERIES, .scale = 0.5f,
                                          .q = floats(&rooms[r], 0, q, 0), .q_stride = HEADS * WIDTH,
                                          .k = floats(&rooms[r], 1, k, 0), .k_block = 2 * WIDTH * FS_ATTEND_KEYS,
                                          .v = floats(&rooms[r], 2, v, 0), .v_stride = 2 * WIDTH,
                                          .y = floats(&rooms[r], 4, q, 0), .y_stride = HEADS * WIDTH};
                fs_kernels_for(r ? (fs_isa)isa : FS_ISA_portable)->attend_f32(&a);
            }
            CHECK(rows_close(4, q, 0, 1e-5f));
        }
}

static void dots_are_equal(void) {
    enum { ROWS = 7 };
    static const int32_t rows[] = {0, 2, 3, 4, 6};
    static const fs_dots_row facts[ROWS] = {{0.5f, 1, 128}, {1, 2, 0}, {0.1f, 3, -256}, {2, 4, 0}, {3, 5, 0}, {1, 0, 0}, {0.3f, 0, 384}};
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        for (int length = 1; fs_isa_available((fs_isa)isa) && length < LENGTHS; length++) {
            const int n = lengths[length], filled = (n + 63) / 64 * 64;
            fs_dots_row own[ROWS];
            float y[2][5];
            for (int r = 0; r < 2; r++) {
                int8_t *w = (int8_t *)rooms[r].block[0] + ROOM - ROWS * n;
                uint8_t *x = rooms[r].block[1] + ROOM - filled;
                fs_dots_args a = {n, x, 0.7f, w, own, 5, rows, y[r], 0};
                for (int i = 0; i < ROWS * n; i++) w[i] = (int8_t)(i * 37 % 255 - 127);
                for (int i = 0; i < filled; i++) x[i] = (uint8_t)(i < n ? 1 + i * 91 % 255 : 128);
                memcpy(own, facts, sizeof own);
                for (int j = 0; j < ROWS; j++) {
                    own[j].sum = 0;
                    for (int i = 0; i < n; i++) own[j].sum += 128 * w[j * n + i];
                }
                fs_kernels_for(r ? (fs_isa)isa : FS_ISA_portable)->dots_s8(&a);
            }
            CHECK(memcmp(y[0], y[1], sizeof y[0]) == 0);
        }
}

static void set_up(void) {
    fs_kernels_init();
    for (int r = 0; r < 2; r++)
        for (int i = 0; i < 6; i++) rooms[r].block[i] = guarded();
}

BEGIN
    set_up();
    RUN(float_rows_agree_with_the_portable_ones);
    RUN(transcendentals_keep_within_ulps);
    RUN(bfloat16_rows_are_equal);
    RUN(quantized_rows_are_equal);
    RUN(bytes_by_a_multiplier_are_equal);
    RUN(attention_agrees_with_the_portable_one);
    RUN(dots_are_equal);
    RUN(rows_do_not_depend_on_their_place);
END
