/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* madvise */
#include "huge_pages.h"

#include <stdint.h>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

/* All pages that the memory touches, for two halves of an allocation that were asked for different pages
 * could not be moved at once: realloc would copy. */
void fw_use_huge_pages(void *memory, size_t n_bytes)
{
#if defined(MADV_HUGEPAGE)
    if (n_bytes < FW_HUGE_PAGE)
        return;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = (uintptr_t)memory / page * page;
    const uintptr_t end = ((uintptr_t)memory + n_bytes + page - 1) / page * page;
    (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* a kernel without them says no */
#else
    (void)memory;
    (void)n_bytes;
#endif
}
