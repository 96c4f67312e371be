// limits.h: the shapes of models that the kernels are written for. Without a CUDA header, since whoever brings a model to a device checks
// them, whatever the build can do.
#pragma once

#include <cstdint>

namespace latent4j::cuda {

// d, k, d_ff, n_heads * head_dim
inline constexpr int32_t kWidestRow = 32768;
inline constexpr int32_t kRowMultiple = 8;

inline constexpr int32_t kMostQueriesPerKey = 16;  // n_heads / n_kv_heads
inline constexpr int32_t kHeadDims[] = {16, 32, 64, 80, 96, 128, 256};

}  // namespace latent4j::cuda
