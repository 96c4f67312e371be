// copy_rows.cu: a block a row. Moves 8 n d bytes and the indices.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"

namespace latent4j::cuda {

namespace {

// x, y [.., d / 4] float4, from, to [gridDim.x] or null
__global__ void copy_rows_kernel(const float4* x, const int32_t* from, const int32_t* to, int row_size, float4* y) {
  wait_for_earlier_kernels();
  const int i = static_cast<int>(blockIdx.x);
  const float4* source = x + static_cast<size_t>(from ? from[i] : i) * row_size;
  float4* target = y + static_cast<size_t>(to ? to[i] : i) * row_size;
  for (int at = threadIdx.x; at < row_size; at += blockDim.x) target[at] = source[at];
}

}  // namespace

void copy_rows(Queue& queue, const CopyRowsArgs& args) {
  if (args.n == 0) return;
  // Rows are a few KiB: 256 threads move one in one or a few loads each.
  launch_kernel(*queue.stream, "copy_rows_kernel", copy_rows_kernel, args.n, 256, 0, reinterpret_cast<const float4*>(args.x), args.from,
                args.to, args.d / 4, reinterpret_cast<float4*>(args.y));
}

}  // namespace latent4j::cuda
