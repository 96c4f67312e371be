// matmul_rows.cuh: matmul for few rows, where reading the weights is all that counts: each is read once, by 16-byte reads (smaller ones
// of a block format's scales and upper bits, dequantize.cuh) that are under way long before they are used. A warp computes kRows outputs of
// a target for kN rows of x over all of k; x lies in shared memory.
// Included by matmul_rows_*.cu, one for each family of formats, so that they compile side by side.
//
// An output's sum has one order for every kN: lane l adds its units l, l + 32, ... of kUnit weights one after the other, then the lanes are
// added as a tree. A norm's sum of squares: by chunks of 128 elements, chunk by chunk. Neither depends on n or the number of warps.
#pragma once

#include <algorithm>
#include <climits>

#include "kernels/cuda/dequantize.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/matmul_rows.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/silu.cuh"

namespace latent4j::cuda {

inline constexpr int kNormChunk = 128;  // elements: one float4 a lane

// What differs with the number of rows and the format. One or two rows: many reads in flight from many warps; for one row of floats two
// blocks per multiprocessor. More rows: more outputs to a warp, since each number of x read from shared memory is used once per output.
template <DType kType, int kN>
struct RowsShape {
  static constexpr int kUnit = Format<kType>::kUnit, kPieces = kUnit / 4;
  static constexpr int kRows = kN <= 2 ? 2 : 4;                                   // outputs of a warp
  static constexpr int kBlocks = kN == 1 && kUnit <= 8 ? 2 : 1;  // per multiprocessor
  static constexpr int kDepth = kN <= 2 ? (kUnit <= 16 ? 4 : 2) : kN <= 8 && kUnit <= 8 ? 2 : 1;  // units in flight per output and lane
  static constexpr int kMostWarps = kN >= 4 && kUnit > 8 ? 8 : 12;  // of a block; registers allow no more where much is decoded
  static constexpr int kStripe = 32 * kUnit;                                      // elements of k that a warp takes at once
  static constexpr int kValues = kN * kRows;
};

template <DType kType>
struct RowsTarget {
  Format<kType> weight;         // [m, k]
  const float* bias = nullptr;  // [m] or null
  float* y = nullptr;           // [n, m]
  int32_t m = 0;
  int32_t first_tile = INT_MAX;
};

template <DType kType>
struct RowsParams {
  RowsTarget<kType> targets[3];
  const float* x;     // [n, k]
  const float* norm;  // [k] or null
  float eps;
  int32_t n, k;
  int32_t n_tiles;    // of all targets; a tile: the outputs of a block's warps
  int32_t x_stripes;  // of x in shared memory at a time
  MatmulInto into;
};

// A warp's part of a tile.
template <DType kType, int kRows>
struct RowsPlace {
  RowsTarget<kType> target;
  Format<kType> second;  // of the upper half of the warp's outputs: silu_mul's other target, else the same
  int first;             // output
  int units[kRows];      // where each output's row begins; past the end the last one's, whose result is dropped
  int stripes;           // 0 where `first` is past the end
};

template <DType kType, int kN>
class RowsWarp {
  using Shape = RowsShape<kType, kN>;
  using Packed = typename Format<kType>::Packed;
  using Place = RowsPlace<kType, Shape::kRows>;

 public:
  __device__ RowsWarp(const RowsParams<kType>& p, float4* shared)
      : p_(p), x_(shared), lane_(threadIdx.x % 32), warp_(threadIdx.x / 32), warps_(blockDim.x / 32) {}

  // The block's tiles, one after the other. A tile's first weights are on their way while x is read, the first tile's before there is an x.
  __device__ void run() {
    const bool all_of_x = p_.x_stripes >= stripes();
    for (int tile = blockIdx.x; tile < p_.n_tiles; tile += gridDim.x) {
      const bool first_tile = tile == blockIdx.x;
      const Place place = find(tile);
      load_first(place);
      if (first_tile) wait_for_earlier_kernels();
#pragma unroll
      for (int v = 0; v < Shape::kValues; ++v) sums_[v] = 0;
      for (int stripe = 0; stripe < stripes(); stripe += p_.x_stripes) {
        if (first_tile || !all_of_x) {
          if (!first_tile || stripe > 0) __syncthreads();
          bring_x(stripe, first_tile);
          __syncthreads();
        }
        multiply(place, stripe, min(place.stripes, stripe + p_.x_stripes));
      }
      if (first_tile && p_.norm) find_scale();
      add_lanes();
      write(place);
    }
  }

