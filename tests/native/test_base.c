/* The base floor alone: sizes, errors, memory, instruction sets. */
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/checked.h"
#include "base/cpu.h"
#include "base/store.h"
#include "check.h"

static void sizes_see_overflow(void) {
    size_t n = 7;
    int i = 7;
    CHECK(fs_size_add(SIZE_MAX - 1, 1, &n) && n == SIZE_MAX);
    CHECK(fs_size_mul(SIZE_MAX / 2, 2, &n) && n == SIZE_MAX - 1);
    CHECK(fs_size_mul(SIZE_MAX, 0, &n) && n == 0);
    CHECK(fs_size_mul(0, SIZE_MAX, &n) && n == 0);
    CHECK(fs_size_array(3, 5, 4, &n) && n == 60);
    CHECK(fs_size_round(65, 64, &n) && n == 128);
    CHECK(fs_size_round(64, 64, &n) && n == 64);
    CHECK(fs_int_from_i64(INT_MIN, &i) && i == INT_MIN);
    n = 7, i = 7;
    CHECK(!fs_size_add(SIZE_MAX, 1, &n));
    CHECK(!fs_size_mul(SIZE_MAX / 2 + 1, 2, &n));
    CHECK(!fs_size_array(SIZE_MAX / 4, 2, 4, &n));
    CHECK(!fs_size_round(SIZE_MAX - 62, 64, &n));
    CHECK(!fs_int_from_i64((int64_t)INT_MAX + 1, &i));
    CHECK(n == 7 && i == 7); /* a failure leaves the result alone */
}

static void errors_carry_four_facts(void) {
    fs_error err;
    char longer[400];
    CHECK(fs_fail(&err, FS_ERR_FORMAT, "tensor w", "bad shape", "%d rows|%d|%d", 3, 4, 5) == FS_ERR_FORMAT);
    CHECK(err.code == FS_ERR_FORMAT);
    CHECK(strcmp(err.where, "tensor w") == 0 && strcmp(err.what, "bad shape") == 0);
    CHECK(strcmp(err.expected, "3 rows") == 0 && strcmp(err.found, "4|5") == 0);
    CHECK(fs_fail(&err, FS_ERR_VALUE, "x", "y", "no bar") == FS_ERR_VALUE);
    CHECK(strcmp(err.expected, "no bar") == 0 && err.found[0] == 0);
    CHECK(fs_fail(NULL, FS_ERR_TYPE, "x", "y", "|") == FS_ERR_TYPE);
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = 0;
    CHECK(fs_fail(&err, FS_ERR_VALUE, longer, longer, "%s|%s", longer, longer) == FS_ERR_VALUE);
    CHECK(strlen(err.where) == sizeof err.where - 1 && strlen(err.what) == sizeof err.what - 1);
    CHECK(strlen(err.expected) == sizeof err.expected - 1);
    CHECK(fs_fail_memory(&err, "block", 640) == FS_ERR_MEMORY && strcmp(err.expected, "room for 640 bytes") == 0);
}

static void memory_is_aligned_and_zeroed(void) {
    for (size_t bytes = 0; bytes < 300; bytes += 37) {
        unsigned char *p = fs_alloc(bytes);
        CHECK(p && (uintptr_t)p % FS_ALIGNMENT == 0);
        for (size_t i = 0; p && i < bytes; i++) CHECK(p[i] == 0);
        fs_free(p);
    }
    CHECK(fs_alloc(SIZE_MAX) == NULL);
    CHECK(fs_alloc(SIZE_MAX / 2) == NULL);
    fs_free(NULL);
}

static void sparse_memory_is_zeroed_each_time(void) {
    const size_t bytes = 300000;
    for (int turn = 0; turn < 2; turn++) {
        unsigned char *p = fs_alloc_sparse(bytes), *behind = fs_alloc(70000);
        CHECK(p && behind && (uintptr_t)p % FS_ALIGNMENT == 0);
        for (size_t i = 0; p && i < bytes; i++) CHECK(p[i] == 0);
        if (p) memset(p, 1, bytes);
        fs_free(p);
        fs_free(behind);
    }
    CHECK(fs_alloc_sparse(SIZE_MAX) == NULL);
}

/* Regions of all sizes, some larger than what was expected, keep what is written to them. */
static void store_keeps_its_regions_apart(void) {
    enum { COUNT = 40 };
    static const size_t expected[] = {0, 1000, 3 << 20, SIZE_MAX};
    for (size_t e = 0; e < sizeof expected / sizeof *expected; e++) {
        fs_store s = {0};
        unsigned char *p[COUNT];
        if (expected[e]) fs_store_expect(&s, expected[e]);
        for (int i = 0; i < COUNT; i++) {
            p[i] = fs_store_take(&s, (size_t)(i * i * 997));
            CHECK(p[i] && (uintptr_t)p[i] % FS_ALIGNMENT == 0);
            if (p[i]) memset(p[i], i, (size_t)(i * i * 997));
        }
        for (int i = 1; i < COUNT; i++) CHECK(p[i] && p[i][0] == i && p[i][i * i * 997 - 1] == i);
        CHECK(fs_store_take(&s, SIZE_MAX - 100) == NULL);
        fs_store_close(&s);
    }
}

/* The cuts that both passes of an arena make. */
static void cut_two(fs_arena *a, size_t rows, float **x, int32_t **y) {
    *x = fs_arena_cut(a, rows, 5, sizeof **x);
    *y = fs_arena_cut(a, rows, 1, sizeof **y);
}

