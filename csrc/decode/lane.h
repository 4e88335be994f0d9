/* One thread's share of an engine: rows, and the requests that wait for one. Requests are added and taken away between calls
 * of fs_lane_work, by the thread that calls it; only fs_lane_wake, and a request's own flags, are for others. */
#ifndef FS_DECODE_LANE_H
#define FS_DECODE_LANE_H

#include "../base/parallel.h"
#include "rows.h"

typedef struct fs_lane {
    fs_waiting waiting;        /* first: rows take requests from the lane */
    fs_rows rows;
    fs_shelf shelf;
    fs_request *first, **last; /* those that wait, linked */
    fs_request *over;          /* those that have ended, linked, and not been taken yet */
    int news;                  /* one has ended, or one that is watched has a new token */
    fs_atomic woken;
    fs_run *run;               /* the stepper's: a pass that goes on in vain is given up */
    fs_arena arena;
} fs_lane;

/* kept: tokens of sequences that ended which are kept for prompts that begin as they do. The stepper and its run are borrowed,
 * and the lane stays where it is. */
fs_status fs_lane_open(fs_lane *l, fs_stepper *m, fs_run *run, const fs_kernels *k, int64_t kept, fs_error *err);
void fs_lane_close(fs_lane *l);

/* A beginning that stays: of the stepper's places one. */
fs_status fs_lane_load(fs_lane *l, const fs_beginning *b, fs_error *err);

/* The request joins at the next pass, in the order added. */
void fs_lane_add(fs_lane *l, fs_request *request);

/* Steps until there is something to tell: a sequence has ended, one that is watched has a new token, somebody woke the lane;
 * or until nothing is left to do. A failure is of all requests under way, which end (FS_END_RUN). */
fs_status fs_lane_work(fs_lane *l, fs_error *err);

/* A request that has ended, or NULL. */
fs_request *fs_lane_take(fs_lane *l);

/* From any thread: fs_lane_work comes back after its pass. */
void fs_lane_wake(fs_lane *l);

#endif
