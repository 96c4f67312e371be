// silu.cuh: silu of a number, the same one wherever it is computed: by itself (silu_mul.cu) or as a matmul's last step. The fast
// exponential is within 2 + |1.173 x| units in the last place: where these are many, silu is next to 0 or exp(-x) nothing beside 1.
#pragma once

#include <cuda_runtime.h>

namespace latent4j::cuda {

__device__ inline float silu(float x) { return x / (1.0f + __expf(-x)); }

}  // namespace latent4j::cuda
