#include "scan.h"

#include "scan_shapes.h"

int32_t fs_scan_next(fs_scan_rule rule, const uint8_t *text, int32_t size, int32_t at) {
    switch (rule) {
        case FS_SCAN_GPT2: return fs_scan_gpt2(text, size, at, 0);
        case FS_SCAN_SMOLLM: return fs_scan_gpt2(text, size, at, 1);
        case FS_SCAN_CL100K: return fs_scan_cl100k(text, size, at, 3, 1);
        case FS_SCAN_LLAMA3: return fs_scan_cl100k(text, size, at, 3, 0);
        case FS_SCAN_QWEN2: return fs_scan_cl100k(text, size, at, 1, 0);
        case FS_SCAN_O200K: return fs_scan_o200k(text, size, at, 3, 1);
        case FS_SCAN_TEKKEN: return fs_scan_o200k(text, size, at, 1, 0);
        case FS_SCAN_DEEPSEEK: return fs_scan_deepseek(text, size, at);
        case FS_SCAN_WHOLE:
        case FS_SCAN_COUNT: break;
    }
    return size;
}

int32_t fs_scan_portable(fs_scan_rule rule, const uint8_t *text, int32_t size, int32_t *at, int32_t *ends, int32_t max) {
    int32_t n = 0;
    for (; n < max && *at < size; n++) ends[n] = *at = fs_scan_next(rule, text, size, *at);
    return n;
}

fs_scan fs_scan_for(fs_isa isa) {
#if FS_ARCH_X86_64
    unsigned has = fs_isa_features(isa);
    if (has & FS_CPU_AVX512) return fs_scan_avx512;
    if (has & FS_CPU_AVX2) return fs_scan_avx2;
#endif
    (void)isa;
    return fs_scan_portable;
}

int32_t fs_scan_contraction(const uint8_t *text, int32_t size, int32_t at, int ignore_case) {
    uint8_t fold = ignore_case ? 0x20 : 0, a, b;
    if (size - at < 2) return 0;
    a = text[at + 1] | (text[at + 1] < 0x80 ? fold : 0);
    if (a == 's' || a == 'd' || a == 'm' || a == 't') return 2;
    if (size - at < 3) return 0;
    if (ignore_case && a == 0xC5 && text[at + 2] == 0xBF) return 3;
    b = text[at + 2] | (text[at + 2] < 0x80 ? fold : 0);
    return (a == 'l' && b == 'l') || ((a == 'v' || a == 'r') && b == 'e') ? 3 : 0;
}

int32_t fs_scan_spaces(const uint8_t *text, int32_t size, int32_t at, int newlines) {
    int32_t end = at, last = at, next = at, after_newline = at;
    fs_class c;
    while (fs_scan_in(FS_SET_SPACES, c = fs_scan_read(text, size, &next))) {
        last = end;
        end = next;
        if (c == FS_CLASS_NEWLINE) after_newline = end;
    }
    if (newlines && after_newline > at) return after_newline;
    return c == FS_CLASS_END || last == at ? end : last;
}
