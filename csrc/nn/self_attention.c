/* Self-attention: every row looks at all rows of its sequence, or, causal, at those up to itself.
 *
 *     [q k v] = x W + b     one product      (N, H d + 2 KH d)
 *     q, k normed (query_key_norm: rms head by head, rms_row over all heads at once) and turned by their places (rotary.h)
 *     y = softmax(q k / sqrt(d) + relative.h) v, head by head, then W_o and b_o
 *
 * A decoder keeps the keys and values of its tokens so far in pages (cache.h). A step's bits are those of a pass over the
 * whole sequence: keys are met in the same blocks. */
#include <string.h>

#include "kept.h"
#include "relative.h"
#include "rotary.h"

typedef struct fs_self_attention {
    fs_block block;
    fs_heads heads;
    fs_rotary rotary;
    fs_relative relative;
    fs_kept_kind kept;
    int width, causal, window;
    int whole_rows;               /* they are normed over all heads at once */
    float *query_norm, *key_norm; /* (d), whole rows (H d) and (KH d), or NULL */
    float epsilon;                /* of theirs */
    fs_matrix in, out; /* (H d + 2 KH d, E), (E, H d) */
    float *in_bias, *out_bias;
} fs_self_attention;

static fs_status init_norms(fs_self_attention *a, const fs_options *o, const fs_build *build, fs_error *err) {
    static const char *const kinds[] = {"none", "rms", "rms_row", NULL};
    const int d = a->heads.width;
    int kind;
    a->epsilon = 1e-5f;
    FS_TRY(fs_option_choice(o, "query_key_norm", kinds, &kind, err));
    FS_TRY(fs_option_float(o, "epsilon", &a->epsilon, err));
    if (!kind) return FS_OK;
    a->whole_rows = kind == 2;
    FS_TRY(fs_build_vector(build, ".query_norm.weight", a->whole_rows ? a->heads.heads * d : d, 0, &a->query_norm, NULL, err));
    return fs_build_vector(build, ".key_norm.weight", a->whole_rows ? a->heads.key_heads * d : d, 0, &a->key_norm, NULL, err);
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    static const char *const weights[] = {".query.weight", ".key.weight", ".value.weight"};
    static const char *const biases[] = {".query.bias", ".key.bias", ".value.bias"};
    fs_self_attention *a = (fs_self_attention *)b;
    int wide[3];
    FS_TRY(fs_option_width(o, "width", &a->width, err));
    FS_TRY(fs_option_int(o, "causal", 0, 1, &a->causal, err));
    FS_TRY(fs_option_int(o, "window", 0, FS_MAX_WIDTH, &a->window, err));
    FS_TRY(fs_heads_init(&a->heads, o, build->k, a->width, err));
    FS_TRY(fs_block_check_input(before, a->width, o, err));
    FS_TRY(fs_rotary_init(&a->rotary, o, build, a->heads.width, err));
    FS_TRY(fs_relative_init(&a->relative, o, build, a->heads.heads, a->causal, err));
    FS_TRY(init_norms(a, o, build, err));
    wide[0] = a->heads.heads * a->heads.width;
    wide[1] = wide[2] = a->heads.key_heads * a->heads.width;
    FS_TRY(fs_build_stack(build, weights, wide, 3, a->width, &a->in, err));
    FS_TRY(fs_build_stack_bias(build, biases, wide, 3, 1, &a->in_bias, err));
    FS_TRY(fs_build_matrix(build, ".output.weight", a->width, wide[0], 0, wide[0], &a->out, err));
    FS_TRY(fs_build_vector(build, ".output.bias", a->width, 1, &a->out_bias, NULL, err));
    b->in_width = b->out_width = a->width;
    b->kept_width = wide[1];
    a->kept = build->kept;
    b->kept_floats = fs_kept_floats(a->kept, a->heads.key_heads, a->heads.width);
    b->kept_closed = a->kept != FS_KEPT_F32;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_self_attention *a = (fs_self_attention *)b;
    fs_matrix_free(&a->in);
    fs_matrix_free(&a->out);
    fs_rotary_free(&a->rotary);
    fs_relative_free(&a->relative);
    fs_free(a->query_norm);
    fs_free(a->key_norm);
    fs_free(a->in_bias);
    fs_free(a->out_bias);
}

static size_t bytes(const fs_block *b) {
    const fs_self_attention *a = (const fs_self_attention *)b;
    return fs_matrix_bytes(&a->in) + fs_matrix_bytes(&a->out);
}

/* What every pass needs: rows (n, H d + 2 KH d) projected, (n, H d) mixed, and what comes out */
typedef struct attention_rows {
    float *projected, *mixed, *y;
    float *turns; /* spare room of rotary positions */
    void *scratch;
} attention_rows;

