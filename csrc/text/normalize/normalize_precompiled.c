/* Precompiled: the character map of a SentencePiece model as the tokenizers library applies it, which is not as
 * sentencepiece does. The text is taken cluster by cluster. A cluster of fewer than six bytes that some rule
 * begins with becomes what the shortest such rule says, and all else of it goes; in others so does each character. */
#include "text/unicode/graphemes.h"
#include "normalize_steps.h"
#include "text/unicode/utf8.h"

#define WHOLE_MOST 5 /* bytes of a cluster that is looked up as one */

/* [from, to) becomes what its shortest rule says; 0 when it has none. */
static int apply(fs_rewrite *r, const fs_charsmap *map, int32_t from, int32_t to, fs_status *st) {
    fs_text becomes;
    if (!fs_charsmap_shortest(map, r->text.data + from, to - from, &becomes)) return 0;
    *st = fs_rewrite_replace(r, from, to);
    if (*st == FS_OK) *st = fs_rewrite_put(r, becomes.data, becomes.size, from, to);
    return 1;
}

static fs_status rewrite_cluster(fs_rewrite *r, const fs_charsmap *map, int32_t from, int32_t to) {
    fs_status st = FS_OK;
    if (to - from <= WHOLE_MOST && apply(r, map, from, to, &st)) return st;
    while (from < to && st == FS_OK) {
        const int32_t next = from + fs_utf8_size(r->text.data[from]);
        apply(r, map, from, next, &st);
        from = next;
    }
    return st;
}

/* How many ASCII characters from `at` on, but for the last of them, are clusters that no rule begins with. */
static int32_t skip_plain(fs_text text, const fs_charsmap *map, int32_t at) {
    const int32_t size = (int32_t)text.size;
    while (at + 1 < size && text.data[at] < 0x80 && map->alone[text.data[at]] && text.data[at + 1] < 0x80 &&
           text.data[at] != '\r')
        at++;
    return at;
}

fs_status fs_normalize_precompiled(fs_rewrite *r, const fs_charsmap *map) {
    int32_t at = 0;
    if (!map->units) return FS_OK;
    while ((at = skip_plain(r->text, map, at)) < (int32_t)r->text.size) {
        const int32_t from = at;
        at = fs_grapheme_end(r->text, at);
        FS_TRY(rewrite_cluster(r, map, from, at));
    }
    return FS_OK;
}
