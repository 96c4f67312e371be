// matmul_rows.cu: few rows; each format's kernels are compiled apart.
#include "kernels/cuda/matmul_rows.h"

#include "kernels/cuda/dequantize.cuh"

namespace latent4j::cuda {

void matmul_rows(const Stream& stream, const MatmulArgs& args) {
  with_dtype(args.targets[0].weight->dtype, [&]<DType kType>() { launch_matmul_rows<kType>(stream, args); });
}

}  // namespace latent4j::cuda
