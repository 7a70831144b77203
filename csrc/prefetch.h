/* SPDX-License-Identifier: Apache-2.0 */
/* Ask for memory that will be needed soon. A hint: nothing depends on it. */
#ifndef FASTW2V_PREFETCH_H
#define FASTW2V_PREFETCH_H

#include <stddef.h>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

#if defined(__GNUC__) || defined(__clang__)
#define FW_PREFETCH(address, will_write) __builtin_prefetch((address), (will_write), 3)
#elif defined(_M_X64)
#define FW_PREFETCH(address, will_write) _mm_prefetch((const char *)(address), _MM_HINT_T0)
#elif defined(_M_ARM64)
#define FW_PREFETCH(address, will_write) __prefetch(address)
#else
#define FW_PREFETCH(address, will_write) ((void)(address))
#endif

/* The cache line at an address that will be read. */
static inline void prefetch_line(const void *address)
{
    FW_PREFETCH(address, 0);
}

/* Every cache line of a row that will be updated, as gcc and clang are told in vain on x86-64: not every such
 * CPU has PREFETCHW. A loop over the lines would cost more than they do. */
static inline void prefetch_row(const float *row, size_t stride)
{
    for (; stride > 128; row += 128, stride -= 128)
        for (int line = 0; line < 8; ++line)
            FW_PREFETCH(row + 16 * line, 1);
    switch ((stride + 15) / 16) {
    case 8: FW_PREFETCH(row + 112, 1); /* fall through */
    case 7: FW_PREFETCH(row + 96, 1);  /* fall through */
    case 6: FW_PREFETCH(row + 80, 1);  /* fall through */
    case 5: FW_PREFETCH(row + 64, 1);  /* fall through */
    case 4: FW_PREFETCH(row + 48, 1);  /* fall through */
    case 3: FW_PREFETCH(row + 32, 1);  /* fall through */
    case 2: FW_PREFETCH(row + 16, 1);  /* fall through */
    default: FW_PREFETCH(row, 1);
    }
}

#endif
