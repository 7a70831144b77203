/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* madvise */
#include "huge_pages.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

void fw_use_huge_pages(void *memory, size_t n_bytes)
{
#if defined(MADV_HUGEPAGE)
    if (n_bytes >= FW_HUGE_PAGE)
        (void)madvise(memory, n_bytes, MADV_HUGEPAGE); /* a kernel without them says no */
#else
    (void)memory;
    (void)n_bytes;
#endif
}
