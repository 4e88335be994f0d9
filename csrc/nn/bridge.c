#include "bridge.h"

#include <string.h>

static const char *const kinds[] = {"zero", "copy", "concat", "linear", "mean", NULL};

const fs_bridge *fs_bridge_of(const fs_block *b) {
    return b && b->ops == &fs_block_bridge ? (const fs_bridge *)b : NULL;
}

int fs_bridge_projects(const fs_bridge *b) { return b->kind == FS_BRIDGE_LINEAR || b->kind == FS_BRIDGE_MEAN; }

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_bridge *br = (fs_bridge *)b;
    if (before) return fs_fail(err, FS_ERR_FORMAT, o->where, "a bridge comes first", "no block before it|%s", before->ops->kind);
    FS_TRY(fs_option_choice(o, "kind", kinds, &br->kind, err));
    if (!fs_bridge_projects(br)) return FS_OK;
    FS_TRY(fs_option_width(o, "input", &br->input, err));
    FS_TRY(fs_option_width(o, "output", &br->output, err));
    FS_TRY(fs_build_matrix(build, ".weight", br->output, br->input, 0, br->input, &br->matrix, err));
    FS_TRY(fs_build_vector(build, ".bias", br->output, 1, &br->bias, NULL, err));
    FS_TRY(fs_option_float(o, "gate_norm", &br->gate_norm, err));
    return br->gate_norm > 0 ? fs_build_vector(build, ".gain", br->output, 0, &br->gain, NULL, err) : FS_OK;
}

static void release(fs_block *b) {
    fs_bridge *br = (fs_bridge *)b;
    fs_matrix_free(&br->matrix);
    fs_free(br->bias);
    fs_free(br->gain);
}

fs_status fs_bridge_check(const fs_bridge *b, const fs_memory *m, int layers, int hidden, int needs_cell, fs_error *err) {
    if (b->kind == FS_BRIDGE_ZERO) return FS_OK;
    if (b->kind == FS_BRIDGE_MEAN) {
        if (m->states && m->width == b->input && b->output == hidden) return FS_OK;
        return fs_fail(err, FS_ERR_FORMAT, "bridge", "widths do not meet", "%d to %d|%d to %d", b->input, b->output,
                       m->states ? m->width : 0, hidden);
    }
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

/* means (count, F) of each sequence's rows; zeros where there are none */
static void mean_rows(const fs_bridge *b, const fs_memory *m, float *means) {
    const size_t F = (size_t)b->input;
    memset(means, 0, (size_t)m->count * F * sizeof *means);
    for (int64_t i = 0; i < m->count; i++) {
        const int64_t rows = m->offsets[i + 1] - m->offsets[i];
        for (int64_t row = m->offsets[i]; row < m->offsets[i + 1]; row++)
            b->matrix.k->axpy_f32(b->input, 1.0f / (float)rows, m->states + (size_t)row * F, means + (size_t)i * F);
    }
}

/* Floats of the means, in whole lines, so that what comes behind is aligned. */
static size_t mean_floats(const fs_bridge *b, int64_t count) {
    return b->kind == FS_BRIDGE_MEAN ? ((size_t)count * (size_t)b->input + 15) / 16 * 16 : 0;
}

size_t fs_bridge_scratch(const fs_bridge *b, int64_t count) {
    return mean_floats(b, count) * sizeof(float) + fs_gemm_scratch(&b->matrix, count);
}

void fs_bridge_project(const fs_bridge *b, const fs_memory *m, float *start, void *scratch) {
    const fs_kernels *k = b->matrix.k;
    const size_t H = (size_t)b->output;
    const float *from;
    float *means = scratch;
    size_t stride = (size_t)b->input;
    if (b->kind == FS_BRIDGE_MEAN) {
        mean_rows(b, m, means);
        scratch = means + mean_floats(b, m->count);
        from = means;
    } else {
        stride = (size_t)m->layers * (size_t)m->hidden_width;
        from = m->hidden + (size_t)(m->layers - 1) * (size_t)m->hidden_width;
    }
    fs_gemm(&b->matrix, m->count, from, stride, b->gain ? NULL : b->bias, start, H, 0, scratch, NULL);
    for (int64_t i = 0; i < m->count; i++) {
        float *row = start + (size_t)i * H;
        if (b->gain) k->layer_norm_f32(b->output, row, NULL, b->gain, b->bias, b->gate_norm, row);
        k->tanh_f32(b->output, row, row);
    }
}

const fs_block_ops fs_block_bridge = {.kind = "bridge", .size = sizeof(fs_bridge), .init = init, .free = release};
