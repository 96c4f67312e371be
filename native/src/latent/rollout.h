// rollout.h: what an agent does, in one call: prefill, latent steps, decode, for many sequences side by side.
#pragma once

#include <vector>

#include "latent4j.h"
#include "memory/memory.h"
#include "model/model.h"

namespace latent4j {

// Runs `args` (latent4j.h) on `memories` [args.n_sequences]. `control` may be null. Nothing is committed to a memory before the whole
// rollout has succeeded, so an error leaves every memory as it was.
void rollout(Model& model, const std::vector<Memory*>& memories, const l4j_rollout_args& args, l4j_control* control,
             l4j_rollout_figures& figures);

}  // namespace latent4j
