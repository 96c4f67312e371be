// matmul_tiles.cu: prompts' matmul: x is split into parts in the stream's scratch memory, then multiplied by every target's weights in one
// launch. Splitting moves 8 to 10 n k bytes; see matmul_tiles.cuh for the rest.
#include "kernels/cuda/matmul_tiles.cuh"

#include <algorithm>

#include "kernels/cuda/dequantize.cuh"
#include "kernels/cuda/matmul_ways.h"
#include "kernels/cuda/reduce.cuh"

namespace latent4j::cuda {

namespace {

using namespace tiles;

// Scale of a row whose largest absolute number is `largest`: brings it to [2^14, 2^15). Exponents stay within f32's.
__device__ float scale_of(float largest) {
  const int exponent = static_cast<int>(__float_as_uint(largest) >> 23);
  return __uint_as_float(static_cast<uint32_t>(min(253, 268 - exponent)) << 23);
}
__device__ float inverse_of(float scale) { return __uint_as_float((254u << 23) - __float_as_uint(scale)); }

template <int kThreads, int kPieces>
__device__ float largest_of(const RowInRegisters<kThreads, kPieces>& row) {
  __shared__ float of_warps[kThreads / kWarp];
  float largest = 0;
  for (const float4& x : row.pieces) largest = fmaxf(fmaxf(fmaxf(largest, fabsf(x.x)), fmaxf(fabsf(x.y), fabsf(x.z))), fabsf(x.w));
  for (int offset = 16; offset > 0; offset /= 2) largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, offset));
  if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = largest;
  __syncthreads();
  for (float other : of_warps) largest = fmaxf(largest, other);
  return largest;
}

__device__ void split(BF16Parts, float first, float second, uint32_t (&parts)[3]) {
  split_bf16(first, second, parts[0], parts[1], parts[2]);
}
__device__ void split(F16Parts, float first, float second, uint32_t (&parts)[2]) {
  const __half2 high = __floats2half2_rn(first, second);
  const float2 of_high = __half22float2(high);
  const __half2 low = __floats2half2_rn(first - of_high.x, second - of_high.y);
  parts[0] = reinterpret_cast<const uint32_t&>(high);
  parts[1] = reinterpret_cast<const uint32_t&>(low);
}

// Eight bytes a lane, so that four lanes write the 32 bytes of 16 numbers of a part: a lane's own pairs side by side, or, in lanes' order,
// the even lane both lanes' first pairs and the odd lane their second ones.
template <bool kLanesOrder>
__device__ void store_pairs(uint16_t* group, uint32_t first, uint32_t second, bool present) {
  const int t = threadIdx.x % 4;
  if (!kLanesOrder) {
    if (present) reinterpret_cast<uint2*>(group)[t] = {first, second};
    return;
  }
  const bool odd = t & 1;
  const uint32_t other = __shfl_xor_sync(kWholeWarp, odd ? first : second, 1);
  if (present) reinterpret_cast<uint2*>(group)[t / 2 + (odd ? 2 : 0)] = odd ? uint2{other, second} : uint2{first, other};
}

// One row of x a block. Rows from n to n_padded have sums only.
template <typename Parts, bool kLanesOrder, int kThreads, int kPieces>
__global__ void __launch_bounds__(kThreads) split_rows_kernel(const float* x, int k, int steps, SplitX to) {
  wait_for_earlier_kernels();
  const int row = blockIdx.x;
  RowInRegisters<kThreads, kPieces> numbers;
  numbers.load(x + static_cast<int64_t>(row) * k, row < to.n ? k : 0);
  float scale = 1;
  if constexpr (Parts::kScaled) {
    scale = scale_of(largest_of(numbers));
    if (threadIdx.x == 0 && row < to.n) const_cast<float*>(to.inverse)[row] = inverse_of(scale);
  }
  uint16_t* parts = const_cast<uint16_t*>(to.parts) + static_cast<int64_t>(row) * steps * Parts::kParts * kStepK;
#pragma unroll
  for (int p = 0; p < kPieces; ++p) {
    const int at = 4 * (p * kThreads + static_cast<int>(threadIdx.x)), step = at / kStepK;
    if (__all_sync(kWholeWarp, step >= steps)) break;
    const float4 v = {numbers.pieces[p].x * scale, numbers.pieces[p].y * scale, numbers.pieces[p].z * scale, numbers.pieces[p].w * scale};
    if (to.sums) {
      float sum = (v.x + v.y) + (v.z + v.w);
      sum += __shfl_xor_sync(kWholeWarp, sum, 1);
      sum += __shfl_xor_sync(kWholeWarp, sum, 2);
      if (threadIdx.x % 4 == 0 && step < steps) const_cast<float*>(to.sums)[static_cast<int64_t>(at / kSumGroup) * to.n_padded + row] = sum;
    }
    uint32_t first[Parts::kParts], second[Parts::kParts];
    split(Parts{}, v.x, v.y, first);
    split(Parts{}, v.z, v.w, second);
#pragma unroll
    for (int part = 0; part < Parts::kParts; ++part) {
      uint16_t* group = parts + (step * Parts::kParts + part) * kStepK + at % kStepK / 16 * 16;
      store_pairs<kLanesOrder>(group, first[part], second[part], row < to.n && step < steps);
    }
  }
}

