/* Sharing out, stopping and polling, and the control groups that limit the thread count. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cgroup.h"
#include "base/parallel.h"
#include "check.h"

#define ITEMS 1000

typedef struct tally {
    fs_run *run;
    fs_atomic times[ITEMS]; /* that each item was done */
    fs_atomic pieces, largest_worker, beyond;
} tally;

static void count(void *ctx, int64_t begin, int64_t end, int worker) {
    tally *t = ctx;
    if (begin < 0 || end > ITEMS || begin >= end) fs_atomic_store(&t->beyond, 1);
    for (int64_t i = begin; i < end; i++) fs_atomic_add(&t->times[i], 1);
    fs_atomic_add(&t->pieces, 1);
    if (worker > fs_atomic_load(&t->largest_worker)) fs_atomic_store(&t->largest_worker, worker);
}

static void every_item_is_done_once(void) {
    static const int64_t grains[] = {1, 7, 1000, 5000, 0};
    for (int threads = 1; threads <= 5; threads++)
        for (int g = 0; g < 5; g++) {
            fs_run run = {.threads = threads};
            tally t = {0};
            fs_parallel_for(&run, ITEMS, grains[g], count, &t);
            for (int i = 0; i < ITEMS; i++) CHECK(t.times[i] == 1);
            CHECK(!t.beyond && t.largest_worker < threads && run.done == ITEMS);
            CHECK(fs_run_status(&run, NULL) == FS_OK);
        }
}

static void nothing_to_do_is_nothing_done(void) {
    fs_run run = {.threads = 3};
    tally t = {0};
    fs_parallel_for(&run, 0, 4, count, &t);
    fs_parallel_for(NULL, 0, 4, count, &t);
    CHECK(t.pieces == 0 && run.done == 0);
    fs_parallel_for(NULL, ITEMS, 10, count, &t);
    CHECK(t.pieces == ITEMS / 10 && t.largest_worker == 0);
}

static void nest(void *ctx, int64_t begin, int64_t end, int worker) {
    tally *t = ctx, inner = {0};
    (void)worker;
    fs_parallel_for(t->run, end - begin, 1, count, &inner);
    if (inner.largest_worker != 0 || inner.pieces != end - begin) fs_atomic_store(&t->beyond, 1);
    count(t, begin, end, 0);
}

static void a_nested_loop_stays_on_its_thread(void) {
    fs_run run = {.threads = 4};
    tally t = {.run = &run};
    fs_parallel_for(&run, ITEMS, 50, nest, &t);
    CHECK(!t.beyond);
}

/* ---- polls ---- */

static FS_THREAD_LOCAL int calling; /* set in the test's own thread */
typedef struct polls {
    int count, elsewhere, stop_at;
} polls;

static int poll_counted(void *arg) {
    polls *p = arg;
    p->count++;
    if (!calling) p->elsewhere = 1;
    return p->stop_at && p->count >= p->stop_at;
}

static int64_t now_ms(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void spin_ms(void *ctx, int64_t begin, int64_t end, int worker) {
    tally *t = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        int64_t until = now_ms() + 1;
        while (now_ms() < until) {}
        if (t->run) fs_run_stopped(t->run, 0); /* a task may ask from any thread; only one of them polls */
    }
}

static void only_the_caller_polls_and_rarely(void) {
    polls p = {0};
    fs_run run = {.threads = 3, .poll = poll_counted, .poll_arg = &p};
    tally t = {.run = &run};
    int64_t began = now_ms(), took;
    calling = 1;
    fs_parallel_for(&run, 300, 1, spin_ms, &t);
    took = now_ms() - began;
    CHECK(p.count >= 1 && p.count <= took / 20 + 1 && !p.elsewhere);
    CHECK(run.done == 300 && fs_run_status(&run, NULL) == FS_OK);
}

