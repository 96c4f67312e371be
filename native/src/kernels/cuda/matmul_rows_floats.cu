// matmul_rows_floats.cu: few rows times weights that are floats.
#include "kernels/cuda/matmul_rows.cuh"

namespace latent4j::cuda {

template void launch_matmul_rows<DType::F32>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::F16>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::BF16>(const Stream&, const MatmulArgs&);

}  // namespace latent4j::cuda