bool in_bf16_parts(DType dtype) { return dtype == DType::BF16 || dtype == DType::F32; }
bool has_offsets(DType dtype) {
  return dtype == DType::Q4_1 || dtype == DType::Q5_1 || dtype == DType::Q2_K || dtype == DType::Q4_K || dtype == DType::Q5_K;
}

// Rows that one pass can split: their parts, and sums and scale where they have them, fit into scratch.
int32_t rows_of_a_pass(int steps) {
  const size_t of_row = static_cast<size_t>(steps) * kStepK * 6;
  return static_cast<int32_t>(std::min<size_t>((kScratchBytes - 1024) / of_row, 1 << 20)) / LargeTile::kTokens * LargeTile::kTokens;
}

template <typename Parts, bool kLanesOrder>
void launch_split(const Stream& stream, const float* x, int32_t k, int steps, const SplitX& to) {
  with_row_shape(steps * kStepK, [&]<int kThreads, int kPieces>() {
    launch_kernel(stream, "split_rows_kernel", split_rows_kernel<Parts, kLanesOrder, kThreads, kPieces>, to.sums ? to.n_padded : to.n,
                  kThreads, 0, x, k, steps, to);
  });
}

SplitX split_rows(const Stream& stream, const float* x, int32_t n, int32_t k, int steps, DType dtype) {
  SplitX to = {reinterpret_cast<const uint16_t*>(stream.scratch), nullptr, nullptr, n, (n + 3) / 4 * 4};
  if (!in_bf16_parts(dtype)) {
    const size_t parts_bytes = static_cast<size_t>(n) * steps * F16Parts::kParts * kStepK * sizeof(uint16_t);
    to.inverse = reinterpret_cast<const float*>(stream.scratch + parts_bytes);
    if (has_offsets(dtype)) to.sums = to.inverse + to.n_padded;
  }
  if (dtype == DType::BF16) {
    launch_split<BF16Parts, false>(stream, x, k, steps, to);
  } else if (dtype == DType::F32) {
    launch_split<BF16Parts, true>(stream, x, k, steps, to);
  } else if (dtype == DType::F16) {
    launch_split<F16Parts, false>(stream, x, k, steps, to);
  } else {
    launch_split<F16Parts, true>(stream, x, k, steps, to);
  }
  return to;
}

// Tiles of all targets' outputs; ends[i]: up to and with target i. Two targets that are multiplied into each other share their tiles.
template <typename Shape>
int count_tiles(const MatmulArgs& args, int32_t (&ends)[3]) {
  const int outputs = args.into == MatmulInto::silu_mul ? Shape::kRows / 2 : Shape::kRows;
  const int n_targets = args.into == MatmulInto::silu_mul ? 1 : args.n_targets;
  int n_tiles = 0;
  for (int i = 0; i < n_targets; ++i) ends[i] = n_tiles += (args.targets[i].weight->rows + outputs - 1) / outputs;
  return n_tiles;
}

// Rows [begin, begin + n) of all targets.
void multiply(const Stream& stream, const MatmulArgs& args, int32_t begin, int32_t n) {
  const MatmulTarget* targets = args.targets;
  const DType dtype = targets[0].weight->dtype;
  Args tiles = {};
  tiles.k = args.k;
  tiles.steps = (args.k + kStepK - 1) / kStepK;
  tiles.into = args.into;
  tiles.x = split_rows(stream, args.x + static_cast<int64_t>(begin) * args.k, n, args.k, tiles.steps, dtype);
  for (int i = 0; i < args.n_targets; ++i) {
    const int32_t m = targets[i].weight->rows;
    tiles.targets[i] = {targets[i].weight->data, targets[i].bias, targets[i].y + static_cast<int64_t>(begin) * m, m, {}};
    for (int plane = 0; plane < kMostPlanes; ++plane) {
      tiles.targets[i].planes[plane] = plane_offset(dtype, static_cast<size_t>(m) * args.k, plane);
    }
  }
  // Agents' prompts of 50 to 300 tokens make few large tiles, and multiprocessors without one would wait for those that have one. Small
  // tiles fetch weights and x twice as often and make each fragment four times: less than what then lies idle. Where every multiprocessor
  // has a large tile, those cost less.
  int n_tiles = count_tiles<LargeTile>(args, tiles.ends);
  const bool small = n_tiles * ((n + LargeTile::kTokens - 1) / LargeTile::kTokens) < stream.n_sms;
  if (small) n_tiles = count_tiles<SmallTile>(args, tiles.ends);
  with_dtype(dtype, [&]<DType kType>() { launch_tiles<kType>(stream, tiles, n_tiles, small); });
}

}  // namespace

void matmul_tiles(const Stream& stream, const MatmulArgs& args) {
  const int32_t rows = rows_of_a_pass((args.k + kStepK - 1) / kStepK);
  for (int32_t begin = 0; begin < args.n; begin += rows) multiply(stream, args, begin, std::min(rows, args.n - begin));
}

}  // namespace latent4j::cuda
