/* A character map: loaded or refused; what loads is applied to every short text of a few characters. */
#include "fuzz.h"
#include "text/normalize/normalize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char text[] = "abc \r\nfi\xEF\xAC\x81 e\xCC\x81 \xE2\x91\xA0\xE3\x81\x8B\xE3\x82\x99\xF0\x9F\x98\x80\0x";
    fs_normalizer n = {{NULL, 0, 0}};
    fs_normalize_scratch scratch;
    fs_normalized made;
    fs_charsmap map;
    fs_error err;
    int32_t at;
    memset(&scratch, 0, sizeof scratch);
    memset(&map, 0, sizeof map);
    if (fs_charsmap_load(&map, fuzz_view(data, size), &err) == FS_OK) {
        for (at = 0; at < (int32_t)sizeof text; at++) {
            fs_text becomes;
            const int32_t left = (int32_t)sizeof text - at;
            const int32_t taken = fs_charsmap_match(&map, (const uint8_t *)text + at, left, &becomes);
            HOLDS(taken >= 0 && taken <= left);
            HOLDS(fs_charsmap_shortest(&map, (const uint8_t *)text + at, left, &becomes) <= taken);
            if (taken) HOLDS(becomes.size <= (size_t)map.longest);
        }
        HOLDS(fs_normalizer_add(&n, FS_NORMALIZE_PRECOMPILED, 0, 0, fuzz_view(NULL, 0), fuzz_view(data, size), &err) == FS_OK);
        HOLDS(fs_normalize(&n, fuzz_view(text, sizeof text), 1, &scratch, &made, &err) == FS_OK);
        HOLDS(fs_utf8_valid(made.data, (size_t)made.size) == (size_t)made.size);
    }
    fs_charsmap_free(&map);
    fs_normalizer_free(&n);
    fs_normalize_scratch_free(&scratch);
    return 0;
}