 private:
  __device__ int units() const { return p_.k / Shape::kUnit; }
  __device__ int stripes() const { return (units() + 31) / 32; }
  __device__ bool pairs() const { return p_.into == MatmulInto::silu_mul; }
  __device__ float* chunk_sums() const { return reinterpret_cast<float*>(x_ + kN * p_.x_stripes * (Shape::kStripe / 4)); }
  __device__ int chunks() const { return stripes() * (Shape::kStripe / kNormChunk); }

  __device__ Place find(int tile) const {
    Place place;
    place.target = p_.targets[0];
    if (tile >= p_.targets[1].first_tile) place.target = p_.targets[1];
    if (tile >= p_.targets[2].first_tile) place.target = p_.targets[2];
    place.second = pairs() ? p_.targets[1].weight : place.target.weight;
    place.first = ((tile - place.target.first_tile) * warps_ + warp_) * (pairs() ? Shape::kRows / 2 : Shape::kRows);
    place.stripes = place.first < place.target.m ? stripes() : 0;
#pragma unroll
    for (int r = 0; r < Shape::kRows; ++r) place.units[r] = min(output(place, r), place.target.m - 1) * units();
    return place;
  }

  // Output r of the warp in its target.
  __device__ int output(const Place& place, int r) const { return place.first + (pairs() ? r % (Shape::kRows / 2) : r); }

  // Lanes past the row's end read its last unit; x is 0 there.
  __device__ void load(const Place& place, int stripe, Packed (&stage)[Shape::kRows]) const {
    const int unit = min(stripe * 32 + lane_, units() - 1);
#pragma unroll
    for (int r = 0; r < Shape::kRows; ++r) {
      stage[r] = (r < Shape::kRows / 2 ? place.target.weight : place.second).load(place.units[r] + unit);
    }
  }
  __device__ void load_first(const Place& place) {
#pragma unroll
    for (int d = 0; d < Shape::kDepth; ++d) {
      if (d < place.stripes) load(place, d, stages_[d]);
    }
  }

  // x * norm from stripe `first` on into shared memory, zeros past its end; where `with_sums`, the norm's sums of squares. A unit's float4s
  // are swapped among each other (swap) so that eight lanes that read the same piece of theirs find it in different banks.
  __device__ void bring_x(int first, bool with_sums) const {
    constexpr int kStripeChunks = Shape::kStripe / kNormChunk;
    const int n_chunks = min(p_.x_stripes, stripes() - first) * kStripeChunks;
    for (int at = warp_; at < kN * n_chunks; at += warps_) {
      const int row = at / n_chunks, chunk = at - row * n_chunks, slot = chunk * 32 + lane_;
      const int column = first * Shape::kStripe + 4 * slot;
      float4 x = {0, 0, 0, 0};
      if (row < p_.n && column < p_.k) {
        x = *reinterpret_cast<const float4*>(p_.x + static_cast<size_t>(row) * p_.k + column);
      }
      if (p_.norm) {
        if (with_sums) {
          const float sum = warp_sum(x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w);
          if (lane_ == 0) chunk_sums()[row * chunks() + first * kStripeChunks + chunk] = sum;
        }
        if (column < p_.k) {
          const float4 g = __ldg(reinterpret_cast<const float4*>(p_.norm + column));
          x = {x.x * g.x, x.y * g.y, x.z * g.z, x.w * g.w};
        }
      }
      x_[row * p_.x_stripes * (Shape::kStripe / 4) + (slot ^ swap(slot))] = x;
    }
  }

  // By what the numbers of a unit's pieces are swapped, from the slot of any of them. Eight float4s take all banks.
  __device__ static int swap(int slot) {
    constexpr int kAmong = std::min(Shape::kPieces, 8);
    return slot / std::max(Shape::kPieces, 8) & (kAmong - 1);
  }

  __device__ void multiply(const Place& place, int first, int end) {
    for (int stripe = first; stripe < end; stripe += Shape::kDepth) {
#pragma unroll
      for (int d = 0; d < Shape::kDepth; ++d) {
        if (stripe + d >= end) break;
        multiply_unit(stages_[d], x_ + ((stripe + d - first) * 32 + lane_) * Shape::kPieces);
        if (stripe + d + Shape::kDepth < place.stripes) load(place, stripe + d + Shape::kDepth, stages_[d]);
      }
    }
  }

  __device__ void multiply_unit(const Packed (&unit)[Shape::kRows], const float4* x) {
    const int swapped = swap(lane_ * Shape::kPieces);
    if constexpr (Shape::kPieces <= 8) {
#pragma unroll
      for (int piece = 0; piece < Shape::kPieces; ++piece) multiply_piece(unit, piece, x, piece ^ swapped);
    } else {
      // A loop: the compiler would begin more pieces at once than registers hold.
#pragma unroll 1
      for (int i = 0; i < Shape::kPieces / 4; ++i) {
        typename Format<kType>::Part part[Shape::kRows];
#pragma unroll
        for (int r = 0; r < Shape::kRows; ++r) part[r] = Format<kType>::part(unit[r], lane_, i);
#pragma unroll
        for (int piece = 0; piece < 4; ++piece) multiply_piece(part, piece, x, (4 * i + piece) ^ swapped);
      }
    }
  }