static void arena_cuts_what_was_planned(void) {
    fs_arena a = {0};
    fs_error err;
    float *x;
    int32_t *y;
    unsigned char *block;
    fs_arena_plan(&a);
    cut_two(&a, 3, &x, &y);
    CHECK(!x && !y && fs_arena_planning(&a));
    CHECK(fs_arena_ready(&a, "test", &err) == FS_OK);
    cut_two(&a, 3, &x, &y);
    CHECK(x && y && (uintptr_t)x % FS_ALIGNMENT == 0 && (uintptr_t)y % FS_ALIGNMENT == 0);
    CHECK((unsigned char *)y >= (unsigned char *)x + 3 * 5 * sizeof *x);
    for (int i = 0; i < 15; i++) x[i] = 1;
    for (int i = 0; i < 3; i++) y[i] = 2;
    CHECK(x[14] == 1); /* the regions do not overlap */
    block = a.block;
    fs_arena_rewind(&a);
    cut_two(&a, 2, &x, &y);
    CHECK((unsigned char *)x == block && a.block == block); /* less fits without another allocation */
    CHECK(fs_arena_cut(&a, 1000, 1000, 8) == NULL);
    CHECK(a.failed && fs_arena_cut(&a, 1, 1, 1) == NULL); /* a failure stays */
    fs_arena_close(&a);
    CHECK(a.block == NULL);
    fs_arena_close(&a);
}

static void arena_grows_only_when_it_must(void) {
    fs_arena a = {0};
    size_t size;
    float *x;
    int32_t *y;
    for (size_t rows = 1; rows <= 1000; rows *= 10) {
        fs_arena_plan(&a);
        cut_two(&a, rows, &x, &y);
        CHECK(fs_arena_ready(&a, "test", NULL) == FS_OK);
        cut_two(&a, rows, &x, &y);
        CHECK(x && y);
    }
    size = a.size;
    fs_arena_plan(&a);
    cut_two(&a, 4, &x, &y);
    CHECK(fs_arena_ready(&a, "test", NULL) == FS_OK && a.size == size);
    fs_arena_close(&a);
}

static void arena_reports_sizes_beyond_memory(void) {
    fs_arena a = {0};
    fs_error err;
    fs_arena_plan(&a);
    fs_arena_cut(&a, SIZE_MAX / 2, 3, 1);
    CHECK(fs_arena_ready(&a, "graph", &err) == FS_ERR_MEMORY && strcmp(err.where, "graph") == 0);
    CHECK(fs_arena_cut(&a, 1, 1, 1) == NULL);
    fs_arena_plan(&a);
    fs_arena_cut(&a, SIZE_MAX / 2, 1, 1);
    fs_arena_cut(&a, SIZE_MAX / 2, 1, 1);
    fs_arena_cut(&a, SIZE_MAX / 2, 1, 1); /* each fits a size_t, their sum does not */
    CHECK(fs_arena_ready(&a, "graph", &err) == FS_ERR_MEMORY);
    fs_arena_plan(&a);
    fs_arena_cut(&a, 1, 8, 8);
    CHECK(fs_arena_ready(&a, "graph", &err) == FS_OK && fs_arena_cut(&a, 1, 8, 8)); /* and it recovers */
    fs_arena_close(&a);
}

static void buffer_grows_and_keeps_its_bytes(void) {
    fs_buffer b = {0};
    fs_error err;
    for (int i = 0; i < 1000; i++) CHECK(fs_buffer_append(&b, &i, sizeof i, &err) == FS_OK);
    CHECK(b.size == 1000 * sizeof(int) && b.capacity >= b.size);
    for (int i = 0; i < 1000; i++) CHECK(((int *)b.data)[i] == i);
    CHECK(fs_buffer_append(&b, NULL, 0, &err) == FS_OK && b.size == 1000 * sizeof(int));
    CHECK(fs_buffer_add(&b, SIZE_MAX) == NULL && fs_buffer_add(&b, SIZE_MAX / 2) == NULL);
    CHECK(b.size == 1000 * sizeof(int) && ((int *)b.data)[999] == 999); /* a failure changes nothing */
    fs_buffer_free(&b);
    CHECK(b.data == NULL && b.size == 0);
    fs_buffer_free(&b);
}

static void instruction_sets_are_ordered_and_named(void) {
    fs_isa isa;
    fs_error err;
    int reached_best = 0;
    CHECK(fs_isa_available((fs_isa)(FS_ISA_COUNT - 1)));
    CHECK(strcmp(fs_isa_name((fs_isa)(FS_ISA_COUNT - 1)), "portable") == 0);
    for (int i = 0; i < FS_ISA_COUNT; i++) {
        int named = fs_isa_from_name(fs_isa_name((fs_isa)i), &isa, &err) == FS_OK;
        CHECK(named == fs_isa_available((fs_isa)i));
        if (named) CHECK(isa == (fs_isa)i);
        if ((fs_isa)i == fs_isa_best()) reached_best = 1;
        if (fs_isa_available((fs_isa)i)) CHECK(reached_best); /* nothing before the best is available */
    }
    CHECK(fs_isa_from_name("sse9", &isa, &err) == FS_ERR_VALUE);
    CHECK(strstr(err.expected, "portable") && strcmp(err.found, "sse9") == 0);
}

BEGIN
RUN(sizes_see_overflow);
RUN(errors_carry_four_facts);
RUN(memory_is_aligned_and_zeroed);
RUN(sparse_memory_is_zeroed_each_time);
RUN(store_keeps_its_regions_apart);
RUN(arena_cuts_what_was_planned);
RUN(arena_grows_only_when_it_must);
RUN(arena_reports_sizes_beyond_memory);
RUN(buffer_grows_and_keeps_its_bytes);
RUN(instruction_sets_are_ordered_and_named);
END
