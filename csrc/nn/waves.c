#include "waves.h"

#include <math.h>

#include "../base/arena.h"

static void make(const fs_waves *w, int place, float *to) {
    for (int i = 0; i < w->count; i++) {
        const double angle = place * w->rates[i];
        to[i] = (float)(sin(angle) * w->gain);
        to[w->count + i] = (float)(cos(angle) * w->gain);
    }
}

fs_status fs_waves_init(fs_waves *w, int count, const char *where, fs_error *err) {
    const size_t floats = 2 * (size_t)FS_WAVES_KEPT * (size_t)count;
    w->count = count;
    w->gain = 1;
    w->rates = fs_alloc((size_t)count * sizeof *w->rates);
    w->kept = fs_alloc(floats * sizeof *w->kept);
    return w->rates && w->kept ? FS_OK : fs_fail_memory(err, where, floats * sizeof *w->kept);
}

void fs_waves_keep(fs_waves *w) {
    for (int place = 0; place < FS_WAVES_KEPT; place++) make(w, place, w->kept + 2 * (size_t)place * (size_t)w->count);
}

void fs_waves_free(fs_waves *w) {
    fs_free(w->rates);
    fs_free(w->kept);
}

const float *fs_waves_at(const fs_waves *w, int place, float *spare) {
    if (place < FS_WAVES_KEPT) return w->kept + 2 * (size_t)place * (size_t)w->count;
    make(w, place, spare);
    return spare;
}
