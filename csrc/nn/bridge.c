#include "bridge.h"

static const char *const kinds[] = {"zero", "copy", "concat", "linear", NULL};

const fs_bridge *fs_bridge_of(const fs_block *b) {
    return b && b->ops == &fs_block_bridge ? (const fs_bridge *)b : NULL;
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_bridge *br = (fs_bridge *)b;
    if (before) return fs_fail(err, FS_ERR_FORMAT, o->where, "a bridge comes first", "no block before it|%s", before->ops->kind);
    FS_TRY(fs_option_choice(o, "kind", kinds, &br->kind, err));
    if (br->kind != FS_BRIDGE_LINEAR) return FS_OK;
    FS_TRY(fs_option_width(o, "input", &br->input, err));
    FS_TRY(fs_option_width(o, "output", &br->output, err));
    FS_TRY(fs_build_matrix(build, ".weight", br->output, br->input, 0, br->input, &br->matrix, err));
    return fs_build_vector(build, ".bias", br->output, 1, &br->bias, NULL, err);
}

static void release(fs_block *b) {
    fs_bridge *br = (fs_bridge *)b;
    fs_matrix_free(&br->matrix);
    fs_free(br->bias);
}

fs_status fs_bridge_check(const fs_bridge *b, const fs_memory *m, int layers, int hidden, int needs_cell, fs_error *err) {
    if (b->kind == FS_BRIDGE_ZERO) return FS_OK;
    if (!m->hidden)
        return fs_fail(err, FS_ERR_FORMAT, "bridge", "the encoder has no final states", "a recurrent encoder|none");
    if (b->kind == FS_BRIDGE_LINEAR) {
        if (m->hidden_width != b->input || b->output != hidden)
            return fs_fail(err, FS_ERR_FORMAT, "bridge", "widths do not meet", "%d to %d|%d to %d", b->input, b->output,
                           m->hidden_width, hidden);
        return FS_OK;
    }
    if (m->hidden_width != hidden || m->layers < layers)
        return fs_fail(err, FS_ERR_FORMAT, "bridge", "final states do not fit the decoder", "%d layers of %d|%d of %d",
                       layers, hidden, m->layers, m->hidden_width);
    if (needs_cell && !m->cell)
        return fs_fail(err, FS_ERR_FORMAT, "bridge", "the encoder has no cell states", "an LSTM encoder|another cell");
    return FS_OK;
}

void fs_bridge_project(const fs_bridge *b, const fs_memory *m, float *start, void *scratch) {
    size_t stride = (size_t)m->layers * (size_t)m->hidden_width, H = (size_t)b->output;
    const float *last = m->hidden + (size_t)(m->layers - 1) * (size_t)m->hidden_width;
    fs_gemm(&b->matrix, m->count, last, stride, b->bias, start, H, 0, scratch, NULL);
    for (int64_t i = 0; i < m->count; i++) b->matrix.k->tanh_f32(b->output, start + (size_t)i * H, start + (size_t)i * H);
}

const fs_block_ops fs_block_bridge = {.kind = "bridge", .size = sizeof(fs_bridge), .init = init, .free = release};
