/* Laying out weight matrices that are quantized in groups, at load. */
#include <math.h>
#include <string.h>

#include "../base/checked.h"
#include "grouped.h"

typedef struct packing {
    const fs_grouped *m;
    uint8_t *packed; /* NULL: scales are looked at, and that is all */
    fs_atomic bad;   /* panel + 1 of a scale that is not finite */
} packing;

static uint16_t half_of(float value) { /* of one that was a float16 */
    uint32_t bits;
    uint16_t sign;
    float magnitude = fabsf(value);
    memcpy(&bits, &value, sizeof bits);
    sign = (uint16_t)(bits >> 16 & 0x8000);
    if (magnitude < 0x1p-14f) return (uint16_t)(sign | (uint16_t)(magnitude * 0x1p24f));
    memcpy(&bits, &magnitude, sizeof bits);
    return (uint16_t)(sign | (uint16_t)((bits >> 13) - (112u << 10)));
}

static void put_scale(uint8_t *at, int column, float value, int half) {
    const uint16_t narrow = half ? half_of(value) : 0;
    if (half)
        memcpy(at + (size_t)column * sizeof narrow, &narrow, sizeof narrow);
    else
        memcpy(at + (size_t)column * sizeof value, &value, sizeof value);
}

/* A group of a column, which begins at `at`. */
static void put_group(uint8_t *at, fs_grouped_layout l, int column, const uint8_t *u, float d, float m) {
    const size_t scales = (size_t)FS_GROUP_PANEL * (l.half ? 2 : 4);
    uint8_t pairs[FS_GROUP_LONGEST / 2];
    int bytes = l.group;
    put_scale(at, column, d, l.half);
    if (l.least) put_scale(at + scales, column, m, l.half);
    at += scales * (size_t)(1 + l.least) + (size_t)column * 4;
    if (l.bits == 4) {
        bytes = l.group / 2;
        for (int k = 0; k < bytes; k++) pairs[k] = (uint8_t)(u[k] | u[bytes + k] << 4);
        u = pairs;
    }
    for (int k = 0; k < bytes; k += 4) memcpy(at + (size_t)k * FS_GROUP_PANEL, u + k, 4);
}

/* The part that a column is of; its number there. */
static const fs_block_rows *part_of(const fs_grouped *m, int *column) {
    const fs_block_rows *part = m->parts;
    for (; *column >= part->rows; part++) *column -= part->rows;
    return part;
}

/* One column's blocks to its panel, or nowhere; 0 when a scale of them is not finite. */
static int pack_column(const fs_grouped *m, int column, uint8_t *panel) {
    const fs_grouped_layout l = fs_grouped_layout_of(m->form);
    const size_t step = panel ? fs_grouped_step(l) : 0;
    const int in_panel = column % FS_GROUP_PANEL;
    const fs_block_rows *part = part_of(m, &column);
    const fs_block_type *type = fs_block_type_of(part->type);
    const int blocks = m->depth / type->size, each = type->size / l.group;
    const uint8_t *block = part->data + (size_t)column * (size_t)blocks * (size_t)type->bytes;
    fs_block_values v;
    memset(&v, 0, sizeof v);
    for (int b = 0; b < blocks; b++, block += type->bytes) {
        type->read(block, &v);
        for (int i = 0; i < each; i++) {
            if (!isfinite(v.d[i]) || !isfinite(v.m[i])) return 0;
            if (!panel) continue;
            put_group(panel, l, in_panel, v.u + i * l.group, v.d[i], v.m[i]);
            panel += step;
        }
    }
    return 1;
}

size_t fs_grouped_panel_bytes(const fs_grouped *m) {
    return fs_grouped_step(fs_grouped_layout_of(m->form)) * (size_t)m->groups;
}

int fs_grouped_lay_panel(const fs_grouped *m, int panel, uint8_t *to) {
    const int first = panel * FS_GROUP_PANEL, last = FS_MIN(first + FS_GROUP_PANEL, m->columns);
    int whole = 1;
    if (to && last < first + FS_GROUP_PANEL) memset(to, 0, fs_grouped_panel_bytes(m));
    for (int column = first; column < last; column++) whole &= pack_column(m, column, to);
    return whole;
}

static void pack_panels(void *ctx, int64_t begin, int64_t end, int worker) {
    packing *p = ctx;
    const size_t size = fs_grouped_panel_bytes(p->m);
    (void)worker;
    for (int64_t panel = begin; panel < end; panel++)
        if (!fs_grouped_lay_panel(p->m, (int)panel, p->packed ? p->packed + (size_t)panel * size : NULL))
            fs_atomic_store(&p->bad, panel + 1);
}

static fs_status bad_scale(packing *p, fs_error *err) {
    int column = (int)(fs_atomic_load(&p->bad) - 1) * FS_GROUP_PANEL;
    const fs_block_rows *part;
    while (pack_column(p->m, column, NULL)) column++;
    part = part_of(p->m, &column);
    return fs_fail(err, FS_ERR_VALUE, part->name, "bad scale", "finite values|NaN or infinity in row %d", column);
}

enum { PANELS_AT_ONCE = 4 };

fs_status fs_grouped_init(fs_grouped *m, const fs_kernels *k, const fs_block_rows *parts, int count, int depth,
                          fs_store *store, fs_run *run, fs_error *err) {
    packing p = {.m = m};
    fs_status st;
    int64_t columns = 0, panels;
    memset(m, 0, sizeof *m);
    for (int i = 0; i < count; i++) {
        FS_TRY(fs_block_check(parts[i].type, parts[i].rows, depth, parts[i].size, parts[i].name, err));
        columns += parts[i].rows;
    }
    if (columns > FS_MATRIX_SIDE_MAX) return fs_fail_memory(err, parts[0].name, UINT64_MAX);
    m->k = k;
    m->form = fs_block_type_of(parts[0].type)->form;
    m->columns = (int)columns;
    m->depth = depth;
    m->groups = depth / fs_grouped_layout_of(m->form).group;
    m->parts = parts;
    panels = (columns + FS_GROUP_PANEL - 1) / FS_GROUP_PANEL;
    if (!fs_size_mul((size_t)panels, fs_grouped_panel_bytes(m), &m->packed_bytes))
        return fs_fail_memory(err, parts[0].name, UINT64_MAX);
    if (store) {
        p.packed = fs_store_take(store, m->packed_bytes);
        if (!p.packed) return fs_fail_memory(err, parts[0].name, m->packed_bytes);
    } else {
        m->packed_bytes = 0;
    }
    m->packed = p.packed;
    fs_parallel_for(run, panels, PANELS_AT_ONCE, pack_panels, &p);
    st = fs_atomic_load(&p.bad) ? bad_scale(&p, err) : fs_run_status(run, err);
    if (store) m->parts = NULL;
    if (st != FS_OK) memset(m, 0, sizeof *m);
    return st;
}
