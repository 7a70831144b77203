/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of negatives, fresh or from the pool; fw_train_chunk in fastw2v.h states the order of draws. */
#include "noise.h"
#include "walk.h"

static int32_t next_noise(walk_negatives *from, const fw_model *model)
{
    return noise_draw(model->noise, model->vocab_size, from->noise_stream, from->noise_counter++);
}

static void renew_pool(walk_negatives *from, const fw_settings *s, const fw_model *model)
{
    from->pool_credit += s->pool_refresh;
    for (; from->pool_credit >= 65536; from->pool_credit -= 65536) {
        from->pool[from->pool_head] = next_noise(from, model);
        from->pool_head = from->pool_head + 1 == s->pool_size ? 0 : from->pool_head + 1;
    }
}

/* Random places: picks of one set hardly repeat in the next, which adjacent sets would (and lose). */
static void pick_from_pool(walk_negatives *from, const fw_settings *s, int32_t *set)
{
    const uint32_t size = (uint32_t)s->pool_size;
    for (int32_t k = 0; k < s->negatives; k += 2) {
        const uint64_t r = rng_draw(from->picks_stream, from->picks_counter++);
        set[k] = from->pool[rng_below((uint32_t)r, size)];
        if (k + 1 < s->negatives)
            set[k + 1] = from->pool[rng_below((uint32_t)(r >> 32), size)];
    }
}

void fw_walk_draw_negatives(walk *w, int32_t n_centers, int32_t n_examples, int32_t *set)
{
    const fw_settings *const s = w->settings;
    walk_negatives *const from = &w->negatives;
    if (s->negatives == 0)
        return;
    if (s->scope == FW_SCOPE_POOL) {
        for (int32_t c = 0; c < n_centers; ++c)
            renew_pool(from, s, w->model);
        pick_from_pool(from, s, set);
    } else {
        const int32_t sets = s->scope == FW_SCOPE_EXAMPLE ? n_examples : 1;
        for (int32_t k = 0; k < sets * s->negatives; ++k)
            set[k] = next_noise(from, w->model);
    }
}
