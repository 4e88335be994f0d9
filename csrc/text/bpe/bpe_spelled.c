/* Vocabularies of ranks whose merges are not listed: two tokens merge when their bytes together are one, at its rank. */
#include <string.h>

#include "bpe_build.h"

int32_t fs_bpe_rank_spelled(const fs_bpe *m, int32_t left, int32_t right) {
    const fs_text a = fs_bpe_token(m, left), b = fs_bpe_token(m, right);
    uint8_t both[FS_BPE_SPELLED_MOST];
    const fs_text token = {both, a.size + b.size};
    if (token.size > (size_t)m->spelled) return -1;
    memcpy(both, a.data, a.size);
    memcpy(both + a.size, b.data, b.size);
    return fs_bpe_find(m, token);
}

fs_status fs_bpe_add_ranked(fs_bpe *m, fs_text token, int32_t id, int32_t *parts, int32_t *same, fs_error *err) {
    int32_t count;
    FS_TRY(fs_bpe_add_token(m, token, id, 1, same, err));
    if (*same >= 0) return FS_OK;
    m->whole[m->count - 1] = 1;
    if (m->spelled || token.size < 2) return FS_OK;
    count = fs_bpe_merge(m, token.data, (int32_t)token.size, parts);
    if (count < 0) return fs_fail_memory(err, "ranks", (uint64_t)token.size * 36);
    if (count == 2) fs_bpe_add_merge(m, parts[0], parts[1], m->count - 1);
    return FS_OK;
}

fs_status fs_bpe_spell_out(const fs_bpe *m, fs_bpe *out, fs_error *err) {
    int32_t parts[FS_BPE_SPELLED_MOST], same, i;
    fs_status st = FS_OK;
    FS_TRY(fs_bpe_open(out, m->key, m->count, m->count, m->count, err));
    out->rising = 1;
    for (i = 0; i < m->count && st == FS_OK; i++)
        st = fs_bpe_add_ranked(out, fs_bpe_token(m, i), m->ids[i], parts, &same, err);
    if (st == FS_OK) st = fs_bpe_close(out, err);
    if (st != FS_OK) fs_bpe_free(out);
    return st;
}
