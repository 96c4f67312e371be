// matmul_tiles_k.cu: matmul_tiles for weights in GGUF's K formats.
#include "kernels/cuda/matmul_tiles_blocks.cuh"

namespace latent4j::cuda::tiles {

template void launch_tiles<DType::Q2_K>(const Stream&, const Args&, int, bool);
template void launch_tiles<DType::Q3_K>(const Stream&, const Args&, int, bool);
template void launch_tiles<DType::Q4_K>(const Stream&, const Args&, int, bool);
template void launch_tiles<DType::Q5_K>(const Stream&, const Args&, int, bool);
template void launch_tiles<DType::Q6_K>(const Stream&, const Args&, int, bool);

}  // namespace latent4j::cuda::tiles
