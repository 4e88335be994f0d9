# The base floor as tests reach it: a parallel sum whose items take as long as asked, and any status raised.
from libc.string cimport memset

cdef extern from *:
    """
    #include <time.h>
    #include "base/parallel.h"

    #define FS_PROBE_WORKERS 64
    typedef struct fs_probe_sum {
        fs_run *run;
        const int64_t *values;
        int64_t spin_ns;     /* an item keeps its thread busy this long */
        int nested;          /* each piece adds its items through a parallel_for of its own */
        int inner_strangers; /* set when that one used a worker other than 0 */
        fs_atomic total;
        fs_atomic items_of[FS_PROBE_WORKERS];
    } fs_probe_sum;

    static int64_t fs_probe_now(void) {
        struct timespec t;
        timespec_get(&t, TIME_UTC);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    }

    static void fs_probe_add(void *ctx, int64_t begin, int64_t end, int worker) {
        fs_probe_sum *p = (fs_probe_sum *)ctx;
        if (worker != 0) p->inner_strangers = 1;
        for (int64_t i = begin; i < end; i++) {
            int64_t until = fs_probe_now() + p->spin_ns;
            while (p->spin_ns && fs_probe_now() < until) {}
            fs_atomic_add(&p->total, p->values[i]);
        }
    }

    static void fs_probe_piece(void *ctx, int64_t begin, int64_t end, int worker) {
        fs_probe_sum *p = (fs_probe_sum *)ctx, inner = *p;
        inner.values += begin;
        inner.total = 0;
        if (p->nested) fs_parallel_for(p->run, end - begin, 1, fs_probe_add, &inner);
        else fs_probe_add(&inner, 0, end - begin, 0);
        fs_atomic_add(&p->total, inner.total);
        if (inner.inner_strangers) p->inner_strangers = 1;
        fs_atomic_add(&p->items_of[worker % FS_PROBE_WORKERS], end - begin);
    }

    static fs_status fs_probe_run(fs_probe_sum *p, int64_t items, int64_t grain, fs_error *err) {
        fs_parallel_for(p->run, items, grain, fs_probe_piece, p);
        return fs_run_status(p->run, err);
    }
    """
    const int FS_PROBE_WORKERS
    ctypedef struct fs_probe_sum:
        fs_run *run
        const int64_t *values
        int64_t spin_ns
        int nested
        int inner_strangers
        fs_atomic total
        fs_atomic items_of[64]
    fs_status fs_probe_run(fs_probe_sum *p, int64_t items, int64_t grain, fs_error *err) nogil


def probe_parallel_sum(
    const int64_t[::1] values, *, threads=None, int64_t grain=1, int64_t spin_us=0, bint nested=False
):
    """(sum of values, items each worker did, whether a nested loop left its thread)."""
    cdef fs_probe_sum p
    cdef Run run = Run(threads)
    cdef fs_error err
    cdef fs_status st
    memset(&p, 0, sizeof(p))
    p.run = &run.run
    p.spin_ns = spin_us * 1000
    p.nested = nested
    p.values = &values[0] if values.shape[0] else NULL
    with nogil:
        st = fs_probe_run(&p, values.shape[0], grain, &err)
    run.check(st, &err)
    return p.total, [p.items_of[i] for i in range(FS_PROBE_WORKERS) if p.items_of[i]], bool(p.inner_strangers)


def probe_fail(int code, str where, str what, str expected, str found):
    """Raises what the status `code` stands for, through the C error and back."""
    cdef fs_error err
    facts = (where.encode(), what.encode(), expected.encode(), found.encode())
    check(fs_fail(&err, <fs_status>code, facts[0], facts[1], b"%s|%s", <char *>facts[2], <char *>facts[3]), &err)
