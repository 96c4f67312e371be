// compare.cu: a thought's norm, and its angle to the one before; a block a row. Moves 8 n d bytes.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"

namespace latent4j::cuda {

namespace {

constexpr int kThreads = 256, kWarps = kThreads / kWarp;

__device__ float dot(float4 a, float4 b) { return (a.x * b.x + a.y * b.y) + (a.z * b.z + a.w * b.w); }

// x, before [gridDim.x, d / 4] float4 (before: or null), thoughts [gridDim.x]
__global__ void __launch_bounds__(kThreads) compare_kernel(const float4* x, const float4* before, int row_size, Thought* thoughts) {
  wait_for_earlier_kernels();
  __shared__ float warps[3][kWarps];
  const size_t row = static_cast<size_t>(blockIdx.x) * row_size;
  float sums[3] = {0, 0, 0};  // x x, before before, x before
  for (int at = static_cast<int>(threadIdx.x); at < row_size; at += kThreads) {
    const float4 a = x[row + at], b = before ? before[row + at] : float4{0, 0, 0, 0};
    sums[0] += dot(a, a);
    sums[1] += dot(b, b);
    sums[2] += dot(a, b);
  }
#pragma unroll
  for (int i = 0; i < 3; i++) {
    const float sum = warp_sum(sums[i]);
    if (threadIdx.x % kWarp == 0) warps[i][threadIdx.x / kWarp] = sum;
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
#pragma unroll
  for (int i = 0; i < 3; i++) {
    sums[i] = warps[i][0];
    for (int warp = 1; warp < kWarps; warp++) sums[i] += warps[i][warp];
  }
  Thought& thought = thoughts[blockIdx.x];
  const float norms = sqrtf(sums[0]) * sqrtf(sums[1]);
  thought.norm = sqrtf(sums[0]);
  thought.step_cosine = norms > 0 ? fminf(1.0f, fmaxf(-1.0f, sums[2] / norms)) : __builtin_nanf("");  // rounding takes it past 1
  thought.nearest_cosine = __builtin_nanf("");
  thought.nearest_token = -1;
  thought.padding = 0;
}

}  // namespace

void compare(Queue& queue, const CompareArgs& args) {
  if (args.n == 0) return;
  // Rows are a few KiB: 256 threads read one in one or a few loads each.
  launch_kernel(*queue.stream, "compare_kernel", compare_kernel, args.n, kThreads, 0, reinterpret_cast<const float4*>(args.x),
                reinterpret_cast<const float4*>(args.before), args.d / 4, args.thoughts);
}

}  // namespace latent4j::cuda
