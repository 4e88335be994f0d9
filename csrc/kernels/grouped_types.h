/* How weights lie that are quantized in groups along K, with a scale a group.
 *
 *     w[column][k] = d[column][k / group] * (u - zero) + m[column][k / group]
 *
 * u has 4 bits (0 to 15) or 8 (0 to 255, zero 128). Columns come in panels of 32, the last one filled up with zeros;
 * K in groups, the last one filled up with what counts as zero:
 *
 *     packed[panel][group] = d[32] m[32] u[32][group]        d, m: float16 or float32; m where there is one
 *
 *     8 bits:  u of k = 0..3 of column 0, of column 1, ... of column 31; then those of k = 4..7; ...
 *     4 bits:  the same of the first half of the group in the low halves of bytes, of the second half in the high ones
 *
 * This is the same for every instruction set. */
#ifndef FS_GROUPED_TYPES_H
#define FS_GROUPED_TYPES_H

#include <stddef.h>
#include <stdint.h>

enum { FS_GROUP_PANEL = 32, FS_GROUP_LONGEST = 32 };

/* One line a form: name, bits, zero, float16 scales (or float32), m, group. Those of ggml fit into one each. */
#define FS_GROUPED_FORMS(f)              \
    f(U4, 4, 8, 1, 0, 32)       /* Q4_0 */         \
    f(U4_LEAST, 4, 0, 1, 1, 32) /* Q4_1 */         \
    f(U4_WIDE, 4, 0, 0, 1, 32)  /* Q4_K */         \
    f(U8, 8, 128, 1, 0, 32)     /* Q8_0, Q5_0, IQ4_NL */ \
    f(U8_LEAST, 8, 128, 1, 1, 32) /* Q5_1 */       \
    f(U8_WIDE, 8, 128, 0, 1, 32)  /* Q5_K */       \
    f(U8_SHORT, 8, 128, 0, 0, 16) /* Q6_K */

typedef enum fs_grouped_form {
#define FS_FORM(name, bits, zero, half, least, group) FS_GROUPED_##name,
    FS_GROUPED_FORMS(FS_FORM)
#undef FS_FORM
    FS_GROUPED_FORM_COUNT
} fs_grouped_form;

typedef struct fs_grouped_layout {
    int bits, zero, half, least, group;
} fs_grouped_layout;

static inline fs_grouped_layout fs_grouped_layout_of(fs_grouped_form form) {
    static const fs_grouped_layout layouts[FS_GROUPED_FORM_COUNT] = {
#define FS_FORM(name, bits, zero, half, least, group) {bits, zero, half, least, group},
        FS_GROUPED_FORMS(FS_FORM)
#undef FS_FORM
    };
    return layouts[form];
}

/* Bytes of one group of a panel. */
static inline size_t fs_grouped_step(fs_grouped_layout l) {
    return (size_t)FS_GROUP_PANEL * ((size_t)(l.half ? 2 : 4) * (size_t)(1 + l.least) + (size_t)(l.bits * l.group / 8));
}

/* What follows the bytes of a group of x. Sums of products begin at `start`, whose lower bits make them the mantissa of a
 * float: a sum s is then the float FS_GROUPED_ORIGIN + s, for |s| < 2^22, and one fused step gives s scale, rounded once,
 * since the scale, its last two bits cleared, times the origin is a float too. */
#define FS_GROUPED_ORIGIN 0x1.8p23f
#define FS_GROUPED_ORIGIN_BITS 0x4b400000
typedef struct fs_grouped_facts {
    float scale, all; /* all: scale times the sum of the bytes */
    float origin;     /* -FS_GROUPED_ORIGIN scale */
    int32_t start;    /* FS_GROUPED_ORIGIN_BITS - gemm_grouped_excess times that sum */
} fs_grouped_facts;

/* Bytes of a group of x. */
static inline size_t fs_grouped_x_step(fs_grouped_layout l) { return (size_t)l.group + sizeof(fs_grouped_facts); }

/* A strip of a product y = x W^T (+ bias). */
typedef struct fs_grouped_args {
    fs_grouped_form form;
    int rows;              /* M > 0 */
    int groups;            /* of K */
    int first, last;       /* columns [first, last) of W; first is a multiple of the panel */
    const uint8_t *x;      /* (M, groups): of each group its bytes, then its facts; rows x_stride bytes apart */
    size_t x_stride;
    const uint8_t *packed; /* the whole matrix */
    const float *bias;     /* (N) or NULL */
    float *y;              /* (M, N), rows y_stride apart; column 0 of y is column 0 of W */
    size_t y_stride;
    int accumulate;        /* nonzero: y += product */
} fs_grouped_args;

#endif
