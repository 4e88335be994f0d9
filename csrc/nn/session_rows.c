/* The rows of a session: begun, moved. */
#include <string.h>

#include "session_parts.h"

/* A row's h and c of every layer, from the bridge; zeros without one. */
static void start_row(fs_session *s, int row, int64_t source, float *planes) {
    const fs_memory *m = &s->memory;
    int L = s->started->state_layers, kind = s->bridge ? s->bridge->kind : FS_BRIDGE_ZERO;
    size_t H = (size_t)s->started->state_width, plane = H * (size_t)s->stepper.rows;
    size_t state = (size_t)m->layers * (size_t)m->hidden_width;
    for (int p = 0; p < s->started->state_planes; p++) {
        float *to = planes + (size_t)p * plane + (size_t)row * H;
        const float *from = NULL;
        int layer = m->layers - L + p % L; /* the encoder's last layers */
        if (s->start) from = s->start + (size_t)source * H;
        if (kind == FS_BRIDGE_COPY || kind == FS_BRIDGE_CONCAT)
            from = (p < L ? m->hidden : m->cell) + (size_t)source * state + (size_t)layer * H;
        if (from)
            memcpy(to, from, H * sizeof *to);
        else
            memset(to, 0, H * sizeof *to);
    }
}

void fs_session_begin(fs_stepper *stepper, int row, int64_t source) {
    fs_session *s = (fs_session *)stepper;
    s->row_source[row] = source - s->first;
    s->place[row] = 0;
    fs_cache_clear(&s->cache, row);
    for (int i = 0; i < s->decoder->count; i++) {
        const fs_block *b = s->decoder->blocks[i];
        size_t width = (size_t)b->state_width;
        if (b == s->started) {
            start_row(s, row, source - s->first, s->state[i]);
            continue;
        }
        for (int p = 0; p < b->state_planes; p++)
            memset(s->state[i] + ((size_t)p * (size_t)stepper->rows + (size_t)row) * width, 0, width * sizeof(float));
    }
}

void fs_session_reorder(fs_stepper *stepper, int n, const int32_t *from) {
    fs_session *s = (fs_session *)stepper;
    const size_t R = (size_t)stepper->rows, all = R + (size_t)stepper->shelf;
    int falls = 0; /* some row comes from a lower one, which may already be overwritten */
    for (int i = 0; i < n; i++) falls |= from[i] < i;
    for (int b = 0; b < s->decoder->count; b++) {
        const fs_block *block = s->decoder->blocks[b];
        size_t width = (size_t)block->state_width;
        float *to = falls ? s->spare[b] : s->state[b];
        for (int p = 0; p < block->state_planes; p++)
            for (int i = 0; i < n; i++)
                if (falls || from[i] != i)
                    memcpy(to + ((size_t)p * R + (size_t)i) * width, s->state[b] + ((size_t)p * R + (size_t)from[i]) * width,
                           width * sizeof *to);
        if (falls) {
            s->spare[b] = s->state[b];
            s->state[b] = to;
        }
    }
    for (int i = 0; i < n; i++) {
        s->row_source[all + (size_t)i] = s->row_source[from[i]];
        s->place[all + (size_t)i] = s->place[from[i]];
    }
    memcpy(s->row_source, s->row_source + all, (size_t)n * sizeof *s->row_source);
    memcpy(s->place, s->place + all, (size_t)n * sizeof *s->place);
    fs_cache_reorder(&s->cache, stepper->rows, n, from);
}

/* Only where all that a row has is in the cache. */
void fs_session_fork(fs_stepper *stepper, int row, int from, int count) {
    fs_session *s = (fs_session *)stepper;
    s->row_source[row] = s->row_source[from];
    s->place[row] = count;
    fs_cache_fork(&s->cache, row, from, count);
}

size_t fs_session_size(const fs_stepper *stepper, int count) {
    return fs_cache_size(&((const fs_session *)stepper)->cache, count);
}

void fs_session_read(const fs_stepper *stepper, int row, int count, float *to) {
    fs_cache_read(&((const fs_session *)stepper)->cache, row, count, to);
}

fs_status fs_session_write(fs_stepper *stepper, int row, int count, const float *from, fs_error *err) {
    fs_session *s = (fs_session *)stepper;
    s->row_source[row] = 0;
    s->place[row] = count;
    return fs_cache_write(&s->cache, row, count, from, err);
}