static void a_short_call_does_not_poll(void) {
    polls p = {0};
    fs_run run = {.threads = 2, .poll = poll_counted, .poll_arg = &p};
    int64_t began = now_ms();
    tally t = {0};
    fs_parallel_for(&run, ITEMS, 100, count, &t);
    CHECK(p.count == 0 || now_ms() - began >= 20);
}

static void a_poll_stops_the_work(void) {
    for (int threads = 1; threads <= 3; threads++) {
        polls p = {.stop_at = 2};
        fs_run run = {.threads = threads, .poll = poll_counted, .poll_arg = &p};
        tally t = {0};
        fs_error err;
        fs_parallel_for(&run, 100000, 1, spin_ms, &t);
        CHECK(p.count == 2 && run.done < 100000);
        CHECK(fs_run_status(&run, &err) == FS_ERR_INTERRUPTED && err.code == FS_ERR_INTERRUPTED);
        fs_parallel_for(&run, ITEMS, 1, count, &t);
        CHECK(t.pieces == 0); /* a stopped run starts nothing more */
    }
}

/* ---- thread counts ---- */

static void counts_are_in_their_order_of_say(void) {
    fs_run automatic = {0}, three = {.threads = 3};
    int machine = fs_threads_get();
    CHECK(machine >= 1);
    fs_threads_set(2);
#ifdef _OPENMP
    CHECK(fs_threads_get() == 2 && fs_run_threads(&automatic) == 2 && fs_run_threads(&three) == 3);
#else
    CHECK(fs_threads_get() == 1 && fs_run_threads(&automatic) == 1 && fs_run_threads(&three) == 1);
#endif
    CHECK(fs_run_threads(NULL) == 1);
    fs_threads_set(0);
    CHECK(fs_threads_get() == machine);
    fs_threads_set(-5);
    CHECK(fs_threads_get() == machine);
}

#if defined(__linux__)
#include <sys/stat.h>
#include <unistd.h>

/* A file under `root`, its folders made on the way. */
static void put(const char *root, const char *name, const char *text) {
    char path[512];
    FILE *f;
    snprintf(path, sizeof path, "%s%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    f = fopen(path, "w");
    CHECK(f != NULL);
    if (!f) return;
    fputs(text, f);
    fclose(f);
}

static void control_groups_limit_the_count(void) {
    char root[] = "/tmp/fastseq-cgroup-XXXXXX", command[128];
    CHECK(mkdtemp(root) != NULL);
    CHECK(fs_cgroup_cpus(root) == 0);
    put(root, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "250000\n"); /* version 1 */
    put(root, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    CHECK(fs_cgroup_cpus(root) == 3);
    put(root, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    CHECK(fs_cgroup_cpus(root) == 0);
    put(root, "/proc/self/cgroup", "1:name=x:/y\n0::/a/b\n"); /* version 2 */
    put(root, "/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    CHECK(fs_cgroup_cpus(root) == 0);
    put(root, "/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    CHECK(fs_cgroup_cpus(root) == 4); /* a parent's quota counts */
    put(root, "/sys/fs/cgroup/a/b/cpu.max", "20000 100000\n");
    CHECK(fs_cgroup_cpus(root) == 1); /* a fifth of a CPU is still one thread */
    put(root, "/sys/fs/cgroup/a/b/cpu.max", "nonsense\n");
    put(root, "/sys/fs/cgroup/cpu.max", "150000 100000\n");
    CHECK(fs_cgroup_cpus(root) == 2); /* the root of a container */
    snprintf(command, sizeof command, "rm -r %s", root);
    CHECK(system(command) == 0);
}
#else
static void control_groups_limit_the_count(void) { CHECK(fs_cgroup_cpus("") == 0); }
#endif

BEGIN
RUN(every_item_is_done_once);
RUN(nothing_to_do_is_nothing_done);
RUN(a_nested_loop_stays_on_its_thread);
RUN(only_the_caller_polls_and_rarely);
RUN(a_short_call_does_not_poll);
RUN(a_poll_stops_the_work);
RUN(counts_are_in_their_order_of_say);
RUN(control_groups_limit_the_count);
END
