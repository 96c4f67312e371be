// matmul_rows_k.cu: few rows times weights in GGUF's K formats.
#include "kernels/cuda/matmul_rows.cuh"

namespace latent4j::cuda {

template void launch_matmul_rows<DType::Q2_K>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::Q3_K>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::Q4_K>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::Q5_K>(const Stream&, const MatmulArgs&);
template void launch_matmul_rows<DType::Q6_K>(const Stream&, const MatmulArgs&);

}  // namespace latent4j::cuda
