/* The one home of OpenMP: how many threads, sharing out work, and stopping it.
 *
 * A native call carries one fs_run: its thread count, and how it is asked to stop. Work is cut into items;
 * workers take them in order as they become free, so which worker does an item varies from run to run and
 * nothing may depend on it.
 *
 * After fork() a child has only the thread that forked. libgomp keeps a pool of workers for each thread that
 * starts regions and would wait in the child for ever for the lost ones, so a thread gives up its pool just
 * before it forks (pthread_atfork), and parent and child both build a new one when they next need it. LLVM's
 * runtime mends itself. */
#ifndef FS_BASE_PARALLEL_H
#define FS_BASE_PARALLEL_H

#include "status.h"

typedef struct fs_run {
    int threads;           /* workers to use at most; 0: fs_threads_get() */
    int (*poll)(void *);   /* called about every 20 ms by the calling thread; nonzero asks to stop. May be NULL */
    void *poll_arg;
    fs_atomic stopped;     /* an fs_stop, set once the work is to stop; read by every worker */
    fs_atomic done;        /* items finished, for progress */
    int64_t next_poll_ns;  /* 0 at first: a call shorter than 20 ms never polls */
    int64_t deadline_ns;   /* by fs_clock_ns: when the work is to stop; 0: never */
} fs_run;

typedef enum fs_stop { FS_STOP_NONE, FS_STOP_ASKED, FS_STOP_DEADLINE } fs_stop;

int64_t fs_clock_ns(void); /* of a clock that only rises, from no point in particular */

/* begin <= item < end; `worker` is below the thread count and never used by two at once */
typedef void (*fs_task)(void *ctx, int64_t begin, int64_t end, int worker);

/* Calls task over [0, items) in pieces of `grain` items. Returns when all are done. run may be NULL: one
 * thread, no polling. Once run->stopped is set no new piece is started. Called from inside a task it runs on
 * that task's thread alone, as worker 0. */
void fs_parallel_for(fs_run *run, int64_t items, int64_t grain, fs_task task, void *ctx);

/* For long tasks: tells whether to stop. Polls first when that is due, on the calling thread (worker 0) only. */
int fs_run_stopped(fs_run *run, int worker);

/* FS_ERR_INTERRUPTED when the run was stopped, FS_OK otherwise. */
fs_status fs_run_status(fs_run *run, fs_error *err);

/* The number of workers that fs_parallel_for uses for this run, at least 1. */
int fs_run_threads(const fs_run *run);

/* The process-wide count. 0 means automatic: OMP_NUM_THREADS when set, else what CPU affinity and cgroup
 * limits leave this process. Without OpenMP it is always 1. */
void fs_threads_set(int threads);
int fs_threads_get(void);

const char *fs_openmp_description(void); /* "OpenMP 201511" or "none (serial)" */
void fs_parallel_init(void);             /* once, at import: installs the fork handler */

#endif
