#include "lane.h"

static fs_request *next(fs_waiting *waiting) {
    fs_lane *l = (fs_lane *)waiting;
    fs_request *q = l->first;
    if (!q) return NULL;
    l->first = q->next;
    if (!l->first) l->last = &l->first;
    return q;
}

static void over(fs_waiting *waiting, fs_request *q) {
    fs_lane *l = (fs_lane *)waiting;
    q->next = l->over;
    l->over = q;
    l->news = 1;
}

static int in_vain(void *lane) { return fs_rows_in_vain(&((const fs_lane *)lane)->rows); }

fs_status fs_lane_open(fs_lane *l, fs_stepper *m, fs_run *run, const fs_kernels *k, int64_t kept, fs_error *err) {
    *l = (fs_lane){.waiting = {next, over}, .rows = {.m = m, .k = k, .waiting = &l->waiting}, .run = run};
    l->last = &l->first;
    run->poll = in_vain;
    run->poll_arg = l;
    if (m->shelf) {
        FS_TRY(fs_shelf_open(&l->shelf, m, kept, err));
        l->rows.shelf = &l->shelf;
    }
    for (fs_arena_plan(&l->arena);;) {
        fs_rows_cut(&l->rows, &l->arena);
        if (!fs_arena_planning(&l->arena)) break;
        FS_TRY(fs_arena_ready(&l->arena, "decoder rows", err));
    }
    fs_rows_begin(&l->rows);
    return FS_OK;
}

fs_status fs_lane_load(fs_lane *l, const fs_beginning *b, fs_error *err) { return fs_shelf_load(&l->shelf, b, err); }

void fs_lane_close(fs_lane *l) {
    fs_shelf_close(&l->shelf);
    fs_arena_close(&l->arena);
}

void fs_lane_add(fs_lane *l, fs_request *request) {
    request->next = NULL;
    *l->last = request;
    l->last = &request->next;
}

static int watched(const fs_rows *r) {
    for (int i = 0; i < r->n; i++) {
        fs_request *q = r->row[i].request;
        if (fs_atomic_load(&q->watched) && q->count > q->told) return 1;
    }
    return 0;
}

fs_status fs_lane_work(fs_lane *l, fs_error *err) {
    fs_status st = FS_OK;
    l->news = 0;
    while (!l->news && st == FS_OK && (l->rows.n || l->first)) {
        st = fs_rows_pass(&l->rows, err);
        if (st == FS_ERR_INTERRUPTED) { /* the next pass ends them */
            fs_atomic_store(&l->run->stopped, FS_STOP_NONE);
            st = FS_OK;
        }
        l->news |= watched(&l->rows);
        if (fs_atomic_swap_if(&l->woken, 1, 0)) break;
    }
    for (int i = 0; i < l->rows.n; i++) l->rows.row[i].request->told = l->rows.row[i].request->count;
    if (st != FS_OK) fs_rows_stop(&l->rows, FS_END_RUN);
    return st;
}

fs_request *fs_lane_take(fs_lane *l) {
    fs_request *q = l->over;
    if (q) l->over = q->next;
    return q;
}

void fs_lane_wake(fs_lane *l) { fs_atomic_store(&l->woken, 1); }
