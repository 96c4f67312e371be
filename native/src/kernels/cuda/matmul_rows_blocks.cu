// matmul_rows_blocks.cu: few rows times weights in blocks of 32.
#include "kernels/cuda/matmul_rows.cuh"

namespace latent4j::cuda {

template void launch_matmul_rows<DType::Q4_0>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::Q4_1>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::Q5_0>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::Q5_1>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::Q8_0>(const Stream&, const MatmulArgs&);

}  // namespace latent4j::cuda
