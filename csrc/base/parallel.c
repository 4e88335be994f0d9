#include "parallel.h"

#include <stdlib.h>
#include <time.h>

#include "cgroup.h"

#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(_WIN32)
#include <windows.h>
#else
#include <pthread.h>
#endif

#define FS_POLL_NS 20000000
#define FS_MAX_THREADS 1024

int64_t fs_clock_ns(void) {
#if defined(_WIN32)
    return (int64_t)GetTickCount64() * 1000000;
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
#endif
}

/* ---- how many threads ---- */

#ifdef _OPENMP

static fs_atomic asked_threads; /* by fs_threads_set; 0: automatic */

/* OMP_NUM_THREADS, else 0; "4,2" gives the outermost level, which is the one used. */
static int threads_of_environment(void) {
    const char *text = getenv("OMP_NUM_THREADS");
    return text ? FS_MIN(FS_MAX(atoi(text), 0), FS_MAX_THREADS) : 0;
}

/* What affinity and cgroups leave. Affinity may change while the process runs, so it is asked each time (well
 * under a microsecond); it is OpenMP's own count, which is right also when OMP_PROC_BIND ties down this thread. */
static int threads_of_machine(void) {
    static fs_atomic limit = -1; /* of cgroups; 0: none. Two threads may both find it; they find the same */
    int cpus = FS_MAX(omp_get_num_procs(), 1);
    if (fs_atomic_load(&limit) < 0) fs_atomic_store(&limit, fs_cgroup_cpus(""));
    if (fs_atomic_load(&limit) > 0) cpus = (int)FS_MIN((int64_t)cpus, fs_atomic_load(&limit));
    return FS_MIN(cpus, FS_MAX_THREADS);
}

void fs_threads_set(int threads) { fs_atomic_store(&asked_threads, FS_MIN(FS_MAX(threads, 0), FS_MAX_THREADS)); }

int fs_threads_get(void) {
    static fs_atomic environment = -1; /* read once, as OpenMP does */
    int64_t threads = fs_atomic_load(&asked_threads);
    if (threads > 0) return (int)threads;
    if (fs_atomic_load(&environment) < 0) fs_atomic_store(&environment, threads_of_environment());
    threads = fs_atomic_load(&environment);
    return threads > 0 ? (int)threads : threads_of_machine();
}

int fs_run_threads(const fs_run *run) {
    if (!run) return 1;
    return run->threads > 0 ? FS_MIN(run->threads, FS_MAX_THREADS) : fs_threads_get();
}

#define FS_TEXT_(x) #x
#define FS_TEXT(x) FS_TEXT_(x)
const char *fs_openmp_description(void) { return "OpenMP " FS_TEXT(_OPENMP); }

#else /* no OpenMP */

void fs_threads_set(int threads) { (void)threads; }
int fs_threads_get(void) { return 1; }
int fs_run_threads(const fs_run *run) {
    (void)run;
    return 1;
}
const char *fs_openmp_description(void) { return "none (serial)"; }

#endif

/* ---- stopping ---- */

/* Whether this thread is the one that called in, not a worker of the region it started. */
static int on_calling_thread(void) {
#ifdef _OPENMP
    return omp_get_thread_num() == 0;
#else
    return 1;
#endif
}

/* The first poll is due 20 ms into the work: short calls never take the caller's lock. */
static void poll_when_due(fs_run *run) {
    int64_t now = fs_clock_ns();
    int first = run->next_poll_ns == 0;
    if (run->deadline_ns && now >= run->deadline_ns) fs_atomic_store(&run->stopped, FS_STOP_DEADLINE);
    if (!run->poll) return;
    if (!first && now < run->next_poll_ns) return;
    run->next_poll_ns = now + FS_POLL_NS;
    if (!first && run->poll(run->poll_arg)) fs_atomic_store(&run->stopped, FS_STOP_ASKED);
}

int fs_run_stopped(fs_run *run, int worker) {
    if (!run) return 0;
    if (worker == 0 && (run->poll || run->deadline_ns) && on_calling_thread()) poll_when_due(run);
    return fs_atomic_load(&run->stopped) != 0;
}

fs_status fs_run_status(fs_run *run, fs_error *err) {
    if (run && fs_atomic_load(&run->stopped))
        return fs_fail(err, FS_ERR_INTERRUPTED, "run", "stopped before the end", "|");
    return FS_OK;
}

/* ---- sharing out ---- */

typedef struct sharing {
    fs_run *run;
    int64_t items, grain;
    fs_task task;
    void *ctx;
    fs_atomic next; /* the first item nobody has taken */
} sharing;

static void take_items(sharing *s, int worker) {
    while (!fs_run_stopped(s->run, worker)) {
        int64_t begin = fs_atomic_add(&s->next, s->grain), end;
        if (begin >= s->items) return;
        end = begin + FS_MIN(s->grain, s->items - begin);
        s->task(s->ctx, begin, end, worker);
        if (s->run) fs_atomic_add(&s->run->done, end - begin);
    }
}

void fs_parallel_for(fs_run *run, int64_t items, int64_t grain, fs_task task, void *ctx) {
    sharing s = {run, items, FS_MAX(grain, 1), task, ctx, 0};
#ifdef _OPENMP
    int64_t pieces = items / s.grain + (items % s.grain != 0);
    if (pieces > 1 && !omp_in_parallel()) {
        int threads = (int)FS_MIN((int64_t)fs_run_threads(run), pieces);
#pragma omp parallel num_threads(threads) if (threads > 1)
        take_items(&s, omp_get_thread_num());
        return;
    }
#endif
    take_items(&s, 0);
}

/* ---- fork ---- */

#if defined(_OPENMP) && !defined(_WIN32)
/* A soft pause gives up this thread's pool; the next region builds another. It fails only inside a region. */
static void give_up_pool(void) { (void)omp_pause_resource_all(omp_pause_soft); }

void fs_parallel_init(void) {
    static fs_atomic installed;
    if (!fs_atomic_swap_if(&installed, 0, 1)) return;
    (void)omp_get_num_procs(); /* wakes the runtime, so that a fork handler of its own runs after ours */
    pthread_atfork(give_up_pool, NULL, NULL);
}
#else
void fs_parallel_init(void) {}
#endif