static attention_rows cut_rows(const fs_self_attention *a, fs_arena *arena, int64_t n) {
    attention_rows r;
    r.y = fs_arena_cut(arena, (size_t)n, (size_t)a->width, sizeof(float));
    r.projected = fs_arena_cut(arena, (size_t)n, (size_t)a->in.columns, sizeof(float));
    r.mixed = fs_arena_cut(arena, (size_t)n, (size_t)a->out.depth, sizeof(float));
    r.turns = fs_arena_cut(arena, (size_t)a->rotary.dims, 1, sizeof(float));
    r.scratch = fs_arena_cut(arena, 1, FS_MAX(fs_gemm_scratch(&a->in, n), fs_gemm_scratch(&a->out, n)), 1);
    return r;
}

static void project(const fs_self_attention *a, const attention_rows *r, int64_t n, const float *x, fs_run *run) {
    fs_gemm(&a->in, n, x, (size_t)a->width, a->in_bias, r->projected, (size_t)a->in.columns, 0, r->scratch, run);
}

/* x: a row's queries, then its keys */
static void norm_row(const fs_self_attention *a, float *x) {
    const fs_kernels *k = a->heads.k;
    const int Q = a->heads.heads, all = Q + a->heads.key_heads, d = a->heads.width;
    if (a->whole_rows) {
        k->rms_norm_f32(Q * d, x, NULL, a->query_norm, a->epsilon, x);
        k->rms_norm_f32((all - Q) * d, x + Q * d, NULL, a->key_norm, a->epsilon, x + Q * d);
        return;
    }
    for (int head = 0; head < all; head++, x += d)
        k->rms_norm_f32(d, x, NULL, head < Q ? a->query_norm : a->key_norm, a->epsilon, x);
}

/* Queries and keys of a row, made ready to meet */
static void ready(const fs_self_attention *a, const attention_rows *r, int64_t row, int place) {
    const int all = a->heads.heads + a->heads.key_heads;
    float *x = r->projected + (size_t)row * (size_t)a->in.columns;
    if (a->query_norm) norm_row(a, x);
    if (a->rotary.dims) fs_rotary_turn(&a->rotary, place, all, a->heads.width, x, r->turns);
}

static void finish(const fs_self_attention *a, const attention_rows *r, int64_t n, fs_run *run) {
    fs_gemm(&a->out, n, r->mixed, (size_t)a->out.depth, a->out_bias, r->y, (size_t)a->width, 0, r->scratch, run);
}

/* A call over rows [first, first + queries) */
static fs_attend_args call_for(const fs_self_attention *a, const attention_rows *r, int64_t first, int64_t queries,
                               int64_t keys) {
    fs_attend_args call = fs_heads_call(&a->heads, queries, keys);
    call.causal = a->causal;
    call.window = a->window;
    fs_relative_join(&a->relative, &call);
    call.q = r->projected + (size_t)first * (size_t)a->in.columns;
    call.q_stride = (size_t)a->in.columns;
    call.y = r->mixed + (size_t)first * (size_t)a->out.depth;
    call.y_stride = (size_t)a->out.depth;
    return call;
}

/* ---- whole sequences ---- */

/* Rows of the longest sequence; while planning, of one that has them all. */
static int64_t longest_of(const fs_flow *f) {
    int64_t longest = 1;
    if (fs_arena_planning(f->arena)) return FS_MAX(f->rows, 1);
    for (int64_t i = 0; i < f->count; i++) longest = FS_MAX(longest, f->offsets[i + 1] - f->offsets[i]);
    return longest;
}

enum { PAIRS = 1 << 20 }; /* of queries and keys, between two looks at whether to stop: some milliseconds */

/* keys: room for the blocks of the longest sequence */
static void attend(const fs_self_attention *a, const fs_flow *f, const attention_rows *r, float *keys) {
    for (int64_t i = 0; i < f->count; i++) {
        const int64_t first = f->offsets[i], rows = f->offsets[i + 1] - first, some = FS_MAX(PAIRS / FS_MAX(rows, 1), 1);
        const float *const projected = r->projected + (size_t)first * (size_t)a->in.columns;
        for (int64_t row = 0; row < rows; row++) ready(a, r, first + row, (int)row);
        if (rows) fs_heads_turn(&a->heads, rows, projected + a->out.depth, (size_t)a->in.columns, keys);
        for (int64_t at = 0; at < rows && !fs_run_stopped(f->run, f->worker); at += some) {
            fs_attend_args call = call_for(a, r, first + at, FS_MIN(some, rows - at), rows);
            call.place = (int)at;
            call.k = keys;
            call.v = projected + a->out.depth + a->block.kept_width;
            call.v_stride = call.q_stride;
            a->heads.k->attend_f32(&call);
        }
    }
}

