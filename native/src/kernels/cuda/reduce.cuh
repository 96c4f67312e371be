// reduce.cuh: what the ops that work row by row share: sums of a block in one fixed order, and rows held in registers, 16 bytes a load.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/limits.h"

namespace latent4j::cuda {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kWholeWarp = 0xffffffffu;

__device__ inline float warp_sum(float v) {
#pragma unroll
  for (unsigned offset = kWarp / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(kWholeWarp, v, offset);
  return v;
}

// The sum of every thread's v, in every thread. All threads of the block take part, once per kernel: its shared memory is not guarded.
template <int kThreads>
__device__ float block_sum(float v) {
  constexpr int kWarps = kThreads / kWarp;
  __shared__ float sums[kWarps];
  v = warp_sum(v);
  if (threadIdx.x % kWarp == 0) sums[threadIdx.x / kWarp] = v;
  __syncthreads();
  float sum = sums[0];
#pragma unroll
  for (int i = 1; i < kWarps; i++) sum += sums[i];
  return sum;
}

// A row [d] spread over a block, kPieces float4 a thread: read once, used twice. d <= 4 kThreads kPieces.
template <int kThreads, int kPieces>
struct RowInRegisters {
  float4 pieces[kPieces];

  __device__ void load(const float* row, int d) {
#pragma unroll
    for (int p = 0; p < kPieces; p++) {
      const int at = 4 * (p * kThreads + static_cast<int>(threadIdx.x));
      pieces[p] = at < d ? *reinterpret_cast<const float4*>(row + at) : float4{0, 0, 0, 0};
    }
  }
  __device__ float sum_of_squares() const {
    float sum = 0;
#pragma unroll
    for (const float4& p : pieces) sum += (p.x * p.x + p.y * p.y) + (p.z * p.z + p.w * p.w);
    return block_sum<kThreads>(sum);
  }
  // Stores scaled(piece, index of the piece's first element).
  template <typename Scaled>
  __device__ void store(float* row, int d, const Scaled& scaled) const {
#pragma unroll
    for (int p = 0; p < kPieces; p++) {
      const int at = 4 * (p * kThreads + static_cast<int>(threadIdx.x));
      if (at < d) *reinterpret_cast<float4*>(row + at) = scaled(pieces[p], at);
    }
  }
};

// Calls launch<threads, pieces>() with the smallest that hold a row of d elements. By d alone: the shape sets the order of the sum.
// 256 threads: a usual row is one to four loads of each, so that its time is one wait for memory and one barrier.
template <typename Launch>
void with_row_shape(int32_t d, const Launch& launch) {
  if (d <= 1024) return launch.template operator()<256, 1>();
  if (d <= 2048) return launch.template operator()<256, 2>();
  if (d <= 4096) return launch.template operator()<256, 4>();
  if (d <= 8192) return launch.template operator()<512, 4>();
  static_assert(kWidestRow <= 4 * 1024 * 8);
  launch.template operator()<1024, 8>();
}

}  // namespace latent4j::cuda
