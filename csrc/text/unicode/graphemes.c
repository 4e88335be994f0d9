#include "graphemes.h"

#include "utf8.h"

/* What the characters of a cluster so far mean to the next one. */
typedef struct cluster {
    fs_grapheme last;
    int pictograph; /* 1: the end is a pictograph and what extends it; 2: and a joiner */
    int conjunct;   /* 1: the end is a consonant and what extends it; 2: among that a linker */
    int regionals;  /* how many the end is */
} cluster;

static int extends(fs_grapheme g) { return g >= FS_GRAPHEME_ZWJ && g <= FS_GRAPHEME_EXTEND_ONLY; }

static void add(cluster *c, fs_grapheme g) {
    c->last = g;
    c->regionals = g == FS_GRAPHEME_REGIONAL ? c->regionals + 1 : 0;
    if (g == FS_GRAPHEME_PICTOGRAPH) c->pictograph = 1;
    else if (!extends(g)) c->pictograph = 0;
    else if (c->pictograph) c->pictograph = 1 + (g == FS_GRAPHEME_ZWJ);
    if (g == FS_GRAPHEME_CONSONANT) c->conjunct = 1;
    else if (!extends(g) || g == FS_GRAPHEME_EXTEND_ONLY) c->conjunct = 0;
    else if (c->conjunct && g == FS_GRAPHEME_LINKER) c->conjunct = 2;
}

/* Rules GB3 to GB13. */
static int goes_on(const cluster *c, fs_grapheme g) {
    const fs_grapheme last = c->last;
    if (last == FS_GRAPHEME_CR) return g == FS_GRAPHEME_LF;
    if (last == FS_GRAPHEME_LF || last == FS_GRAPHEME_CONTROL) return 0;
    if (g >= FS_GRAPHEME_CR && g <= FS_GRAPHEME_CONTROL) return 0;
    if (extends(g) || g == FS_GRAPHEME_SPACING || last == FS_GRAPHEME_PREPEND) return 1;
    switch (g) {
    case FS_GRAPHEME_L:
    case FS_GRAPHEME_LV:
    case FS_GRAPHEME_LVT: return last == FS_GRAPHEME_L;
    case FS_GRAPHEME_V: return last == FS_GRAPHEME_L || last == FS_GRAPHEME_V || last == FS_GRAPHEME_LV;
    case FS_GRAPHEME_T:
        return last == FS_GRAPHEME_V || last == FS_GRAPHEME_LV || last == FS_GRAPHEME_T || last == FS_GRAPHEME_LVT;
    case FS_GRAPHEME_CONSONANT: return c->conjunct == 2;
    case FS_GRAPHEME_PICTOGRAPH: return c->pictograph == 2;
    case FS_GRAPHEME_REGIONAL: return c->regionals == 1;
    default: return 0;
    }
}

int32_t fs_grapheme_end(fs_text text, int32_t at) {
    cluster c = {FS_GRAPHEME_OTHER, 0, 0, 0};
    add(&c, fs_grapheme_of(fs_utf8_read(text.data, &at)));
    while (at < (int32_t)text.size) {
        int32_t next = at;
        const fs_grapheme g = fs_grapheme_of(fs_utf8_read(text.data, &next));
        if (!goes_on(&c, g)) break;
        add(&c, g);
        at = next;
    }
    return at;
}
