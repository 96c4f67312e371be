// align.cu: matmul and rescale in one launch. A block makes 32 columns of y for up to 16 rows from the whole height of W, so that sums
// need no second pass; the last block to finish knows every column and rescales. Moves 4 d² + 8 n d bytes; 4 (2 + d / 32) n d more come
// from the L2 cache, where x and y are.
#include <algorithm>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/tickets.cuh"

namespace latent4j::cuda {

namespace {

// 8 lanes read 128 bytes of a row of W, a thread 4 rows below each other; the block's 64 such groups read 256 rows at a time.
constexpr int kThreads = 512, kWarps = kThreads / static_cast<int>(kWarp);
constexpr int kColumns = 32, kLanesAcross = kColumns / 4;
constexpr int kTogether = 4 * kThreads / kLanesAcross;
constexpr int kMostRows = 16;

// Written so that a norm that is not a number stays one.
__device__ float rescale_factor(float squares, float target_norm) {
  const float norm = sqrtf(squares);
  return target_norm == 0.0f ? 1.0f : target_norm / (norm < 1e-6f ? 1e-6f : norm);
}

__device__ float4 operator*(float4 v, float s) { return {v.x * s, v.y * s, v.z * s, v.w * s}; }

// W null: x, y [gridDim.x, d]
template <int kBlock, int kPieces>
__global__ void __launch_bounds__(kBlock) align_identity_kernel(const float* x, float target_norm, int d, float* y) {
  wait_for_earlier_kernels();
  const size_t row = static_cast<size_t>(blockIdx.x) * d;
  RowInRegisters<kBlock, kPieces> values;
  values.load(x + row, d);
  const float factor = rescale_factor(values.sum_of_squares(), target_norm);
  values.store(y + row, d, [=](float4 v, int) { return v * factor; });
}

// One warp rescales one row [d] of y, which other blocks wrote.
__device__ void rescale_row(float* y, float target_norm, int d, unsigned lane) {
  float squares = 0;
#pragma unroll 8
  for (int at = 4 * lane; at < d; at += 4 * kWarp) {
    const float4 v = __ldcg(reinterpret_cast<const float4*>(y + at));
    squares += (v.x * v.x + v.y * v.y) + (v.z * v.z + v.w * v.w);
  }
  const float factor = rescale_factor(warp_sum(squares), target_norm);
#pragma unroll 8
  for (int at = 4 * lane; at < d; at += 4 * kWarp) {
    float4* place = reinterpret_cast<float4*>(y + at);
    *place = __ldcg(place) * factor;
  }
}

__device__ void add_product(float4& sum, float a, float4 w) {
  sum.x = fmaf(a, w.x, sum.x);
  sum.y = fmaf(a, w.y, sum.y);
  sum.z = fmaf(a, w.z, sum.z);
  sum.w = fmaf(a, w.w, sum.w);
}

__device__ float4 operator+(float4 a, float4 b) { return {a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w}; }

// x, y [n, d], matrix [d, d], ticket [1]; n <= kRows. Each element of y is one sum in one order: a thread's rows of W from the top, then
// the four threads of a warp that share its columns, then the warps.
template <int kRows>
__global__ void __launch_bounds__(kThreads, 1) align_kernel(const float* x, const float* matrix, float target_norm, int n, int d, float* y,
                                                            uint32_t* ticket) {
  wait_for_earlier_kernels();
  constexpr int kStaged = kRows <= 4 ? 2048 : 8192 / kRows;  // elements of each row of x in shared memory at a time
  constexpr int kSteps = kRows <= 4 ? 2 : 1;                 // times 4 loads of a thread on their way at once, while registers last
  __shared__ float4 shared[kRows * kStaged / 4];
  const unsigned lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int across = threadIdx.x % kLanesAcross, top = 4 * (threadIdx.x / kLanesAcross);
  const int column = static_cast<int>(blockIdx.x) * kColumns + 4 * across;
  const bool in_range = column < d;  // d is a multiple of 8, so a float4 is in it or out of it, and so are 4 rows
  float4 sum[kRows] = {};
  for (int begin = 0; begin < d; begin += kStaged) {
    const int size = min(kStaged, d - begin);
    __syncthreads();
#pragma unroll
    for (int r = 0; r < kRows; r++) {
      for (int at = 4 * threadIdx.x; at < size; at += 4 * kThreads) {
        shared[(r * kStaged + at) / 4] =
            r < n ? *reinterpret_cast<const float4*>(x + static_cast<size_t>(r) * d + begin + at) : float4{0, 0, 0, 0};
      }
    }
    __syncthreads();
    for (int i = top; i < size; i += kSteps * kTogether) {
      float4 w[kSteps][4];
#pragma unroll
      for (int step = 0; step < kSteps; step++) {
        const int at = i + step * kTogether;
        const float* place = matrix + static_cast<size_t>(begin + at) * d + column;
#pragma unroll
        for (int j = 0; j < 4; j++) {
          w[step][j] = in_range && at < size ? __ldcs(reinterpret_cast<const float4*>(place + static_cast<size_t>(j) * d))
                                             : float4{0, 0, 0, 0};
        }
      }
#pragma unroll
      for (int step = 0; step < kSteps; step++) {
        const int at = i + step * kTogether;
        if (at >= size) break;
#pragma unroll
        for (int r = 0; r < kRows; r++) {
          const float4 a = shared[(r * kStaged + at) / 4];
          add_product(sum[r], a.x, w[step][0]);
          add_product(sum[r], a.y, w[step][1]);
          add_product(sum[r], a.z, w[step][2]);
          add_product(sum[r], a.w, w[step][3]);
        }
      }
    }
  }
  __syncthreads();  // x in shared memory makes room for the warps' sums [kRows][kWarps][kLanesAcross]
  static_assert(kWarps * kLanesAcross <= kStaged / 4 && kRows * kLanesAcross <= kThreads);
#pragma unroll
  for (int r = 0; r < kRows; r++) {
    float4 v = sum[r];
#pragma unroll
    for (int offset = kLanesAcross; offset < static_cast<int>(kWarp); offset *= 2) {
      v = v + float4{__shfl_xor_sync(kWholeWarp, v.x, offset), __shfl_xor_sync(kWholeWarp, v.y, offset),
                     __shfl_xor_sync(kWholeWarp, v.z, offset), __shfl_xor_sync(kWholeWarp, v.w, offset)};
    }
    if (lane < kLanesAcross) shared[(r * kWarps + warp) * kLanesAcross + lane] = v;
  }
  __syncthreads();
  const int r = static_cast<int>(threadIdx.x) / kLanesAcross;
  if (r < n && in_range) {
    float4 total = shared[r * kWarps * kLanesAcross + across];
#pragma unroll
    for (int i = 1; i < kWarps; i++) total = total + shared[(r * kWarps + i) * kLanesAcross + across];
    *reinterpret_cast<float4*>(y + static_cast<size_t>(r) * d + column) = total;
  }
  if (target_norm == 0.0f) return;
  if (!is_last_block(ticket, gridDim.x)) return;
  for (int row = warp; row < n; row += kWarps) rescale_row(y + static_cast<size_t>(row) * d, target_norm, d, lane);
}

template <int kRows>
void launch(const Stream& stream, const AlignArgs& args) {
  // A block for every 32 columns: 128 bytes of each row of W, a whole line.
  launch_kernel(stream, "align_kernel", align_kernel<kRows>, (args.d + kColumns - 1) / kColumns, kThreads, 0, args.x, args.matrix,
                args.target_norm, args.n, args.d, args.y, stream.tickets);
}

}  // namespace

void align(Queue& queue, const AlignArgs& args) {
  if (args.n == 0) return;
  if (!args.matrix) {
    with_row_shape(args.d, [&]<int kBlock, int kPieces>() {
      launch_kernel(*queue.stream, "align_identity_kernel", align_identity_kernel<kBlock, kPieces>, args.n, kBlock, 0, args.x,
                    args.target_norm, args.d, args.y);
    });
    return;
  }
  AlignArgs group = args;
  for (int32_t row = 0; row < args.n; row += kMostRows) {
    group.x = args.x + static_cast<size_t>(row) * args.d;
    group.y = args.y + static_cast<size_t>(row) * args.d;
    group.n = std::min(kMostRows, args.n - row);
    if (group.n <= 1) launch<1>(*queue.stream, group);
    else if (group.n <= 2) launch<2>(*queue.stream, group);
    else if (group.n <= 4) launch<4>(*queue.stream, group);
    else if (group.n <= 8) launch<8>(*queue.stream, group);
    else launch<16>(*queue.stream, group);
  }
}

}  // namespace latent4j::cuda
