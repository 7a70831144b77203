/* SPDX-License-Identifier: Apache-2.0 */
/* Products of the bytes of rows and queries; part of sketch_rows.h. */

/* Blocks of rows, and the codes of a group of queries. */
typedef struct code_pair {
    const uint8_t *block;
    size_t block_bytes, n_steps; /* from a block to the next; of 8 elements */
    const int8_t *codes;
    size_t ahead; /* bytes from what is read to what is asked for */
} code_pair;

/* Add the products of so many steps to sums[q * n_blocks * BLOCK_VECS + v]; go on to the next. */
FW_INLINE void dot_steps(const int n_blocks, const int nq, code_pair *at, size_t n_steps,
                         vec_int *sums)
{
    const int n_vecs = n_blocks * BLOCK_VECS;
    FW_NO_UNROLL
    for (size_t i = 0; i < n_steps; ++i, at->block += FW_ALIGNMENT, at->codes += 8 * nq) {
        vec_int x[CODE_VECS];
        FW_UNROLL
        for (int b = 0; b < n_blocks; ++b)
            prefetch_line(at->block + (size_t)b * at->block_bytes + at->ahead);
        FW_UNROLL
        for (int v = 0; v < n_vecs; ++v)
            x[v] = vec_codes_load(at->block + (size_t)(v / BLOCK_VECS) * at->block_bytes +
                                  v % BLOCK_VECS * 4 * VEC_WIDTH);
        FW_UNROLL
        for (int half = 0; half < 2; ++half) {
            vec_int y[CODE_VECS];
            FW_UNROLL
            for (int v = 0; v < n_vecs; ++v)
                y[v] = half ? vec_high_codes(x[v]) : vec_low_codes(x[v]);
            FW_UNROLL
            for (int q = 0; q < nq; ++q) {
                int32_t four;
                memcpy(&four, at->codes + 4 * (half * nq + q), sizeof four);
                FW_UNROLL
                for (int v = 0; v < n_vecs; ++v)
                    sums[q * n_vecs + v] = vec_dot_fours(sums[q * n_vecs + v], y[v], four);
            }
        }
    }
}

/*
 * Whether starts[q] + the product of a row with query q is not negative for some row and query; if
 * so, sums[q * n_blocks + b] are these of block b.
 */
FW_INLINE bool dot_codes(const int n_blocks, const int nq, code_pair at, const int32_t *starts,
                         int32_t (*sums)[FW_SKETCH_ROWS])
{
    const int n_vecs = n_blocks * BLOCK_VECS;
    vec_int all[CODE_VECS * CODE_QUERIES];
    FW_UNROLL
    for (int a = 0; a < nq * n_vecs; ++a)
        all[a] = vec_int_set1(starts[a / n_vecs]);
    for (size_t left = at.n_steps, n_steps; left > 0; left -= n_steps) {
        n_steps = CODE_STEPS > 0 && left > CODE_STEPS ? CODE_STEPS : left;
        vec_int sum[CODE_VECS * CODE_QUERIES];
        FW_UNROLL
        for (int a = 0; a < nq * n_vecs; ++a)
            sum[a] = CODE_STEPS > 0 ? vec_int_set1(0) : all[a];
        dot_steps(n_blocks, nq, &at, n_steps, sum);
        FW_UNROLL
        for (int a = 0; a < nq * n_vecs; ++a)
            all[a] = CODE_STEPS > 0 ? vec_add_sums(all[a], sum[a]) : sum[a];
    }
    vec_int signs = all[0];
    FW_UNROLL
    for (int a = 1; a < nq * n_vecs; ++a)
        signs = vec_int_and(signs, all[a]);
    if (vec_int_is_negative(signs))
        return false;
    FW_UNROLL
    for (int a = 0; a < nq * n_vecs; ++a)
        vec_int_store(&sums[a / BLOCK_VECS][a % BLOCK_VECS * VEC_WIDTH], all[a]);
    return true;
}

/*
 * Of whole groups against CODE_BLOCKS blocks, the first for which this holds, or n_groups. In a
 * function of its own, or gcc 12 moves half of the sums to other registers in every step.
 */
FW_APART static size_t dot_groups(const code_pair *first, const int32_t *starts, size_t n_groups,
                                  int32_t (*sums)[FW_SKETCH_ROWS])
{
    code_pair at = *first;
    for (size_t g = 0; g < n_groups; ++g) {
        if (dot_codes(CODE_BLOCKS, CODE_QUERIES, at, starts + g * CODE_QUERIES, sums))
            return g;
        at.codes += at.n_steps * 8 * CODE_QUERIES;
        at.ahead = 0; /* there already */
    }
    return n_groups;
}

/* Whether it holds for one group of any size, and any number of blocks. */
FW_APART static bool dot_group(int n_blocks, int nq, const code_pair *pair, const int32_t *starts,
                               int32_t (*sums)[FW_SKETCH_ROWS])
{
    enum { HALF = CODE_QUERIES / 2 };
    const code_pair at = *pair;
    if (n_blocks == 1)
        return nq == 1      ? dot_codes(1, 1, at, starts, sums)
               : nq == HALF ? dot_codes(1, HALF, at, starts, sums)
                            : dot_codes(1, CODE_QUERIES, at, starts, sums);
    return nq == 1      ? dot_codes(CODE_BLOCKS, 1, at, starts, sums)
           : nq == HALF ? dot_codes(CODE_BLOCKS, HALF, at, starts, sums)
                        : dot_groups(pair, starts, 1, sums) == 0;
}

/* sums[l] = ABOVE_SUMS + the product of row l of a block with one query of a group of nq. */
static void dot_query(const uint8_t *block, size_t n_steps, const int8_t *codes, size_t nq,
                      int32_t *sums)
{
    const vec_int zero = vec_int_set1(0);
    vec_int all[BLOCK_VECS];
    FW_UNROLL
    for (int v = 0; v < BLOCK_VECS; ++v)
        all[v] = vec_int_set1(ABOVE_SUMS);
    for (size_t i = 0; i < n_steps; ++i, block += FW_ALIGNMENT, codes += 8 * nq) {
        int32_t four, next;
        memcpy(&four, codes, sizeof four);
        memcpy(&next, codes + 4 * nq, sizeof next);
        FW_UNROLL
        for (int v = 0; v < BLOCK_VECS; ++v) {
            const vec_int x = vec_codes_load(block + v * 4 * VEC_WIDTH);
            const vec_int low = vec_dot_fours(zero, vec_low_codes(x), four);
            all[v] = vec_add_sums(all[v], vec_dot_fours(low, vec_high_codes(x), next));
        }
    }
    FW_UNROLL
    for (int v = 0; v < BLOCK_VECS; ++v)
        vec_int_store(sums + v * VEC_WIDTH, all[v]);
}

/* The floats of a block: 16 of each kind, after the codes. */
static inline const float *numbers_of(const fw_search_state *s, const uint8_t *block)
{
    return (const float *)(const void *)(block + (s->search->vector_size + 7) / 8 * FW_ALIGNMENT);
}
