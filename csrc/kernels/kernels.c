#include "kernels.h"

#include <string.h>

static fs_kernels tables[FS_ISA_COUNT];
static unsigned char slot_isa[FS_ISA_COUNT][FS_SLOT_COUNT];

static const char *const slot_names[FS_SLOT_COUNT] = {
#define FS_SLOT(ret, name, args) #name,
#include "kernels.def"
#undef FS_SLOT
};

static void (*const fill[FS_ISA_COUNT])(fs_kernels *) = {
#define FS_ISA(name, features) fs_kernels_fill_##name,
#include "../base/isas.def"
#undef FS_ISA
};

/* Notes which slots `source` filled: those where `after` differs from `before`. */
static void note_filled(fs_isa isa, fs_isa source, const fs_kernels *before, const fs_kernels *after) {
    int slot = 0;
#define FS_SLOT(ret, name, args)                                               \
    if (before->name != after->name) slot_isa[isa][slot] = (unsigned char)source; \
    slot++;
#include "kernels.def"
#undef FS_SLOT
}

/* From portable up, every set whose needs `isa` implies adds its own. */
static void fill_table(fs_isa isa) {
    fs_kernels *k = &tables[isa];
    memset(k, 0, sizeof *k);
    for (int source = FS_ISA_COUNT - 1; source >= (int)isa; source--) {
        fs_kernels before = *k;
        if (fs_isa_features((fs_isa)source) & ~fs_isa_features(isa)) continue;
        fill[source](k);
        note_filled(isa, (fs_isa)source, &before, k);
    }
    k->isa = isa;
}

void fs_kernels_init(void) {
    for (int isa = 0; isa < FS_ISA_COUNT; isa++)
        if (fs_isa_available((fs_isa)isa)) fill_table((fs_isa)isa);
}

const fs_kernels *fs_kernels_for(fs_isa isa) { return &tables[isa]; }
const char *fs_kernels_slot_name(int slot) { return slot_names[slot]; }
fs_isa fs_kernels_slot_isa(fs_isa isa, int slot) { return (fs_isa)slot_isa[isa][slot]; }
