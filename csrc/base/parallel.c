#include "parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(_WIN32)
#include <windows.h>
#else
#include <pthread.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

#define FS_POLL_NS 20000000
#define FS_MAX_THREADS 1024

static int64_t now_ns(void) {
#if defined(_WIN32)
    return (int64_t)GetTickCount64() * 1000000;
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
#endif
}

/* ---- how many threads ---- */

static fs_atomic asked_threads; /* by fs_threads_set; 0: automatic */

static int affinity_limit(void) {
#if defined(__linux__) && defined(CPU_COUNT)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
#if defined(_WIN32)
    DWORD_PTR process, system;
    if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system) && process) {
        int n = 0;
        for (; process; process &= process - 1) n++;
        return n;
    }
    return 1;
#else
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)FS_MIN(n, FS_MAX_THREADS) : 1;
#endif
}

#if defined(__linux__)
/* Whole CPUs that a quota of `quota` microseconds in every `period` leaves; 0 when there is no limit. */
static int quota_cpus(double quota, double period) {
    if (quota <= 0 || period <= 0) return 0;
    return (int)FS_MAX(1.0, quota / period + 0.5);
}

static int read_line(const char *path, char *line, int size) {
    FILE *f = fopen(path, "r");
    int ok;
    if (!f) return 0;
    ok = fgets(line, size, f) != NULL;
    fclose(f);
    return ok;
}

/* Version 2: the tightest cpu.max from this process's group up to the root. */
static int cgroup2_limit(void) {
    char line[512], path[600], group[512] = "";
    int best = 0;
    FILE *f = fopen("/proc/self/cgroup", "r");
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "0::", 3) == 0) {
            line[strcspn(line, "\n")] = 0;
            strcpy(group, line + 3);
        }
    fclose(f);
    for (;;) {
        double quota, period;
        char *slash;
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        if (read_line(path, line, sizeof line) && sscanf(line, "%lf %lf", &quota, &period) == 2) {
            int n = quota_cpus(quota, period);
            if (n && (!best || n < best)) best = n;
        }
        slash = strrchr(group, '/');
        if (!slash) return best;
        *slash = 0;
    }
}

static int cgroup1_limit(void) {
    char quota[64], period[64];
    if (!read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota, sizeof quota) ||
        !read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period))
        return 0;
    return quota_cpus(atof(quota), atof(period));
}

static int cgroup_limit(void) {
    int n = cgroup2_limit();
    return n ? n : cgroup1_limit();
}
#else
static int cgroup_limit(void) { return 0; }
#endif

#ifdef _OPENMP
static int automatic_threads(void) {
    const char *env = getenv("OMP_NUM_THREADS");
    int n = env ? atoi(env) : 0; /* "4,2" gives the outermost level, which is the one used */
    int limit;
    if (n > 0) return FS_MIN(n, FS_MAX_THREADS);
    n = affinity_limit();
    limit = cgroup_limit();
    return limit && limit < n ? limit : n;
}
#endif

void fs_threads_set(int threads) { fs_atomic_store(&asked_threads, FS_MIN(FS_MAX(threads, 0), FS_MAX_THREADS)); }

int fs_threads_get(void) {
#ifdef _OPENMP
    static fs_atomic automatic;
    int64_t n = fs_atomic_load(&asked_threads);
    if (n > 0) return (int)n;
    n = fs_atomic_load(&automatic);
    if (n <= 0) {
        n = automatic_threads();
        fs_atomic_store(&automatic, n);
    }
    return (int)n;
#else
    (void)affinity_limit;
    (void)cgroup_limit;
    return 1;
#endif
}

int fs_run_threads(const fs_run *run) {
    if (!run) return 1;
#ifdef _OPENMP
    return run->threads > 0 ? FS_MIN(run->threads, FS_MAX_THREADS) : fs_threads_get();
#else
    return 1;
#endif
}

const char *fs_openmp_description(void) {
#ifdef _OPENMP
#define FS_TEXT_(x) #x
#define FS_TEXT(x) FS_TEXT_(x)
    return "OpenMP " FS_TEXT(_OPENMP);
#else
    return "none (serial)";
#endif
}

