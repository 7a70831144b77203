/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private: sets of negatives, fresh or from the pool; fw_train_chunk in fastw2v.h states the order of
 * draws. Inline, since a step of skip-gram takes only 0.2 us.
 */
#ifndef FASTW2V_NEGATIVES_H
#define FASTW2V_NEGATIVES_H

#include "compiler.h"
#include "prefetch.h"
#include "rng.h"
#include "walk.h"

/* The output row of the next draw from the noise distribution, asked for. */
FW_INLINE float *next_noise_row(walk *w)
{
    walk_negatives *const from = &w->negatives;
    if (from->drawn_used == WALK_NOISE_BATCH)
        fw_walk_draw_noise(w);
    float *const row = walk_output_row(w, from->drawn[from->drawn_used++]);
    prefetch_row(row, w->model->stride);
    return row;
}

/* Renew what is due in the pool after so many centers. */
FW_INLINE void renew_pool(walk *w, int32_t n_centers)
{
    walk_negatives *const from = &w->negatives;
    const int32_t pool_size = w->settings->pool_size;
    from->pool_credit += (uint64_t)w->settings->pool_refresh * (uint64_t)n_centers;
    for (; from->pool_credit >= 65536; from->pool_credit -= 65536) {
        from->pool[from->pool_head] = next_noise_row(w);
        from->pool_head = from->pool_head + 1 == pool_size ? 0 : from->pool_head + 1;
    }
}

/* Places a golden ratio of the pool apart (Kronecker sequence): picks of one set hardly repeat in the next,
 * which adjacent sets would (and lose), and every row serves about as often as any other.
 * Returns whether `positive` is among them. */
FW_INLINE bool pick_from_pool(walk_negatives *from, const fw_settings *s, const float *positive,
                              float **rows)
{
    float *const *const pool = from->pool;
    const uint32_t size = (uint32_t)s->pool_size;
    const int32_t negatives = s->negatives;
    bool collides = false;
    for (int32_t k = 0; k < negatives; ++k) {
        from->next_pick += FW_GOLDEN;
        rows[k] = pool[rng_below((uint32_t)(from->next_pick >> 32), size)];
        collides |= rows[k] == positive;
    }
    return collides;
}

/* The output rows of the next set of negatives; whether `positive` is among them. */
FW_INLINE bool draw_negatives(walk *w, const fw_scope scope, const float *positive, float **rows)
{
    if (scope == FW_SCOPE_POOL)
        return pick_from_pool(&w->negatives, w->settings, positive, rows);
    bool collides = false;
    for (int32_t k = 0; k < w->settings->negatives; ++k) {
        rows[k] = next_noise_row(w);
        collides |= rows[k] == positive;
    }
    return collides;
}

#endif