  // x_piece: where the piece's numbers of x are.
  template <typename Weights>
  __device__ void multiply_piece(const Weights (&weights)[Shape::kRows], int piece, const float4* x, int x_piece) {
    float4 w[Shape::kRows];
#pragma unroll
    for (int r = 0; r < Shape::kRows; ++r) w[r] = Format<kType>::decode(weights[r], lane_, piece);
#pragma unroll
    for (int row = 0; row < kN; ++row) {
      const float4 v = x[row * p_.x_stripes * (Shape::kStripe / 4) + x_piece];
#pragma unroll
      for (int r = 0; r < Shape::kRows; ++r) {
        float& sum = sums_[row * Shape::kRows + r];
        sum = __fmaf_rn(w[r].x, v.x, sum);
        sum = __fmaf_rn(w[r].y, v.y, sum);
        sum = __fmaf_rn(w[r].z, v.z, sum);
        sum = __fmaf_rn(w[r].w, v.w, sum);
      }
    }
  }

  // Sums over all lanes; each step halves the values a lane goes on with, as long as it has several. Then value index() + j is sums_[j].
  template <int kOffset = 16, int kCount = Shape::kValues>
  __device__ void add_lanes() {
    constexpr int kHalf = kCount / 2;
    const bool upper = lane_ & kOffset;
    if constexpr (kHalf == 0) sums_[0] += __shfl_xor_sync(0xffffffff, sums_[0], kOffset);
#pragma unroll
    for (int v = 0; v < kHalf; ++v) {
      const float low = sums_[v], high = sums_[v + kHalf];
      sums_[v] = (upper ? high : low) + __shfl_xor_sync(0xffffffff, upper ? low : high, kOffset);
    }
    if constexpr (kOffset > 1) add_lanes<kOffset / 2, (kHalf > 0 ? kHalf : 1)>();
  }
  static constexpr int kLeft = Shape::kValues > 32 ? Shape::kValues / 32 : 1;   // values a lane has then
  static constexpr int kLanes = Shape::kValues < 32 ? 32 / Shape::kValues : 1;  // lanes that have the same value
  __device__ int index() const { return lane_ / kLanes * kLeft; }

  // 1 / sqrt(mean(x^2) + eps) of the row whose values this lane writes.
  __device__ void find_scale() {
#pragma unroll
    for (int row = 0; row < kN; ++row) {
      float sum = 0;
      for (int chunk = lane_; chunk < chunks(); chunk += 32) sum += chunk_sums()[row * chunks() + chunk];
      sum = warp_sum(sum);
      if (row == index() / Shape::kRows) scale_ = 1.0f / sqrtf(sum / static_cast<float>(p_.k) + p_.eps);
    }
  }

  __device__ void write(const Place& place) const {
    const RowsTarget<kType>& target = place.target;
#pragma unroll
    for (int j = 0; j < kLeft; ++j) {
      const int row = (index() + j) / Shape::kRows, r = (index() + j) % Shape::kRows;
      const int m = output(place, r);
      const float* bias = pairs() && r >= Shape::kRows / 2 ? p_.targets[1].bias : target.bias;
      const bool writes = lane_ % kLanes == 0 && row < p_.n && m < target.m;
      // Never contracted: the assembler may do that for one kN and not for another.
      float value = __fmul_rn(sums_[j], scale_);
      if (bias && writes) value = __fadd_rn(value, __ldg(bias + m));
      if (pairs()) {
        const float up = __shfl_down_sync(0xffffffff, value, Shape::kRows / 2 * kLanes / kLeft);
        value = silu(value) * up;
      }
      if (!writes || (pairs() && r >= Shape::kRows / 2)) continue;
      float* y = target.y + static_cast<size_t>(row) * target.m + m;
      *y = p_.into == MatmulInto::add ? *y + value : value;
    }
  }

