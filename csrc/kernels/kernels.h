/* The table of kernels: one pointer a slot, filled once for each instruction set (kernels.def, isas.def).
 *
 * `portable` fills every slot; a better set overrides those it improves, on top of the sets it implies. A
 * table is chosen once and carried by pointer in whatever was prepared for it, never looked up at a call,
 * so two instruction sets can run side by side in one test. */
#ifndef FS_KERNELS_H
#define FS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "../base/cpu.h"
#include "../base/status.h"
#include "grouped_types.h"
#include "kernel_types.h"

typedef struct fs_kernels {
#define FS_SLOT(ret, name, args) ret(*name) args;
#include "kernels.def"
#undef FS_SLOT
    fs_isa isa;
} fs_kernels;

enum {
#define FS_SLOT(ret, name, args) FS_SLOT_##name,
#include "kernels.def"
#undef FS_SLOT
    FS_SLOT_COUNT
};

void fs_kernels_init(void);                         /* fills the tables of every available set; once, at import */
const fs_kernels *fs_kernels_for(fs_isa isa);       /* isa must be available */
const char *fs_kernels_slot_name(int slot);
fs_isa fs_kernels_slot_isa(fs_isa isa, int slot);   /* whose function the table of `isa` holds in that slot */

/* Fill functions, one an instruction set: each sets the slots it improves. */
#define FS_ISA(name, features) void fs_kernels_fill_##name(fs_kernels *k);
#include "../base/isas.def"
#undef FS_ISA

#endif
