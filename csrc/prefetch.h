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

/* Every cache line of a row that will be updated. */
static inline void prefetch_row(const float *row, size_t stride)
{
    for (size_t d = 0; d < stride; d += 16)
        FW_PREFETCH(row + d, 1);
}

#endif
