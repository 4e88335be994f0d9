#include "cache.h"

#include <string.h>

#include "../base/arena.h"
#include "../base/checked.h"
#include "../base/portable.h"
#include "../kernels/kernel_types.h"

enum { PAGE = FS_ATTEND_KEYS, FIRST_ROOM = 4 };

/* Before a page's floats, in a line of its own. */
typedef union page_head {
    struct {
        int users;   /* rows that have it */
        float *next; /* of the unused */
    } is;
    unsigned char line[64];
} page_head;

static page_head *head_of(float *page) { return (page_head *)page - 1; }

static int pages_of(int count) { return (count + PAGE - 1) / PAGE; }

fs_status fs_cache_open(fs_cache *c, int rows, size_t floats, fs_error *err) {
    *c = (fs_cache){.floats = floats, .rows = rows};
    if (!floats) return FS_OK;
    c->counts = fs_alloc(2 * (size_t)rows * sizeof *c->counts);
    return c->counts ? FS_OK : fs_fail_memory(err, "decoder cache", 2 * (uint64_t)rows * sizeof *c->counts);
}

static void drop(fs_cache *c, float *page) {
    if (--head_of(page)->is.users) return;
    head_of(page)->is.next = c->unused;
    c->unused = page;
}

void fs_cache_clear(fs_cache *c, int row) {
    if (!c->floats) return;
    for (int i = 0; i < c->counts[row]; i++) drop(c, fs_cache_pages(c, row)[i]);
    c->counts[row] = 0;
}

void fs_cache_close(fs_cache *c) {
    for (int row = 0; c->tables && row < c->rows; row++) fs_cache_clear(c, row);
    while (c->unused) {
        page_head *head = head_of(c->unused);
        c->unused = head->is.next;
        fs_free(head);
    }
    fs_free(c->tables);
    fs_free(c->counts);
    *c = (fs_cache){0};
}

static fs_status grow_tables(fs_cache *c, int pages, fs_error *err) {
    const int room = FS_MAX(FS_MAX(2 * c->room, pages), FIRST_ROOM);
    size_t bytes = 0;
    float **tables = NULL;
    if (fs_size_array(2 * (size_t)c->rows, (size_t)room, sizeof *tables, &bytes)) tables = fs_alloc(bytes);
    if (!tables) return fs_fail_memory(err, "decoder cache", bytes);
    for (int row = 0; row < c->rows && c->room; row++)
        memcpy(tables + (size_t)row * (size_t)room, fs_cache_pages(c, row), (size_t)c->counts[row] * sizeof *tables);
    fs_free(c->tables);
    c->tables = tables;
    c->room = room;
    return FS_OK;
}

static fs_status take_page(fs_cache *c, float **page, fs_error *err) {
    *page = c->unused;
    if (*page) {
        c->unused = head_of(*page)->is.next;
    } else {
        page_head *head = fs_alloc(sizeof *head + c->floats * sizeof(float));
        if (!head) return fs_fail_memory(err, "decoder cache", (uint64_t)c->floats * sizeof(float));
        *page = (float *)(head + 1);
    }
    head_of(*page)->is.users = 1;
    return FS_OK;
}

fs_status fs_cache_reserve(fs_cache *c, int row, int first, int last, fs_error *err) {
    const int pages = (last - 1) / PAGE + 1;
    float **table, *page;
    if (!c->floats) return FS_OK;
    if (pages > c->room) FS_TRY(grow_tables(c, pages, err));
    table = c->tables + (size_t)row * (size_t)c->room;
    if (first / PAGE < c->counts[row] && head_of(table[first / PAGE])->is.users > 1) {
        FS_TRY(take_page(c, &page, err));
        memcpy(page, table[first / PAGE], c->floats * sizeof *page);
        drop(c, table[first / PAGE]);
        table[first / PAGE] = page;
    }
    for (; c->counts[row] < pages; c->counts[row]++) FS_TRY(take_page(c, &table[c->counts[row]], err));
    return FS_OK;
}

void fs_cache_reorder(fs_cache *c, int rows, int n, const int32_t *from) {
    const size_t room = (size_t)c->room;
    float **spare = c->tables + (size_t)c->rows * room;
    int *counts = c->counts + c->rows;
    if (!c->room) return;
    for (int i = 0; i < n; i++) {
        counts[i] = c->counts[from[i]];
        memcpy(spare + (size_t)i * room, fs_cache_pages(c, from[i]), (size_t)counts[i] * sizeof *spare);
        for (int p = 0; p < counts[i]; p++) head_of(spare[(size_t)i * room + (size_t)p])->is.users++;
    }
    for (int row = 0; row < rows; row++) fs_cache_clear(c, row);
    memcpy(c->tables, spare, (size_t)n * room * sizeof *spare);
    memcpy(c->counts, counts, (size_t)n * sizeof *counts);
}

void fs_cache_fork(fs_cache *c, int row, int from, int count) {
    const int pages = pages_of(count);
    float **table;
    if (!c->room) return;
    table = c->tables + (size_t)row * (size_t)c->room;
    if (row == from) {
        while (c->counts[row] > pages) drop(c, table[--c->counts[row]]);
        return;
    }
    fs_cache_clear(c, row);
    for (int i = 0; i < pages; i++) {
        table[i] = fs_cache_pages(c, from)[i];
        head_of(table[i])->is.users++;
    }
    c->counts[row] = pages;
}

size_t fs_cache_size(const fs_cache *c, int count) { return (size_t)pages_of(count) * c->floats; }

void fs_cache_read(const fs_cache *c, int row, int count, float *to) {
    for (int i = 0; i < pages_of(count); i++)
        memcpy(to + (size_t)i * c->floats, fs_cache_pages(c, row)[i], c->floats * sizeof *to);
}

fs_status fs_cache_write(fs_cache *c, int row, int count, const float *from, fs_error *err) {
    fs_cache_clear(c, row);
    FS_TRY(fs_cache_reserve(c, row, 0, count, err));
    for (int i = 0; i < pages_of(count); i++)
        memcpy(fs_cache_pages(c, row)[i], from + (size_t)i * c->floats, c->floats * sizeof *from);
    return FS_OK;
}
