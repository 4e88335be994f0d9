/* What pairs merge to: a table that grows gives each pair what was put in, and nothing for others. */
#include <string.h>

#include "check.h"
#include "text/bpe/bpe_rows.h"
#include "text/lookup/pair_table.h"

enum { PAIRS = 20000 };

static int32_t left_of(int32_t i) { return (int32_t)((uint32_t)i * 7919u % FS_PAIR_SYMBOLS_MAX); }
static int32_t right_of(int32_t i) { return i % 300; }

static void pairs_are_found_however_little_room_was_asked_for(void) {
    static const int64_t most[] = {0, 1, 1000, PAIRS};
    for (int m = 0; m < 4; m++) {
        fs_pair_table t;
        int missing = 0, invented = 0;
        CHECK(fs_pair_table_open(&t, 0x123456789ABCDEFu, most[m], NULL) == FS_OK);
        for (int32_t i = 0; i < PAIRS; i++) CHECK(fs_pair_table_add(&t, left_of(i), right_of(i), i, NULL) == FS_OK);
        for (int32_t i = 0; i < PAIRS; i++) {
            missing += fs_pair_made(&t, left_of(i), right_of(i)) != i;
            invented += fs_pair_made(&t, left_of(i), right_of(i) + 300) != FS_PAIR_NONE;
        }
        CHECK(!missing && !invented);
        CHECK(fs_pair_made(&t, FS_PAIR_SYMBOLS_MAX, 0) == FS_PAIR_NONE && fs_pair_made(&t, 0, FS_PAIR_SYMBOLS_MAX) == FS_PAIR_NONE);
        fs_pair_table_free(&t);
    }
}

static void pairs_that_collide_are_refused(void) {
    fs_pair_table t;
    fs_status st = FS_OK;
    CHECK(fs_pair_table_open(&t, 1, 8, NULL) == FS_OK); /* a secret that is known */
    for (int32_t i = 0; i < 64 && st == FS_OK; i++) st = fs_pair_table_add(&t, 0, i, i, NULL); /* all hash to the first bucket */
    CHECK(st == FS_ERR_UNSUPPORTED);
    fs_pair_table_free(&t);
}

/* Rows of a vocabulary in which any two symbols side by side merge, the later made the sooner merged away. */
static void instruction_sets_merge_alike(void) {
    fs_pair_table t;
    fs_bpe_walk w = {0};
    static int32_t bytes[1 << 16], ids[4096];
    uint8_t piece[FS_BPE_ROW_END];
    int32_t made = 256;
    CHECK(fs_pair_table_open(&t, 0x9E3779B97F4A7C15u, 4000, NULL) == FS_OK);
    for (int i = 0; i < 1 << 16; i++) bytes[i] = FS_PAIR_NONE;
    for (int32_t left = 0; left < 4096 && made < 4096; left++)
        for (int32_t right = left % 3; right < 8 && made < 4096; right += 2, made++) {
            CHECK(fs_pair_table_add(&t, left, right, made, NULL) == FS_OK);
            if (left < 256) bytes[left << 8 | right] = made;
        }
    w.bytes = bytes;
    w.ids = ids;
    for (int32_t i = 0; i < 4096; i++) ids[i] = i;
    for (int32_t size = 1; size <= FS_BPE_ROW_END; size++) {
        int32_t want[FS_BPE_ROW_END], found[FS_BPE_ROW_END], n = 0;
        for (int i = 0; i < size; i++) piece[i] = (uint8_t)((i * 5 + size) % 8);
        for (int isa = FS_ISA_portable; isa >= 0; isa--) { /* it is the last one */
            fs_bpe_row row;
            int32_t count;
            if (!fs_isa_available((fs_isa)isa)) continue;
            fs_bpe_row_begin(&w, piece, size, &row);
            fs_bpe_merge_rows_for((fs_isa)isa)(&t, &row, 1);
            count = fs_bpe_row_ids(&w, &row, found);
            if (isa == FS_ISA_portable) memcpy(want, found, sizeof want), n = count;
            CHECK(count == n && count >= 1 && (size < 4 || count < size));
            CHECK(memcmp(found, want, (size_t)n * sizeof *found) == 0);
        }
    }
    fs_pair_table_free(&t);
}

BEGIN
RUN(pairs_are_found_however_little_room_was_asked_for);
RUN(pairs_that_collide_are_refused);
RUN(instruction_sets_merge_alike);
END
