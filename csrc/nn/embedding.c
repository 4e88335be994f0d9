#include "embedding.h"

#include <string.h>

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_embedding *e = (fs_embedding *)b;
    const fs_tensor *table;
    if (before && before->out_width)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "an embedding takes ids", "the first block|one after others");
    FS_TRY(fs_option_width(o, "vocabulary", &e->vocabulary, err));
    FS_TRY(fs_option_width(o, "width", &e->width, err));
    e->scale = 1.0f;
    FS_TRY(fs_option_float(o, "scale", &e->scale, err));
    FS_TRY(fs_option_int(o, "blank", 0, 1, &e->blank, err));
    FS_TRY(fs_option_int(o, "longest", 0, FS_MAX_WIDTH, &b->longest, err));
    FS_TRY(fs_build_find(build, ".weight", e->vocabulary, e->width, 0, &table, err));
    e->table = *table;
    e->k = build->k;
    b->out_width = e->width;
    return FS_OK;
}

static size_t bytes(const fs_block *b) {
    const fs_embedding *e = (const fs_embedding *)b;
    static const size_t element[] = {sizeof(float), sizeof(uint16_t), sizeof(int8_t)};
    if (e->table.dtype == FS_BLOCKS) return e->table.size;
    return (size_t)e->vocabulary * (size_t)e->width * element[e->table.dtype];
}

const fs_embedding *fs_embedding_of(const fs_block *b) {
    return b && b->ops == &fs_block_embedding ? (const fs_embedding *)b : NULL;
}

void fs_embedding_row(const fs_embedding *e, int32_t id, float *out) {
    if (id < 0) {
        memset(out, 0, (size_t)e->width * sizeof *out);
        return;
    }
    fs_tensor_row(&e->table, e->k, id, 0, e->width, out);
    if (e->scale != 1.0f)
        for (int j = 0; j < e->width; j++) out[j] *= e->scale;
}

static const float *look_up(const fs_embedding *e, fs_arena *arena, int64_t n, const int32_t *ids) {
    float *rows = fs_arena_cut(arena, (size_t)n, (size_t)e->width, sizeof(float));
    if (rows)
        for (int64_t i = 0; i < n; i++) fs_embedding_row(e, ids[i], rows + i * e->width);
    return rows;
}

static void forward(const fs_block *b, fs_flow *f) {
    const fs_embedding *e = (const fs_embedding *)b;
    f->width = e->width;
    if (!e->absorbed && !e->deferred) f->x = look_up(e, f->arena, f->rows, f->ids);
}

static void step(const fs_block *b, fs_step *s) {
    const fs_embedding *e = (const fs_embedding *)b;
    s->width = e->width;
    if (!e->absorbed) s->x = look_up(e, s->arena, s->n, s->tokens);
}

const fs_block_ops fs_block_embedding = {
    .kind = "embedding", .size = sizeof(fs_embedding), .init = init, .bytes = bytes, .forward = forward, .step = step,
    .takes_runs = 1};
