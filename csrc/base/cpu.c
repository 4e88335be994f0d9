#include "cpu.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned features;
} isas[FS_ISA_COUNT] = {
#define FS_ISA(name, features) {#name, features},
#include "isas.def"
#undef FS_ISA
};

#if FS_ARCH_X86_64

#if defined(_MSC_VER) && !defined(__clang__)
#include <immintrin.h>
#include <intrin.h>
static void cpuid(unsigned leaf, unsigned r[4]) {
    int v[4];
    __cpuidex(v, (int)leaf, 0);
    for (int i = 0; i < 4; i++) r[i] = (unsigned)v[i];
}
static uint64_t xcr0(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void cpuid(unsigned leaf, unsigned r[4]) { __cpuid_count(leaf, 0, r[0], r[1], r[2], r[3]); }
static uint64_t xcr0(void) {
    unsigned lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return ((uint64_t)hi << 32) | lo;
}
#endif

static int has(unsigned reg, unsigned bit) { return (reg >> bit) & 1; }

/* Intel SDM volume 2, CPUID; volume 1, 13.3: what the system saves is told by XCR0. */
static unsigned detect(void) {
    unsigned leaf0[4], leaf1[4], leaf7[4], found = 0;
    uint64_t saved;
    cpuid(0, leaf0);
    if (leaf0[0] < 7) return 0;
    cpuid(1, leaf1);
    cpuid(7, leaf7);
    if (!has(leaf1[2], 27)) return 0; /* OSXSAVE */
    saved = xcr0();
    if ((saved & 0x6) == 0x6 && has(leaf1[2], 12) && has(leaf1[2], 29) && has(leaf7[1], 5)) found |= FS_CPU_AVX2;
    if ((found & FS_CPU_AVX2) && (saved & 0xe6) == 0xe6 && has(leaf7[1], 16) && has(leaf7[1], 17) &&
        has(leaf7[1], 30) && has(leaf7[1], 31))
        found |= FS_CPU_AVX512;
    if ((found & FS_CPU_AVX512) && has(leaf7[2], 11)) found |= FS_CPU_AVX512_VNNI;
    return found;
}

#elif FS_ARCH_ARM64

#if defined(__linux__)
#include <sys/auxv.h>
#define FS_HWCAP_ASIMDDP (1UL << 20) /* Linux, arch/arm64/include/uapi/asm/hwcap.h */
static unsigned detect(void) {
    return FS_CPU_NEON | ((getauxval(AT_HWCAP) & FS_HWCAP_ASIMDDP) ? (unsigned)FS_CPU_DOTPROD : 0u);
}
#elif defined(__APPLE__)
static unsigned detect(void) { return FS_CPU_NEON | FS_CPU_DOTPROD; } /* every Apple ARM64 CPU has it */
#elif defined(_WIN32)
#include <windows.h>
static unsigned detect(void) {
    return FS_CPU_NEON | (IsProcessorFeaturePresent(43) ? FS_CPU_DOTPROD : 0); /* PF_ARM_V82_DP */
}
#else
static unsigned detect(void) { return FS_CPU_NEON; }
#endif

#else
static unsigned detect(void) { return 0; }
#endif

unsigned fs_cpu_features(void) {
    static fs_atomic cached = -1; /* two threads may both detect; they find the same */
    int64_t f = fs_atomic_load(&cached);
    if (f < 0) {
        f = (int64_t)detect();
        fs_atomic_store(&cached, f);
    }
    return (unsigned)f;
}

const char *fs_isa_name(fs_isa isa) { return isas[isa].name; }
unsigned fs_isa_features(fs_isa isa) { return isas[isa].features; }
int fs_isa_available(fs_isa isa) { return (isas[isa].features & ~fs_cpu_features()) == 0; }

fs_isa fs_isa_best(void) {
    int isa = 0;
    while (!fs_isa_available((fs_isa)isa)) isa++; /* portable, the last, always is */
    return (fs_isa)isa;
}

/* "avx512, avx2, portable" */
static void list_available(char *to, size_t size) {
    to[0] = 0;
    for (int i = 0; i < FS_ISA_COUNT; i++) {
        if (!fs_isa_available((fs_isa)i) || strlen(to) + strlen(isas[i].name) + 3 > size) continue;
        if (to[0]) strcat(to, ", ");
        strcat(to, isas[i].name);
    }
}

fs_status fs_isa_from_name(const char *name, fs_isa *out, fs_error *err) {
    char available[128];
    for (int i = 0; i < FS_ISA_COUNT; i++) {
        if (strcmp(isas[i].name, name) == 0 && fs_isa_available((fs_isa)i)) {
            *out = (fs_isa)i;
            return FS_OK;
        }
    }
    list_available(available, sizeof available);
    return fs_fail(err, FS_ERR_VALUE, "isa", "no such instruction set on this machine", "one of %s|%.40s", available,
                   name);
}

fs_status fs_isa_choose(fs_isa *out, fs_error *err) {
    const char *name = getenv("FASTSEQ_ISA");
    if (name && name[0]) {
        fs_status st = fs_isa_from_name(name, out, err);
        if (st != FS_OK && err) memcpy(err->where, "FASTSEQ_ISA", sizeof "FASTSEQ_ISA");
        return st;
    }
    *out = fs_isa_best();
    return FS_OK;
}
