// matmul_tiles.cu: prompts' matmul: x is split into parts in the stream's scratch memory, then multiplied by every target's weights, targets
// of one format in one launch. Splitting moves 8 to 10 n k bytes; see matmul_tiles.cuh for the rest.
#include "kernels/cuda/matmul_tiles.cuh"

#include <algorithm>

#include "base/error.h"
#include "kernels/cuda/matmul_ways.h"

namespace latent4j::cuda {

namespace {

using namespace tiles;

constexpr int kSplitThreads = 128;

// Scale of a row whose largest absolute number is `largest`: brings it to [2^14, 2^15). Exponents stay within f32's.
__device__ float scale_of(float largest) {
  const int exponent = static_cast<int>(__float_as_uint(largest) >> 23);
  return __uint_as_float(static_cast<uint32_t>(min(253, 268 - exponent)) << 23);
}
__device__ float inverse_of(float scale) { return __uint_as_float((254u << 23) - __float_as_uint(scale)); }

__device__ float largest_of(const float* row, int k) {
  __shared__ float of_warps[kSplitThreads / 32];
  float largest = 0;
  for (int i = 4 * threadIdx.x; i < k; i += 4 * kSplitThreads) {
    const float4 x = *reinterpret_cast<const float4*>(row + i);
    largest = fmaxf(fmaxf(fmaxf(largest, fabsf(x.x)), fmaxf(fabsf(x.y), fabsf(x.z))), fabsf(x.w));
  }
  for (int offset = 16; offset > 0; offset /= 2) largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, offset));
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = largest;
  __syncthreads();
  for (float other : of_warps) largest = fmaxf(largest, other);
  return largest;
}

__device__ void split(BF16Parts, float first, float second, uint32_t (&parts)[3]) { split_bf16(first, second, parts[0], parts[1], parts[2]); }
__device__ void split(F16Parts, float first, float second, uint32_t (&parts)[2]) {
  const __half2 high = __floats2half2_rn(first, second);
  const float2 of_high = __half22float2(high);
  const __half2 low = __floats2half2_rn(first - of_high.x, second - of_high.y);
  parts[0] = reinterpret_cast<const uint32_t&>(high);
  parts[1] = reinterpret_cast<const uint32_t&>(low);
}

// One row of x a block, 16 numbers a thread. Rows from n to n_padded have sums only.
template <typename Parts>
__global__ void __launch_bounds__(kSplitThreads) split_rows_kernel(const float* x, int k, int steps, SplitX to) {
  const int row = blockIdx.x;
  const float* from = x + static_cast<int64_t>(row) * k;
  float scale = 1;
  if (Parts::kScaled && row < to.n) {
    scale = scale_of(largest_of(from, k));
    if (threadIdx.x == 0) const_cast<float*>(to.inverse)[row] = inverse_of(scale);
  }
  for (int group = threadIdx.x; group < 2 * steps; group += kSplitThreads) {
    float v[16];
#pragma unroll
    for (int i = 0; i < 16; i += 4) {
      const bool present = row < to.n && group * 16 + i < k;
      const float4 four = present ? *reinterpret_cast<const float4*>(from + group * 16 + i) : float4{0, 0, 0, 0};
      v[i] = four.x * scale;
      v[i + 1] = four.y * scale;
      v[i + 2] = four.z * scale;
      v[i + 3] = four.w * scale;
    }
    if (to.sums) {
      float sum = 0;
#pragma unroll
      for (int i = 0; i < 16; i += 4) sum += (v[i] + v[i + 1]) + (v[i + 2] + v[i + 3]);
      const_cast<float*>(to.sums)[static_cast<int64_t>(group) * to.n_padded + row] = sum;
    }
    if (row >= to.n) continue;
    uint32_t parts[8][Parts::kParts];
#pragma unroll
    for (int i = 0; i < 8; ++i) split(Parts{}, v[i % 4 * 4 + i / 4 * 2], v[i % 4 * 4 + i / 4 * 2 + 1], parts[i]);
    auto* out = reinterpret_cast<uint4*>(const_cast<uint16_t*>(to.parts) +
                                         (static_cast<int64_t>(row) * steps + group / 2) * Parts::kParts * kStepK + group % 2 * 16);
#pragma unroll
    for (int p = 0; p < Parts::kParts; ++p) {
      out[p * kStepK / 8] = {parts[0][p], parts[1][p], parts[2][p], parts[3][p]};
      out[p * kStepK / 8 + 1] = {parts[4][p], parts[5][p], parts[6][p], parts[7][p]};
    }
  }
}

