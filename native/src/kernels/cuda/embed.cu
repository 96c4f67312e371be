// embed.cu: rows of a table in any format, named by tokens on the device. Moves the rows' bytes and 4 n d.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/dequantize.cuh"
#include "kernels/cuda/launch.cuh"

namespace latent4j::cuda {

namespace {

// y [n, d / 4] float4; each thread one of them: threads that share a unit read the same bytes and write side by side.
template <DType kType>
__global__ void embed_kernel(Format<kType> table, const int32_t* tokens, int d, float4* y) {
  wait_for_earlier_kernels();
  constexpr int kUnit = Format<kType>::kUnit, kPieces = kUnit / 4;
  const int i = blockIdx.y * blockDim.x + threadIdx.x;
  if (i >= d / 4) return;
  const int unit = max(tokens[blockIdx.x], 0) * (d / kUnit) + i / kPieces;
  y[static_cast<int64_t>(blockIdx.x) * (d / 4) + i] = table.decode(table.load(unit), unit, i % kPieces);
}

}  // namespace

void embed(Queue& queue, const EmbedArgs& args) {
  if (args.n == 0) return;
  const int d = args.table->cols;
  // A token's row is a few KB: blocks of 256 float4 each, as many as a row takes.
  constexpr int kThreads = 256;
  const dim3 grid(args.n, (d / 4 + kThreads - 1) / kThreads);
  with_dtype(args.table->dtype, [&]<DType kType>() {
    launch_kernel(*queue.stream, "embed_kernel", embed_kernel<kType>, grid, kThreads, 0, Format<kType>(*args.table), args.tokens, d,
                  reinterpret_cast<float4*>(args.y));
  });
}

}  // namespace latent4j::cuda
