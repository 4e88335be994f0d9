#include "shelf.h"

#include <string.h>

#include "../base/arena.h"

enum { FEWEST = 16 }; /* tokens that are worth a place */

fs_status fs_shelf_open(fs_shelf *s, fs_stepper *m, int64_t most, fs_error *err) {
    *s = (fs_shelf){.m = m, .most = most};
    s->kept = fs_alloc((size_t)m->shelf * sizeof *s->kept);
    return s->kept ? FS_OK : fs_fail_memory(err, "kept prompts", (uint64_t)m->shelf * sizeof *s->kept);
}

void fs_shelf_close(fs_shelf *s) {
    for (int i = 0; s->kept && i < s->m->shelf; i++) fs_free(s->kept[i].tokens);
    fs_free(s->kept);
    *s = (fs_shelf){0};
}

static int in_common(const fs_kept *kept, const fs_request *q, int most) {
    int n = 0;
    most = FS_MIN(most, kept->count);
    while (n < most && kept->tokens[n] == fs_request_token(q, n)) n++;
    return n;
}

int fs_shelf_find(fs_shelf *s, const fs_request *q, int *place) {
    int most = 0;
    for (int i = 0; i < s->m->shelf; i++) {
        const int n = in_common(&s->kept[i], q, q->length);
        if (n <= most) continue;
        most = n;
        *place = i;
    }
    if (most) s->kept[*place].used = ++s->uses;
    return most;
}

static void give_up(fs_shelf *s, int place) {
    fs_kept *kept = &s->kept[place];
    s->tokens -= kept->count;
    s->m->fork(s->m, s->m->rows + place, s->m->rows + place, 0);
    fs_free(kept->tokens);
    *kept = (fs_kept){0};
}

/* The one of the kept that was not used for longest; -1: none is kept */
static int oldest(const fs_shelf *s) {
    int place = -1;
    for (int i = 0; i < s->m->shelf; i++)
        if (s->kept[i].count && !s->kept[i].stays && (place < 0 || s->kept[i].used < s->kept[place].used)) place = i;
    return place;
}

/* -1: all are taken by what stays */
static int free_place(fs_shelf *s) {
    int place = 0;
    while (place < s->m->shelf && s->kept[place].count) place++;
    if (place < s->m->shelf) return place;
    place = oldest(s);
    if (place >= 0) give_up(s, place);
    return place;
}

fs_status fs_shelf_load(fs_shelf *s, const fs_beginning *b, fs_error *err) {
    const int place = free_place(s);
    const size_t bytes = (size_t)b->count * sizeof *b->tokens;
    int32_t *tokens = fs_alloc(bytes);
    if (!tokens) return fs_fail_memory(err, "kept prompts", bytes);
    memcpy(tokens, b->tokens, bytes);
    s->kept[place] = (fs_kept){.tokens = tokens, .count = b->count, .stays = 1, .used = ++s->uses};
    return s->m->write(s->m, s->m->rows + place, b->count, b->kept, err);
}

/* Kept texts that the new one begins with go; whether one begins with the new one. */
static int known(fs_shelf *s, const fs_request *q, int count) {
    for (int i = 0; i < s->m->shelf; i++) {
        fs_kept *kept = &s->kept[i];
        const int n = kept->count ? in_common(kept, q, count) : -1;
        if (n == count) {
            kept->used = ++s->uses;
            return 1;
        }
        if (n == kept->count && !kept->stays) give_up(s, i);
    }
    return 0;
}

void fs_shelf_put(fs_shelf *s, const fs_request *q, int row, int count) {
    int32_t *tokens;
    int place;
    if (count < FEWEST || count > s->most || known(s, q, count)) return;
    while (s->tokens + count > s->most) give_up(s, oldest(s));
    place = free_place(s);
    tokens = place < 0 ? NULL : fs_alloc((size_t)count * sizeof *tokens);
    if (!tokens) return; /* then it is computed again */
    for (int i = 0; i < count; i++) tokens[i] = fs_request_token(q, i);
    s->m->fork(s->m, s->m->rows + place, row, count);
    s->kept[place] = (fs_kept){.tokens = tokens, .count = count, .used = ++s->uses};
    s->tokens += count;
}