static void forward(const fs_block *b, fs_flow *f) {
    const fs_self_attention *a = (const fs_self_attention *)b;
    const attention_rows r = cut_rows(a, f->arena, f->rows);
    float *keys = fs_arena_cut(f->arena, (size_t)fs_heads_places(longest_of(f)), (size_t)b->kept_width, sizeof(float));
    if (r.y) {
        project(a, &r, f->rows, f->x, NULL);
        attend(a, f, &r, keys);
        finish(a, &r, f->rows, NULL);
    }
    f->x = r.y;
}

/* ---- a step ---- */

enum { SHARES = 16, TOKENS = 64 }; /* of a step's tokens for threads to take; tokens of one at most */

/* Keys and values of this step's tokens, to their pages */
static void keep(const fs_self_attention *a, const fs_step *s, const float *projected) {
    const size_t wide = (size_t)a->block.kept_width;
    for (int i = 0; i < s->n; i++, projected += a->in.columns) {
        const int place = s->places[i] % FS_ATTEND_KEYS;
        float *page = s->pages[i][s->places[i] / FS_ATTEND_KEYS] + s->kept_at;
        const float *key = projected + a->out.depth;
        fs_kept_put(a->kept, &a->heads, key, key + wide, place, page);
    }
}

typedef struct looking {
    const fs_self_attention *a;
    const fs_step *s;
    const attention_rows *r;
} looking;

/* The pages that a call over tokens from `token` on looks at, as float32 in the worker's room. */
static void open_pages(const fs_self_attention *a, const fs_step *s, int token, int worker, fs_attend_args *call) {
    float *const room = s->open + (size_t)worker * s->open_pages * s->open_floats;
    const float **const table = s->open_table + (size_t)worker * s->open_pages;
    int seen, first = fs_attend_range(call, call->place, &seen) / FS_ATTEND_BLOCK * FS_ATTEND_BLOCK; /* blocks are read whole */
    for (int p = first / FS_ATTEND_KEYS; p <= (call->keys - 1) / FS_ATTEND_KEYS; p++) {
        float *const page = room + (size_t)p * s->open_floats;
        fs_kept_read(a->kept, &a->heads, s->pages[token][p] + s->kept_at, page);
        table[p] = page;
    }
    call->pages = table;
    call->k_at = 0;
    call->v_at = FS_ATTEND_KEYS * (size_t)a->block.kept_width;
}

/* Tokens [begin, end), those of a row together */
static void look_back_some(void *ctx, int64_t begin, int64_t end, int worker) {
    const looking *l = ctx;
    const fs_self_attention *a = l->a;
    const fs_step *s = l->s;
    const attention_rows *r = l->r;
    for (int i = (int)begin, together; i < end; i += together) {
        fs_attend_args call;
        for (together = 1; i + together < end && s->rows[i + together] == s->rows[i];) together++;
        call = call_for(a, r, i, together, s->places[i] + together);
        call.causal = 1;
        call.place = s->places[i];
        call.pages = (const float *const *)s->pages[i];
        call.k_at = s->kept_at;
        call.v_at = s->kept_at + FS_ATTEND_KEYS * (size_t)a->block.kept_width;
        call.v_stride = (size_t)a->block.kept_width;
        if (a->block.kept_closed) open_pages(a, s, i, worker, &call);
        a->heads.k->attend_f32(&call);
    }
}

static void look_back(const fs_self_attention *a, const fs_step *s, const attention_rows *r) {
    looking l = {a, s, r};
    fs_parallel_for(s->run, s->n, s->run ? FS_MIN(FS_MAX(s->n / SHARES, 1), TOKENS) : s->n, look_back_some, &l);
}

static void step(const fs_block *b, fs_step *s) {
    const fs_self_attention *a = (const fs_self_attention *)b;
    const attention_rows r = cut_rows(a, s->arena, s->n);
    if (r.y) {
        project(a, &r, s->n, s->x, s->run);
        for (int i = 0; i < s->n; i++) ready(a, &r, i, s->places[i]);
        keep(a, s, r.projected);
        look_back(a, s, &r);
        finish(a, &r, s->n, s->run);
    }
    s->x = r.y;
    s->width = a->width;
}

const fs_block_ops fs_block_self_attention = {.kind = "self_attention",
                                              .size = sizeof(fs_self_attention),
                                              .init = init,
                                              .free = release,
                                              .bytes = bytes,
                                              .leaves_rows_only = 1,
                                              .takes_runs = 1,
                                              .forward = forward,
                                              .step = step};
