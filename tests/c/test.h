/* SPDX-License-Identifier: Apache-2.0 */
/* What the C tests share: a check that says where it failed, and aligned memory between guards. */
#ifndef FASTW2V_TEST_H
#define FASTW2V_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_failures;
static char test_context[256]; /* seed, ISA, dimensions of the running case */

/* Count and print a failure, and go on. */
#define CHECK(condition)                                                                        \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            ++test_failures;                                                                    \
            fprintf(stderr, "%s:%d: %s  [%s]\n", __FILE__, __LINE__, #condition, test_context); \
        }                                                                                       \
    } while (0)

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
            CHECK(g->begin[i - GUARD_BYTES] == GUARD_PATTERN);
            CHECK(g->begin[g->size + i] == GUARD_PATTERN);
        }
        test_buffers = g->next;
        free(g->memory);
        free(g);
    }
}

/* For `return test_result(__FILE__)` at the end of main. */
static int test_result(const char *name)
{
    guards_check();
    printf("%s: %s\n", name, test_failures ? "FAILED" : "ok");
    return test_failures != 0;
}

#endif
