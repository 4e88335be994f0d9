/* SentencePiece: the ids of a text do not depend on what was encoded before, and decode; places lie in the text. */
#include "fuzz.h"
#include "text/sentencepiece/sp_encode.h"

static const char *const names[] = {"unigram-identity", "unigram-across", "bpe-bytes", "bpe-spaces", "bpe-across"};
#define COUNT (sizeof names / sizeof *names)

static fs_sp_encoder used[COUNT];

static void begin(void) {
    static int begun;
    size_t i;
    for (i = 0; i < COUNT && !begun; i++) {
        const fs_text file = fuzz_file(names[i]);
        HOLDS(fs_sp_load(&used[i].model, fuzz_key, file, NULL) == FS_OK);
        free((void *)file.data);
    }
    begun = 1;
}

static fs_text_block encode(fs_sp_encoder *e, fs_text text, unsigned want, int64_t *tokens) {
    fs_text_call call;
    fs_text_block block;
    memset(&block, 0, sizeof block);
    memset(&call, 0, sizeof call);
    call.encoder = e;
    HOLDS(fs_sp_job(&call, text, -1, want, &block, tokens) == FS_OK);
    return block;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fs_sp_encoder *e;
    fs_text text;
    fs_text_block first, again, placed;
    fs_buffer decoded = {NULL, 0, 0};
    int64_t n[3], i;
    begin();
    if (!size) return 0;
    e = &used[data[0] % COUNT];
    text = fuzz_text(data + 1, size - 1);
    first = encode(e, text, FS_WANT_IDS, &n[0]);
    again = encode(e, text, FS_WANT_IDS, &n[1]);
    placed = encode(e, text, FS_WANT_IDS | FS_WANT_BYTE_SPANS, &n[2]);
    HOLDS(n[0] == n[1] && n[0] == n[2]);
    HOLDS(fuzz_same(fuzz_view(first.ids.data, first.ids.size), again.ids.data, again.ids.size));
    HOLDS(fuzz_same(fuzz_view(first.ids.data, first.ids.size), placed.ids.data, placed.ids.size));
    for (i = 0; i < n[0]; i++) {
        const int32_t *span = (const int32_t *)placed.spans.data + 2 * i;
        HOLDS(((const int32_t *)first.ids.data)[i] < e->model.pieces.count);
        HOLDS(span[0] >= 0 && span[0] <= span[1] && span[1] <= (int32_t)text.size);
    }
    HOLDS(fs_sp_decode(e, first.ids.data, n[0], &decoded, NULL) == FS_OK);
    HOLDS(fs_utf8_valid(decoded.data, decoded.size) == decoded.size);
    fs_buffer_free(&decoded);
    fs_text_block_free(&first);
    fs_text_block_free(&again);
    fs_text_block_free(&placed);
    free((void *)text.data);
    return 0;
}
