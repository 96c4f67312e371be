// matmul_ways.h: the two ways of a matmul; matmul.cu chooses by MatmulArgs::prefill. All targets are of one format.
#pragma once

#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

// Streams the weights once for up to 16 rows (8 where they come in blocks; more rows go in groups), products in f32; normalizes x as it
// reads it.
void matmul_rows(const Stream& stream, const MatmulArgs& args);

// Tensor-core tiles, for prompts. args.norm.weight is null.
void matmul_tiles(const Stream& stream, const MatmulArgs& args);

}  // namespace latent4j::cuda
