// matmul_tiles_blocks.cu: matmul_tiles for the block formats.
#include "base/error.h"
#include "kernels/cuda/matmul_tiles_blocks.cuh"

namespace latent4j::cuda::tiles {

void launch_blocks(const Stream& stream, DType dtype, const Args& args, int n_tiles) {
  switch (dtype) {
    case DType::Q4_0: return launch<Blocks<DType::Q4_0>>(stream, args, n_tiles);
    case DType::Q4_1: return launch<Blocks<DType::Q4_1>>(stream, args, n_tiles);
    case DType::Q5_0: return launch<Blocks<DType::Q5_0>>(stream, args, n_tiles);
    case DType::Q5_1: return launch<Blocks<DType::Q5_1>>(stream, args, n_tiles);
    case DType::Q8_0: return launch<Blocks<DType::Q8_0>>(stream, args, n_tiles);
    case DType::Q2_K: return launch<Blocks<DType::Q2_K>>(stream, args, n_tiles);
    case DType::Q3_K: return launch<Blocks<DType::Q3_K>>(stream, args, n_tiles);
    case DType::Q4_K: return launch<Blocks<DType::Q4_K>>(stream, args, n_tiles);
    case DType::Q5_K: return launch<Blocks<DType::Q5_K>>(stream, args, n_tiles);
    default: return launch<Blocks<DType::Q6_K>>(stream, args, n_tiles);
  }
}

}  // namespace latent4j::cuda::tiles
