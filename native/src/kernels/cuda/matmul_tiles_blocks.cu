// matmul_tiles_blocks.cu: matmul_tiles for weights in blocks of 32.
#include "kernels/cuda/matmul_tiles_blocks.cuh"

namespace latent4j::cuda::tiles {

template void launch_tiles<DType::Q4_0>(const Stream&, const Args&, int, bool);
template void launch_tiles<DType::Q4_1>(const Stream&, const Args&, int, bool);
template void launch_tiles<DType::Q5_0>(const Stream&, const Args&, int, bool);
template void launch_tiles<DType::Q5_1>(const Stream&, const Args&, int, bool);
template void launch_tiles<DType::Q8_0>(const Stream&, const Args&, int, bool);

}  // namespace latent4j::cuda::tiles
