/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned memory between guard bytes, and claims that print the running case when they fail. */
#ifndef FASTW2V_TESTS_GUARDS_H
#define FASTW2V_TESTS_GUARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static char test_context[256]; /* seed, ISA, dimensions of the running case */

#define HOLDS(claim) CHECK(claim, "%s", test_context)

#define GUARD_BYTES 64
#define GUARD_PATTERN 0xA5

typedef struct guarded {
    void *memory;
    unsigned char *begin; /* 64-byte aligned */
    size_t size;
    struct guarded *next;
} guarded;

static guarded *test_buffers;

/* `size` zero bytes between two guards; lives until guards_check. */
static void *guarded_alloc(size_t size)
{
    guarded *g = malloc(sizeof *g);
    if (!g || !(g->memory = malloc(size + 3 * GUARD_BYTES))) {
        fputs("out of memory\n", stderr);
        exit(2);
    }
    const size_t past = (uintptr_t)g->memory % GUARD_BYTES;
    g->begin = (unsigned char *)g->memory + GUARD_BYTES + (GUARD_BYTES - past) % GUARD_BYTES;
    g->size = size;
    memset(g->begin - GUARD_BYTES, GUARD_PATTERN, GUARD_BYTES);
    memset(g->begin + size, GUARD_PATTERN, GUARD_BYTES);
    memset(g->begin, 0, size);
    g->next = test_buffers;
    test_buffers = g;
    return g->begin;
}

/* Check the bytes around every buffer since the last time, and free them all. */
static void guards_check(void)
{
    while (test_buffers) {
        guarded *const g = test_buffers;
        for (size_t i = 0; i < GUARD_BYTES; ++i) {
            HOLDS(g->begin[i - GUARD_BYTES] == GUARD_PATTERN);
            HOLDS(g->begin[g->size + i] == GUARD_PATTERN);
        }
        test_buffers = g->next;
        free(g->memory);
        free(g);
    }
}

#endif
