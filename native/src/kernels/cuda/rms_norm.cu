// rms_norm.cu: a block a row, which it reads once and keeps in registers. Moves 8 n d + 4 d bytes.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"

namespace latent4j::cuda {

namespace {

// x, y [n, d], weight [d]
template <int kThreads, int kPieces>
__global__ void __launch_bounds__(kThreads) rms_norm_kernel(const float* x, const float* weight, float eps, int d, float* y) {
  wait_for_earlier_kernels();
  const size_t row = static_cast<size_t>(blockIdx.x) * d;
  RowInRegisters<kThreads, kPieces> values;
  values.load(x + row, d);
  const float scale = 1.0f / sqrtf(values.sum_of_squares() / static_cast<float>(d) + eps);
  values.store(y + row, d, [=](float4 v, int at) -> float4 {
    const float4 w = *reinterpret_cast<const float4*>(weight + at);
    return {v.x * scale * w.x, v.y * scale * w.y, v.z * scale * w.z, v.w * scale * w.w};
  });
}

}  // namespace

void rms_norm(Queue& queue, const RmsNormArgs& args) {
  if (args.n == 0) return;
  with_row_shape(args.d, [&]<int kThreads, int kPieces>() {
    launch_kernel(*queue.stream, "rms_norm_kernel", rms_norm_kernel<kThreads, kPieces>, args.n, kThreads, 0, args.x, args.weight, args.eps,
                  args.d, args.y);
  });
}

}  // namespace latent4j::cuda
