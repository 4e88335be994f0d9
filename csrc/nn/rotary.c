#include "rotary.h"

#include <math.h>
#include <stddef.h>

#include "../base/arena.h"

enum { SCALING_NONE, SCALING_LINEAR, SCALING_LLAMA3 };
static const char *const layouts[] = {"halves", "pairs", NULL};
static const char *const scalings[] = {"none", "linear", "llama3", NULL};

typedef struct scaling {
    int kind;
    float factor, low, high, original;
} scaling;

static double scaled(const scaling *s, double rate) {
    const double turns = s->original * rate / 6.283185307179586; /* within the original length */
    if (s->kind == SCALING_NONE || (s->kind == SCALING_LLAMA3 && turns > s->high)) return rate;
    if (s->kind == SCALING_LINEAR || turns < s->low) return rate / s->factor;
    return rate / s->factor + (turns - s->low) / (s->high - s->low) * (rate - rate / s->factor);
}

static fs_status read_scaling(scaling *s, const fs_options *o, fs_error *err) {
    *s = (scaling){.factor = 1, .low = 1, .high = 4, .original = 8192};
    FS_TRY(fs_option_choice(o, "rotary_scaling", scalings, &s->kind, err));
    FS_TRY(fs_option_float(o, "rotary_factor", &s->factor, err));
    FS_TRY(fs_option_float(o, "rotary_low", &s->low, err));
    FS_TRY(fs_option_float(o, "rotary_high", &s->high, err));
    FS_TRY(fs_option_float(o, "rotary_original", &s->original, err));
    if (s->factor > 0 && s->low > 0 && s->high > s->low && s->original > 0) return FS_OK;
    return fs_fail(err, FS_ERR_FORMAT, o->where, "no such rotary scaling", "numbers above 0, high above low|%g, %g, %g, %g",
                   (double)s->factor, (double)s->low, (double)s->high, (double)s->original);
}

static fs_status divide_rates(fs_rotary *r, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_build at = *build;
    float *factors;
    fs_status st = FS_OK;
    at.prefix = fs_option_word(o, "rotary_factors", NULL);
    if (!at.prefix) return FS_OK;
    FS_TRY(fs_build_vector(&at, ".weight", r->dims / 2, 0, &factors, NULL, err));
    for (int j = 0; j < r->dims / 2 && st == FS_OK; j++) {
        if (!(factors[j] > 0))
            st = fs_fail(err, FS_ERR_FORMAT, at.prefix, "rotary factors", "numbers above 0|%g", (double)factors[j]);
        r->waves.rates[j] /= factors[j];
    }
    fs_free(factors);
    return st;
}

fs_status fs_rotary_init(fs_rotary *r, const fs_options *o, const fs_build *build, int head_width, fs_error *err) {
    float base = 10000, gain = 1;
    scaling s;
    FS_TRY(fs_option_int(o, "rotary", 0, head_width, &r->dims, err));
    FS_TRY(fs_option_choice(o, "rotary_layout", layouts, &r->pairs, err));
    FS_TRY(fs_option_float(o, "rotary_base", &base, err));
    FS_TRY(fs_option_float(o, "rotary_gain", &gain, err));
    FS_TRY(read_scaling(&s, o, err));
    if (!r->dims) return FS_OK;
    if (r->dims % 2 || !(base > 1))
        return fs_fail(err, FS_ERR_FORMAT, o->where, "no such rotary positions", "an even number, base above 1|%d, %g", r->dims,
                       (double)base);
    FS_TRY(fs_waves_init(&r->waves, r->dims / 2, o->where, err));
    for (int j = 0; j < r->dims / 2; j++) r->waves.rates[j] = scaled(&s, pow(base, -2.0 * j / r->dims));
    FS_TRY(divide_rates(r, o, build, err));
    r->waves.gain = gain;
    fs_waves_keep(&r->waves);
    return FS_OK;
}

void fs_rotary_free(fs_rotary *r) { fs_waves_free(&r->waves); }

void fs_rotary_turn(const fs_rotary *r, int place, int heads, int width, float *x, float *spare) {
    const int half = r->dims / 2, apart = r->pairs ? 1 : half, step = r->pairs ? 2 : 1;
    const float *sines = fs_waves_at(&r->waves, place, spare), *cosines = sines + half;
    for (int head = 0; head < heads; head++, x += width)
        for (int j = 0; j < half; j++) {
            float *u = x + j * step, *v = u + apart;
            const float was = *u;
            *u = was * cosines[j] - *v * sines[j];
            *v = *v * cosines[j] + was * sines[j];
        }
}
