// transfer.h: memory handed over: ranges of one or several memories become a new memory, of the same pool or of another model instance's.
// Merge, the policies `latest` and `latent_only`, and hand-off between instances are all this one operation.
#pragma once

#include <memory>
#include <vector>

#include "kernels/ops.h"
#include "memory/memory.h"
#include "model/config.h"

namespace latent4j {

struct MemoryRange {
  const Memory* memory;
  int32_t begin, end;
};

// The ranges end to end in a new memory of `pool`; keys re-rotated from old to new positions where `rotate`. Ranges that keep their
// position in the same pool share their full pages. A pool may be on another device: its pages are read in place where `queue`'s device,
// the target's, reaches them, and go through pinned memory of the host where it does not. Done on return. The caller holds read locks on
// the sources.
// Throws INCOMPATIBLE_MEMORY (n_layers, n_kv_heads or head_dim differ), OUT_OF_PAGES, CONTEXT_EXCEEDED, BAD_ARGUMENT (range outside).
std::unique_ptr<Memory> assemble(Queue& queue, const Ops& ops, const Config& config, std::shared_ptr<PagePool> pool,
                                 const std::vector<MemoryRange>& ranges, bool rotate);

// keys and values [n_kv_heads, length, head_dim] of one layer as f32.
void read_layer(const Memory& memory, int32_t layer, float* keys, float* values);

}  // namespace latent4j
