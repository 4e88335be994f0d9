#include "shortlist.h"

enum { MULTIPLE = 8 };

fs_status fs_shortlist_check(const fs_shortlist *s, int64_t total, fs_error *err) {
    int64_t before = 0;
    for (int64_t i = 0; i <= s->sources; i++) {
        if (s->offsets[i] < before || s->offsets[i] > total || (i == s->sources && s->offsets[i] != total))
            return fs_fail(err, FS_ERR_FORMAT, "shortlist offsets", "do not rise to the number of tokens", "%lld to %lld|%lld at %lld",
                           (long long)before, (long long)total, (long long)s->offsets[i], (long long)i);
        before = s->offsets[i];
    }
    for (int64_t i = 0; i < total; i++)
        if (s->lists[i] < 0 || s->lists[i] >= s->targets)
            return fs_fail(err, FS_ERR_FORMAT, "shortlist", "token outside the vocabulary", "0 to %d|%d at %lld", s->targets - 1,
                           s->lists[i], (long long)i);
    if (s->first < 0 || s->first > s->targets)
        return fs_fail(err, FS_ERR_FORMAT, "shortlist", "more frequent tokens than there are", "0 to %d|%d", s->targets, s->first);
    return FS_OK;
}

uint64_t fs_shortlist_checksum(const uint8_t *data, size_t size) {
    uint64_t h = 0;
    for (size_t at = 0; size - at >= 8; at += 8) {
        uint64_t word = 0;
        for (int i = 7; i >= 0; i--) word = word << 8 | data[at + (size_t)i];
        h ^= word + 0x9e3779b9 + (h << 6) + (h >> 2);
    }
    return h;
}

static int mark(uint64_t *seen, int32_t id) {
    const uint64_t bit = (uint64_t)1 << (id & 63);
    const int fresh = !(seen[id >> 6] & bit);
    seen[id >> 6] |= bit;
    return fresh;
}

/* Marks all candidates; how many there are. */
static int64_t mark_all(const fs_shortlist *s, const int32_t *ids, int64_t n, uint64_t *seen) {
    int64_t count = 0;
    for (int32_t id = 0; id < s->first; id++) count += mark(seen, id);
    for (int64_t i = 0; i < n; i++) {
        if (s->shared && ids[i] < s->targets) count += mark(seen, ids[i]);
        for (int64_t at = s->offsets[ids[i]]; at < s->offsets[ids[i] + 1]; at++) count += mark(seen, s->lists[at]);
    }
    for (int32_t id = s->first; (!count || count % MULTIPLE) && id < s->targets; id++) count += mark(seen, id);
    return count;
}

fs_status fs_shortlist_gather(const fs_shortlist *s, const int32_t *ids, int64_t n, uint64_t *seen, fs_buffer *out,
                              fs_error *err) {
    const int64_t count = mark_all(s, ids, n, seen);
    int32_t *to = fs_buffer_add(out, (size_t)count * sizeof *to);
    for (size_t word = 0; word < fs_shortlist_words(s); word++) {
        uint64_t bits = seen[word];
        seen[word] = 0;
        for (; bits && to; bits &= bits - 1) *to++ = (int32_t)(word * 64) + fs_lowest_bit(bits);
    }
    return to || !count ? FS_OK : fs_fail_memory(err, "shortlist", (uint64_t)count * sizeof *to);
}
