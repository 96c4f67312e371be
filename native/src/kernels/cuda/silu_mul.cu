// silu_mul.cu: element by element. Moves 12 n d_ff bytes.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/silu.cuh"

namespace latent4j::cuda {

namespace {

// gate, up [size / 4] float4
__global__ void silu_mul_kernel(float4* gate, const float4* up, int64_t size) {
  wait_for_earlier_kernels();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= size) return;
  const float4 g = gate[i], u = up[i];
  gate[i] = {silu(g.x) * u.x, silu(g.y) * u.y, silu(g.z) * u.z, silu(g.w) * u.w};
}

}  // namespace

void silu_mul(Queue& queue, const SiluMulArgs& args) {
  const int64_t size = static_cast<int64_t>(args.n) * args.d_ff / 4;
  if (size == 0) return;
  // One float4 a thread: nothing to reuse, so as many threads as there are elements.
  constexpr int kThreads = 256;
  launch_kernel(*queue.stream, "silu_mul_kernel", silu_mul_kernel, static_cast<unsigned>((size + kThreads - 1) / kThreads), kThreads, 0,
                reinterpret_cast<float4*>(args.gate), reinterpret_cast<const float4*>(args.up), size);
}

}  // namespace latent4j::cuda
