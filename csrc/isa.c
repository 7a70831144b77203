/* SPDX-License-Identifier: Apache-2.0 */
#include "isa.h"

#include <string.h>

#include "fastw2v.h"
#include "nearest.h"

static const char *const isa_names[FW_ISA_COUNT] = {
    [FW_ISA_PORTABLE] = "portable",
    [FW_ISA_NEON] = "neon",
    [FW_ISA_AVX2] = "avx2",
    [FW_ISA_AVX512] = "avx512",
};

#ifdef FW_HAVE_X86

#ifdef _MSC_VER
#include <intrin.h>
static void cpuid(int leaf, unsigned r[4])
{
    int out[4];
    __cpuidex(out, leaf, 0);
    for (int i = 0; i < 4; ++i)
        r[i] = (unsigned)out[i];
}
static unsigned long long enabled_states(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void cpuid(int leaf, unsigned r[4])
{
    if (!__get_cpuid_count((unsigned)leaf, 0, &r[0], &r[1], &r[2], &r[3]))
        r[0] = r[1] = r[2] = r[3] = 0;
}
static unsigned long long enabled_states(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((unsigned long long)high << 32) | low;
}
#endif

/* A CPU may have registers that the operating system does not save: CPUID alone is not enough. */
static bool cpu_can_run(fw_isa isa)
{
    enum { FMA = 1 << 12, OSXSAVE = 1 << 27, F16C = 1 << 29, AVX2 = 1 << 5, AVX512F = 1 << 16 };
    enum { YMM_STATE = 0x06, ZMM_STATE = 0xe6 };
    unsigned basic[4], extended[4];
    cpuid(1, basic);
    if (!(basic[2] & OSXSAVE))
        return false;
    cpuid(7, extended);
    const unsigned long long states = enabled_states();
    const bool avx2 = (basic[2] & FMA) && (basic[2] & F16C) && (extended[1] & AVX2) &&
                      (states & YMM_STATE) == YMM_STATE;
    if (isa == FW_ISA_AVX2)
        return avx2;
    return isa == FW_ISA_AVX512 && avx2 && (extended[1] & AVX512F) &&
           (states & ZMM_STATE) == ZMM_STATE;
}

bool fw_isa_has_byte_dots(void)
{
    enum { AVX512_VNNI = 1 << 11 };
    unsigned extended[4];
    cpuid(7, extended);
    return cpu_can_run(FW_ISA_AVX512) && (extended[2] & AVX512_VNNI);
}

#else

bool fw_isa_has_byte_dots(void)
{
    return false;
}

static bool cpu_can_run(fw_isa isa)
{
#ifdef FW_HAVE_NEON
    return isa == FW_ISA_NEON; /* part of every AArch64 */
#else
    (void)isa;
    return false;
#endif
}

#endif

bool fw_isa_available(fw_isa isa)
{
    return isa == FW_ISA_PORTABLE || cpu_can_run(isa);
}

fw_isa fw_isa_best(void)
{
    fw_isa isa = (fw_isa)(FW_ISA_COUNT - 1);
    while (!fw_isa_available(isa))
        isa = (fw_isa)(isa - 1);
    return isa;
}

const char *fw_isa_name(fw_isa isa)
{
    return (unsigned)isa < FW_ISA_COUNT ? isa_names[isa] : NULL;
}

fw_status fw_isa_parse(const char *name, fw_isa *isa)
{
    if (!name || !isa)
        return FW_ERROR_ARGUMENT;
    for (int i = 0; i < FW_ISA_COUNT; ++i) {
        if (strcmp(name, isa_names[i]) == 0) {
            *isa = (fw_isa)i;
            return fw_isa_available(*isa) ? FW_OK : FW_ERROR_ISA_UNAVAILABLE;
        }
    }
    return FW_ERROR_ISA_UNKNOWN;
}
