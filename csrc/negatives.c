/* SPDX-License-Identifier: Apache-2.0 */
#include "negatives.h"

#include "noise.h"

/* In batches: the table of a large vocabulary is not in the first caches, and the loads of one batch
 * wait together. */
void fw_walk_draw_noise(walk *w)
{
    walk_negatives *const from = &w->negatives;
    for (int32_t i = 0; i < WALK_NOISE_BATCH; ++i)
        from->drawn[i] = noise_draw(w->model->noise, w->model->vocab_size, from->noise_stream,
                                    from->noise_counter + (uint64_t)i);
    from->noise_counter += WALK_NOISE_BATCH;
    from->drawn_used = 0;
}

void fw_walk_open_negatives(walk *w, uint64_t stream)
{
    walk_negatives *const from = &w->negatives;
    from->noise_stream = fw_substream(stream, FW_PURPOSE_NOISE);
    from->next_pick = fw_substream(stream, FW_PURPOSE_PICKS);
    from->drawn_used = WALK_NOISE_BATCH;
    if (w->settings->scope == FW_SCOPE_POOL && w->settings->negatives > 0)
        for (int32_t i = 0; i < w->settings->pool_size; ++i)
            from->pool[i] = next_noise_row(w);
}
