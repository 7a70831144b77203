/* SPDX-License-Identifier: Apache-2.0 */
/* Private: large memory in huge pages, of which a few faults fetch what thousands of small ones would. */
#ifndef FASTW2V_HUGE_PAGES_H
#define FASTW2V_HUGE_PAGES_H

#include <stddef.h>

/* Of x86-64, and of arm64 with pages of 4 KB; elsewhere just an alignment. */
#define FW_HUGE_PAGE ((size_t)2 << 20)

/* Ask for huge pages. Memory that is as large as one begins on one. A hint: nothing depends on it. */
void fw_use_huge_pages(void *memory, size_t n_bytes);

#endif