/* ---- stopping ---- */

static void poll_now(fs_run *run) {
    int64_t now = now_ns();
    if (now < run->next_poll_ns) return;
    run->next_poll_ns = now + FS_POLL_NS;
    if (run->poll(run->poll_arg)) fs_atomic_store(&run->stopped, 1);
}

int fs_run_stopped(fs_run *run, int worker) {
    if (!run) return 0;
    if (worker == 0 && run->poll) poll_now(run);
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
    fs_atomic next;
    fs_task task;
    void *ctx;
    int threads;
} sharing;

/* `caller`: this worker is the thread that called in, and the one that may poll */
static void take_items(sharing *s, int worker, int caller) {
    for (;;) {
        int64_t begin, end;
        if (s->run && fs_run_stopped(s->run, caller ? 0 : 1)) return;
        begin = fs_atomic_add(&s->next, s->grain);
        if (begin >= s->items) return;
        end = FS_MIN(begin + s->grain, s->items);
        s->task(s->ctx, begin, end, worker);
        if (s->run) fs_atomic_add(&s->run->done, end - begin);
    }
}

#ifdef _OPENMP

static void share_out(sharing *s) {
#pragma omp parallel num_threads(s->threads)
    take_items(s, omp_get_thread_num(), omp_get_thread_num() == 0);
}

#if !defined(_WIN32)

static FS_THREAD_LOCAL int forked; /* this thread came out of fork() in the child */

static void mark_forked(void) { forked = 1; }
void fs_parallel_init(void) {
    static fs_atomic installed;
    if (fs_atomic_swap_if(&installed, 0, 1)) pthread_atfork(NULL, NULL, mark_forked);
}

typedef struct relay {
    sharing *s;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int done;
} relay;

static void *relay_main(void *arg) {
    relay *r = arg;
    sharing *s = r->s;
    int (*poll)(void *) = s->run ? s->run->poll : NULL;
    if (s->run) s->run->poll = NULL; /* the waiting caller polls */
    share_out(s);
    pthread_mutex_lock(&r->lock);
    if (s->run) s->run->poll = poll;
    r->done = 1;
    pthread_cond_signal(&r->ended);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* Runs the region from a fresh thread while this one waits and polls. 0: no thread could be had. */
static int share_out_relayed(sharing *s) {
    relay r = {s, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    fs_run *run = s->run;
    int (*poll)(void *) = run ? run->poll : NULL;
    pthread_t thread;
    if (pthread_create(&thread, NULL, relay_main, &r) != 0) return 0;
    pthread_mutex_lock(&r.lock);
    while (!r.done) {
        struct timespec until;
        if (!poll) {
            pthread_cond_wait(&r.ended, &r.lock);
            continue;
        }
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += FS_POLL_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&r.ended, &r.lock, &until);
        pthread_mutex_unlock(&r.lock);
        if (poll(run->poll_arg)) fs_atomic_store(&run->stopped, 1);
        pthread_mutex_lock(&r.lock);
    }
    pthread_mutex_unlock(&r.lock);
    pthread_join(thread, NULL);
    return 1;
}

static int share_out_after_fork(sharing *s) { return forked && share_out_relayed(s); }

#else
void fs_parallel_init(void) {}
static int share_out_after_fork(sharing *s) {
    (void)s;
    return 0;
}
#endif

#else /* no OpenMP */
void fs_parallel_init(void) {}
#endif

void fs_parallel_for(fs_run *run, int64_t items, int64_t grain, fs_task task, void *ctx) {
    sharing s = {run, items, FS_MAX(grain, 1), 0, task, ctx, 1};
    int64_t pieces = items / s.grain + (items % s.grain != 0);
    s.threads = (int)FS_MIN((int64_t)fs_run_threads(run), pieces);
    if (s.threads < 1) return;
#ifdef _OPENMP
    if (s.threads > 1 && omp_get_level() == 0) {
        if (!share_out_after_fork(&s)) share_out(&s);
        return;
    }
#endif
    take_items(&s, 0, 1);
}
