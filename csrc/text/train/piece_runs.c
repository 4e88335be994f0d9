#include "piece_runs.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"

fs_status fs_record_write(fs_buffer *run, fs_text piece, int64_t count, fs_error *err) {
    const uint32_t size = (uint32_t)piece.size;
    uint8_t *to = fs_buffer_add(run, FS_RECORD_HEAD + piece.size);
    if (!to) return fs_fail_memory(err, "counts", FS_RECORD_HEAD + piece.size);
    memcpy(to, &size, 4);
    memcpy(to + 4, &count, 8);
    memcpy(to + FS_RECORD_HEAD, piece.data, piece.size);
    return FS_OK;
}

/* ---- the runs that are read, as a heap: the smallest piece first ---- */

typedef struct reader {
    fs_text rest; /* behind the piece */
    fs_text piece;
    int64_t count;
    int32_t place; /* of the run, for errors */
} reader;

static fs_status damaged(const reader *r, const char *what, fs_error *err) {
    char where[40];
    snprintf(where, sizeof where, "run %d of counts", (int)r->place);
    return fs_fail(err, FS_ERR_FORMAT, where, what, "|");
}

/* Reads the next record; *more: whether there was one. */
static fs_status advance(reader *r, int *more, fs_error *err) {
    const fs_text before = r->piece;
    uint32_t size;
    *more = r->rest.size > 0;
    if (!*more) return FS_OK;
    if (r->rest.size < FS_RECORD_HEAD) return damaged(r, "breaks off", err);
    memcpy(&size, r->rest.data, 4);
    memcpy(&r->count, r->rest.data + 4, 8);
    if (r->rest.size - FS_RECORD_HEAD < size) return damaged(r, "breaks off", err);
    r->piece.data = r->rest.data + FS_RECORD_HEAD;
    r->piece.size = size;
    r->rest.data += FS_RECORD_HEAD + size;
    r->rest.size -= FS_RECORD_HEAD + size;
    if (r->count < 1) return damaged(r, "holds a count below 1", err);
    if (before.data && fs_text_compare(before, r->piece) >= 0) return damaged(r, "is out of order", err);
    return FS_OK;
}

static void sift_down(reader *heap, int32_t n, int32_t i) {
    const reader moving = heap[i];
    for (int32_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && fs_text_compare(heap[child + 1].piece, heap[child].piece) < 0) child++;
        if (fs_text_compare(heap[child].piece, moving.piece) >= 0) break;
        heap[i] = heap[child];
    }
    heap[i] = moving;
}

/* Opens all runs that hold something; *n: how many. */
static fs_status open_readers(const fs_text *runs, int32_t count, reader *heap, int32_t *n, fs_error *err) {
    *n = 0;
    for (int32_t i = 0; i < count; i++) {
        reader r = {{NULL, 0}, {NULL, 0}, 0, 0};
        int more;
        r.rest = runs[i];
        r.place = i;
        FS_TRY(advance(&r, &more, err));
        if (more) heap[(*n)++] = r;
    }
    for (int32_t i = *n / 2; i-- > 0;) sift_down(heap, *n, i);
    return FS_OK;
}

/* Moves the first run on and puts it where it belongs. */
static fs_status step(reader *heap, int32_t *n, fs_error *err) {
    int more;
    FS_TRY(advance(heap, &more, err));
    if (!more) heap[0] = heap[--*n];
    if (*n) sift_down(heap, *n, 0);
    return FS_OK;
}

static fs_status merge(reader *heap, int32_t n, fs_piece_seen seen, void *ctx, fs_run *run, fs_error *err) {
    for (int64_t pieces = 0; n > 0; pieces++) {
        const fs_text piece = heap[0].piece;
        int64_t count = 0;
        while (n > 0 && fs_text_compare(heap[0].piece, piece) == 0) {
            if (heap[0].count > INT64_MAX - count) return damaged(heap, "holds too large a count", err);
            count += heap[0].count;
            FS_TRY(step(heap, &n, err));
        }
        FS_TRY(seen(ctx, piece, count, err));
        if (pieces % 4096 == 0 && fs_run_stopped(run, 0)) return fs_run_status(run, err);
    }
    return FS_OK;
}

fs_status fs_runs_merge(const fs_text *runs, int32_t count, fs_piece_seen seen, void *ctx, fs_run *run, fs_error *err) {
    reader *heap = fs_alloc((size_t)count * sizeof *heap);
    int32_t n;
    fs_status st;
    if (!heap) return fs_fail_memory(err, "counts", (uint64_t)count * sizeof *heap);
    st = open_readers(runs, count, heap, &n, err);
    if (st == FS_OK) st = merge(heap, n, seen, ctx, run, err);
    fs_free(heap);
    return st;
}