bool in_bf16_parts(DType dtype) { return dtype == DType::BF16 || dtype == DType::F32; }

// Rows that one pass can split: their parts, and sums and scale where they have them, fit into scratch.
int32_t rows_of_a_pass(int steps) {
  const size_t of_row = static_cast<size_t>(steps) * kStepK * 6;
  return static_cast<int32_t>(std::min<size_t>((kScratchBytes - 1024) / of_row, 1 << 20)) / kTileTokens * kTileTokens;
}

SplitX split_rows(const Stream& stream, const float* x, int32_t n, int32_t k, int steps, DType dtype) {
  SplitX split = {reinterpret_cast<const uint16_t*>(stream.scratch), nullptr, nullptr, n, (n + 3) / 4 * 4};
  if (in_bf16_parts(dtype)) {
    split_rows_kernel<BF16Parts><<<n, kSplitThreads, 0, stream.handle>>>(x, k, steps, split);
  } else {
    const size_t parts_bytes = static_cast<size_t>(n) * steps * F16Parts::kParts * kStepK * sizeof(uint16_t);
    split.inverse = reinterpret_cast<const float*>(stream.scratch + parts_bytes);
    if (has_planes(dtype)) split.sums = split.inverse + split.n_padded;
    split_rows_kernel<F16Parts><<<split.sums ? split.n_padded : n, kSplitThreads, 0, stream.handle>>>(x, k, steps, split);
  }
  L4J_CUDA_LAUNCHED("split_rows_kernel");
  return split;
}

// All targets of targets[0]'s format of rows [begin, begin + n); others wait for a launch of their own.
void multiply(const Stream& stream, const MatmulArgs& args, const MatmulTarget* targets, int n_targets, int32_t begin, int32_t n) {
  const DType dtype = targets[0].weight->dtype;
  Args tiles = {};
  tiles.k = args.k;
  tiles.steps = (args.k + kStepK - 1) / kStepK;
  tiles.into = args.into;
  tiles.x = split_rows(stream, args.x + static_cast<int64_t>(begin) * args.k, n, args.k, tiles.steps, dtype);
  int n_tiles = 0;
  for (int i = 0; i < n_targets; ++i) {
    const int32_t m = targets[i].weight->rows;
    tiles.targets[i] = {targets[i].weight->data, targets[i].bias, targets[i].y + static_cast<int64_t>(begin) * m, m, {}};
    for (int plane = 0; plane < kMostPlanes; ++plane) {
      tiles.targets[i].planes[plane] = plane_offset(dtype, static_cast<size_t>(m) * args.k, plane);
    }
    if (args.into != MatmulInto::silu_mul) {
      n_tiles += (m + kTileRows - 1) / kTileRows;
    } else {
      n_tiles = (m + kTileRows / 2 - 1) / (kTileRows / 2);
    }
    tiles.ends[i] = n_tiles;
  }
  (has_planes(dtype) ? launch_blocks : launch_floats)(stream, dtype, tiles, n_tiles);
}

}  // namespace

void matmul_tiles(const Stream& stream, const MatmulArgs& args) {
  const int32_t rows = rows_of_a_pass((args.k + kStepK - 1) / kStepK);
  for (int32_t begin = 0; begin < args.n; begin += rows) {
    const int32_t n = std::min(rows, args.n - begin);
    for (int i = 0; i < args.n_targets;) {
      int end = i + 1;
      while (end < args.n_targets && args.targets[end].weight->dtype == args.targets[i].weight->dtype) ++end;
      multiply(stream, args, args.targets + i, end - i, begin, n);
      i = end;
    }
  }
}

}  // namespace latent4j::cuda
