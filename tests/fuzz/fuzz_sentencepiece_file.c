/* A SentencePiece model: loaded or refused; what loads encodes and decodes. */
#include "fuzz.h"
#include "text/sentencepiece/sp_encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char text[] = "a fox \xEF\xAC\x81 \xE6\x97\xA5\xE6\x9C\xAC  usersymbol<sep>\xC2\xBD aaaaaaaaaaaaaaaaaaaaaaaa";
    fs_sp_encoder e;
    fs_error err;
    memset(&e, 0, sizeof e);
    if (fs_sp_load(&e.model, fuzz_key, fuzz_view(data, size), &err) == FS_OK) {
        fs_text_call call;
        fs_text_block block;
        fs_buffer decoded = {NULL, 0, 0};
        int64_t n, i;
        memset(&block, 0, sizeof block);
        memset(&call, 0, sizeof call);
        call.encoder = &e;
        if (fs_sp_job(&call, fuzz_view(text, sizeof text - 1), -1, FS_WANT_IDS | FS_WANT_BYTE_SPANS, &block, &n) == FS_OK) {
            const int32_t *ids = block.ids.data;
            for (i = 0; i < n; i++) HOLDS(ids[i] >= 0 && ids[i] < e.model.pieces.count);
            HOLDS(fs_sp_decode(&e, ids, n, &decoded, &err) == FS_OK);
        }
        fs_buffer_free(&decoded);
        fs_text_block_free(&block);
    } else {
        HOLDS(err.what[0]);
    }
    fs_sp_encoder_free(&e);
    return 0;
}
