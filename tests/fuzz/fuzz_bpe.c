/* Byte-level BPE: ids decode to the text; they do not depend on the cache, the instruction set or what else is asked. */
#include "fuzz.h"
#include "text/bpe/bpe_encode.h"

static fs_bpe_encoder encoders[2];

static void begin(void) {
    static int begun;
    fs_text file;
    int i;
    if (begun++) return;
    file = fuzz_file("toy.tiktoken");
    for (i = 0; i < 2; i++) {
        fs_bpe_encoder *e = &encoders[i];
        HOLDS(fs_bpe_from_ranks(&e->model, fuzz_key, file, NULL) == FS_OK);
        HOLDS(fs_markers_init(&e->markers, fuzz_key, NULL) == FS_OK);
        HOLDS(fs_markers_add(&e->markers, fuzz_view("<|end|>", 7), 60000, FS_MARKER_SPECIAL, NULL) == FS_OK);
        HOLDS(fs_markers_add(&e->markers, fuzz_view("wor", 3), 60001, FS_MARKER_LSTRIP | FS_MARKER_WORD, NULL) == FS_OK);
        HOLDS(fs_bpe_note_markers(e, NULL) == FS_OK);
        e->scan = fs_scan_for(i ? FS_ISA_portable : fs_isa_best());
        e->model.merge_rows = fs_bpe_merge_rows_for(i ? FS_ISA_portable : fs_isa_best());
    }
    free((void *)file.data);
}

static fs_text_block encode(fs_bpe_encoder *e, fs_text text, const uint8_t *modes, unsigned want, int64_t *tokens) {
    fs_text_call call;
    fs_text_block block;
    memset(&block, 0, sizeof block);
    memset(&call, 0, sizeof call);
    call.encoder = e;
    call.modes = modes;
    HOLDS(fs_bpe_job(&call, text, -1, want, &block, tokens) == FS_OK);
    return block;
}

static void check_spans(const fs_text_block *block, int64_t n, fs_text text) {
    const int32_t(*spans)[2] = block->spans.data;
    int64_t i;
    HOLDS(block->spans.size == (size_t)n * sizeof *spans);
    for (i = 0; i < n; i++) {
        HOLDS(spans[i][0] >= 0 && spans[i][0] <= spans[i][1] && spans[i][1] <= (int32_t)text.size);
        HOLDS(!i || spans[i][0] >= spans[i - 1][0]);
    }
}

/* The ids of a text's parts, of three bytes at least, one behind the other. */
static fs_buffer encode_parts(fs_bpe_encoder *e, fs_text text) {
    fs_buffer ids = {NULL, 0, 0};
    fs_text_call call;
    int32_t from = 0, to;
    memset(&call, 0, sizeof call);
    call.encoder = e;
    for (; from < (int32_t)text.size; from = to) {
        const fs_text part = {text.data + from, 0};
        fs_text whole = part, view;
        fs_text_block block;
        int64_t tokens;
        memset(&block, 0, sizeof block);
        to = text.size - (size_t)from > 3 ? fs_bpe_cut(&call, text, FS_WANT_IDS, from + 3) : (int32_t)text.size;
        HOLDS(to > from && to <= (int32_t)text.size);
        whole.size = (size_t)(to - from);
        view = fuzz_text(whole.data, whole.size); /* in memory of its own, so that what is read behind it is seen */
        HOLDS(view.size == whole.size);
        HOLDS(fs_bpe_job(&call, view, -1, FS_WANT_IDS | (from ? FS_WANT_NO_HEAD : 0), &block, &tokens) == FS_OK);
        if (tokens) HOLDS(fs_buffer_append(&ids, block.ids.data, block.ids.size, NULL) == FS_OK);
        fs_text_block_free(&block);
        free((void *)view.data);
    }
    return ids;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t modes[2] = {FS_MARKER_TOKEN, FS_MARKER_TOKEN};
    fs_text text;
    fs_text_block fast, slow, placed;
    fs_buffer decoded = {NULL, 0, 0};
    int64_t n[3];
    begin();
    if (!size) return 0;
    encoders[0].rule = encoders[1].rule = (fs_scan_rule)(data[0] % FS_SCAN_COUNT);
    text = fuzz_text(data + 1, size - 1);
    fast = encode(&encoders[0], text, data[0] & 128 ? modes : NULL, FS_WANT_IDS, &n[0]);
    slow = encode(&encoders[1], text, data[0] & 128 ? modes : NULL, FS_WANT_IDS, &n[1]);
    placed = encode(&encoders[0], text, data[0] & 128 ? modes : NULL, FS_WANT_IDS | FS_WANT_BYTE_SPANS, &n[2]);
    HOLDS(n[0] == n[1] && n[0] == n[2] && fast.ids.size == (size_t)n[0] * 4);
    HOLDS(fuzz_same(fuzz_view(slow.ids.data, slow.ids.size), fast.ids.data, fast.ids.size));
    HOLDS(fuzz_same(fuzz_view(placed.ids.data, placed.ids.size), fast.ids.data, fast.ids.size));
    check_spans(&placed, n[2], text);
    HOLDS(fs_bpe_decode(&encoders[0], fast.ids.data, n[0], 0, &decoded, NULL) == FS_OK);
    if (!(data[0] & 128)) HOLDS(fuzz_same(text, decoded.data, decoded.size)); /* markers may take spaces with them */
    if (!(data[0] & 128)) {
        fs_buffer parts = encode_parts(&encoders[0], text);
        HOLDS(parts.size == fast.ids.size && fuzz_same(fuzz_view(parts.data, parts.size), fast.ids.data, parts.size));
        fs_buffer_free(&parts);
    }
    fs_buffer_free(&decoded);
    fs_text_block_free(&fast);
    fs_text_block_free(&slow);
    fs_text_block_free(&placed);
    free((void *)text.data);
    return 0;
}
