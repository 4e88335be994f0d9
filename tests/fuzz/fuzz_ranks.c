/* A file of ranks: loaded or refused; what loads merges texts into tokens that spell them. */
#include "fuzz.h"
#include "text/bpe/bpe.h"

static void merge(const fs_bpe *m, const char *piece) {
    const int32_t size = (int32_t)strlen(piece);
    int32_t tokens[256], n, i, at = 0;
    n = fs_bpe_merge(m, (const uint8_t *)piece, size, tokens);
    HOLDS(n >= 0 && n <= size);
    for (i = 0; i < n; i++) {
        fs_text token;
        HOLDS(tokens[i] >= 0 && tokens[i] < m->count);
        token = fs_bpe_token(m, tokens[i]);
        while (at < size && m->of_byte[(uint8_t)piece[at]] < 0) at++;
        for (; token.size; token.size--, token.data++, at++) {
            while (at < size && m->of_byte[(uint8_t)piece[at]] < 0) at++;
            HOLDS(at < size && (uint8_t)piece[at] == *token.data);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fs_bpe m;
    fs_error err;
    memset(&m, 0, sizeof m);
    if (fs_bpe_from_ranks(&m, fuzz_key, fuzz_view(data, size), &err) == FS_OK) {
        merge(&m, "the token reads");
        merge(&m, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        merge(&m, "\xC3\xA9\xE6\x97\xA5");
    } else {
        HOLDS(err.code != FS_OK && err.what[0]);
    }
    fs_bpe_free(&m);
    return 0;
}
