// matmul_rows.h: matmul_rows for targets of one format, defined in matmul_rows_{floats,blocks,k}.cu.
#pragma once

#include "kernels/cuda/matmul_ways.h"

namespace latent4j::cuda {

template <DType kType>
void launch_matmul_rows(const Stream& stream, const MatmulArgs& args);

}  // namespace latent4j::cuda