  const RowsParams<kType>& p_;
  float4* x_;  // [kN, x_stripes * kStripe / 4], then the norm's chunk_sums [kN, chunks]
  int lane_, warp_, warps_;
  Packed stages_[Shape::kDepth][Shape::kRows];
  float sums_[Shape::kValues];  // [kN, kRows]
  float scale_ = 1;
};

template <DType kType, int kN>
__global__ void __launch_bounds__(RowsShape<kType, kN>::kMostWarps * 32, RowsShape<kType, kN>::kBlocks)
    matmul_rows_kernel(const __grid_constant__ RowsParams<kType> p) {
  extern __shared__ float4 shared[];
  RowsWarp<kType, kN>(p, shared).run();
}

// Warps of a block and blocks. Every block reads x (and the norm's weight), so blocks are few and fat where n is 1 or 2: 24 rows of a
// 16-bit matrix, 48 with a norm, make x a twelfth of what a block reads, and as many bytes are on their way at once as thin blocks on every
// multiprocessor would ask for; a matrix with many more rows gets one or two blocks per multiprocessor, which go through it tile by tile.
// With more rows it is arithmetic that takes the time, so every multiprocessor gets a block as early as possible.
template <DType kType, int kN>
void launch_rows(const Stream& stream, const MatmulArgs& args, int first_row) {
  using Shape = RowsShape<kType, kN>;
  RowsParams<kType> p;
  const bool pairs = args.into == MatmulInto::silu_mul;
  int64_t outputs = 0;
  for (int t = 0; t < args.n_targets; ++t) outputs += args.targets[t].weight->rows;
  const int fill = static_cast<int>((outputs + Shape::kRows * stream.n_sms - 1) / (Shape::kRows * stream.n_sms));
  const int warps = kN <= 2 ? Shape::kMostWarps : std::clamp(fill, 4, Shape::kMostWarps);
  const int tile_rows = warps * Shape::kRows / (pairs ? 2 : 1);
  p.n_tiles = 0;
  for (int t = 0; t < args.n_targets; ++t) {
    const MatmulTarget& target = args.targets[t];
    const int32_t m = target.weight->rows;
    p.targets[t] = {Format<kType>(*target.weight), target.bias, target.y + static_cast<size_t>(first_row) * m, m, p.n_tiles};
    if (!pairs || t == 0) p.n_tiles += (m + tile_rows - 1) / tile_rows;
  }
  if (pairs) p.targets[1].first_tile = INT_MAX;
  p.x = args.x + static_cast<size_t>(first_row) * args.k;
  p.norm = args.norm.weight;
  p.eps = args.norm.eps;
  p.n = std::min(kN, args.n - first_row);
  p.k = args.k;
  p.into = args.into;

  // Shared memory: all of x where it fits, else a number of stripes that leaves the order of loads as it is. Every GPU since sm_80 gives a
  // block 99 KB; with two blocks per multiprocessor each takes half.
  const int stripes = (args.k / Shape::kUnit + 31) / 32;
  const size_t stripe_bytes = sizeof(float) * kN * Shape::kStripe;
  const size_t sums_bytes = p.norm ? sizeof(float) * kN * stripes * (Shape::kStripe / kNormChunk) : 0;
  const size_t most = (Shape::kBlocks == 2 ? 48 : 96) * 1024 - std::min<size_t>(sums_bytes, 16 * 1024);
  const int fitting = static_cast<int>(most / stripe_bytes) / Shape::kDepth * Shape::kDepth;
  p.x_stripes = std::min(stripes, fitting);
  const size_t shared_bytes = p.x_stripes * stripe_bytes + sums_bytes;
  static SharedLimit limit;
  limit.raise(stream, reinterpret_cast<const void*>(matmul_rows_kernel<kType, kN>), shared_bytes);
  const int least_tiles = kN <= 2 && p.norm ? 2 : 1, slots = Shape::kBlocks * stream.n_sms;
  const int block_tiles = std::max(least_tiles, (p.n_tiles + slots - 1) / slots);
  launch_kernel(stream, "matmul_rows_kernel", matmul_rows_kernel<kType, kN>, (p.n_tiles + block_tiles - 1) / block_tiles, warps * 32,
                shared_bytes, p);
}

template <DType kType>
void launch_matmul_rows(const Stream& stream, const MatmulArgs& args) {
  constexpr int kMost = Format<kType>::kUnit <= 8 ? 16 : 8;
  for (int first = 0; first < args.n; first += kMost) {
    const int rows = std::min(args.n - first, kMost);
    if (rows == 1) {
      launch_rows<kType, 1>(stream, args, first);
    } else if (rows == 2) {
      launch_rows<kType, 2>(stream, args, first);
    } else if (rows <= 4) {
      launch_rows<kType, 4>(stream, args, first);
    } else if (rows <= 8) {
      launch_rows<kType, 8>(stream, args, first);
    } else {
      if constexpr (kMost == 16) launch_rows<kType, 16>(stream, args, first);
    }
  }
}

}  // namespace latent4j::cuda
