/* What this machine has (and its operating system saves), and the instruction set chosen from it. */
#ifndef FS_BASE_CPU_H
#define FS_BASE_CPU_H

#include "status.h"

#if defined(__x86_64__) || (defined(_M_X64) && !defined(_M_ARM64EC))
#define FS_ARCH_X86_64 1
#define FS_ARCH_ARM64 0
#elif defined(__aarch64__) || defined(_M_ARM64)
#define FS_ARCH_X86_64 0
#define FS_ARCH_ARM64 1
#else
#define FS_ARCH_X86_64 0
#define FS_ARCH_ARM64 0
#endif

enum {
    FS_CPU_AVX2 = 1 << 0,        /* AVX2, FMA and F16C, with 256-bit state saved */
    FS_CPU_AVX512 = 1 << 1,      /* AVX-512 F, BW, DQ and VL, with 512-bit state saved */
    FS_CPU_AVX512_VNNI = 1 << 2,
    FS_CPU_NEON = 1 << 3,
    FS_CPU_DOTPROD = 1 << 4
};

typedef enum fs_isa {
#define FS_ISA(name, features) FS_ISA_##name,
#include "isas.def"
#undef FS_ISA
    FS_ISA_COUNT
} fs_isa;

unsigned fs_cpu_features(void); /* of FS_CPU_*; found once */

const char *fs_isa_name(fs_isa isa);
unsigned fs_isa_features(fs_isa isa);
int fs_isa_available(fs_isa isa);
fs_isa fs_isa_best(void);

/* The instruction set of that name. FS_ERR_VALUE for an unknown name or one this machine lacks; the error
 * names those it has. */
fs_status fs_isa_from_name(const char *name, fs_isa *out, fs_error *err);

/* The best one, lowered by the environment variable FASTSEQ_ISA when it is set and not empty. */
fs_status fs_isa_choose(fs_isa *out, fs_error *err);

#endif
