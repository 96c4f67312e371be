// matmul_tiles_blocks.cuh: weights of a block format for matmul_tiles: the planes' bytes go to shared memory as they are; a lane makes the
// f16 integers of its fragments from its pieces of four, and multiplies the group's scale in after the tensor cores.
// A quant q counts as q - kZero; where w = d q + m, that leaves m + kZero d, near to 0, for the group's sum of x.
#pragma once

#include "kernels/cuda/dequantize.cuh"
#include "kernels/cuda/matmul_tiles.cuh"

namespace latent4j::cuda::tiles {

inline constexpr int kBlockSteps = 4;  // units of 32 that a stage holds: a row's 4-bit quants are then 64 bytes that follow each other

// 16-byte chunks of a tile's rows of kRowBytes, placed so that eight rows' same chunk lie in different banks.
template <int kRowBytes>
__device__ int chunk_place(int row, int chunk) {
  constexpr int kChunks = kRowBytes / 16;
  return row * kRowBytes + ((chunk ^ (row / (8 / kChunks) & (kChunks - 1))) << 4);
}

// Unit `step` of each of the tile's rows and those that follow, kBits * 4 bytes each, from a plane into [row][kBlockSteps units].
template <int kRows, int kBits>
__device__ void copy_quants(uint32_t to, const Tile& tile, size_t plane, int step, int units) {
  constexpr int kUnitBytes = kBits * 4, kRowBytes = kBlockSteps * kUnitBytes, kChunks = kRowBytes / 16;
#pragma unroll 1  // once in kBlockSteps steps: registers matter more
  for (int id = threadIdx.x; id < kRows * kChunks; id += kThreads) {
    const int row = id / kChunks, chunk = id % kChunks;
    const bool present = tile.has(row) && step + chunk * 16 / kUnitBytes < units;
    const int64_t at = present ? (static_cast<int64_t>(tile.index(row)) * units + step) * kUnitBytes + chunk * 16 : 0;
    cp_async_16(to + chunk_place<kRowBytes>(row, chunk), tile.matrix(row) + plane + at, present);
  }
}

// kWords words of each of the tile's rows from a plane into [row][kWords]: of `row_bytes` a row, from the word that holds byte `at` on.
// Zeros behind the matrix's last row.
template <int kRows, int kWords>
__device__ void copy_words(uint32_t to, const Tile& tile, size_t plane, int row_bytes, int at) {
  const int64_t end = static_cast<int64_t>(tile.m) * row_bytes;
#pragma unroll 1
  for (int id = threadIdx.x; id < kRows * kWords; id += kThreads) {
    const int row = id / kWords;
    const int64_t byte = ((static_cast<int64_t>(tile.index(row)) * row_bytes + at) & ~int64_t{3}) + id % kWords * 4;
    const auto present = tile.has(row) && byte < end ? static_cast<int>(min(end - byte, int64_t{4})) : 0;
    cp_async_4(to + id * 4, tile.matrix(row) + plane + (present ? byte : 0), present);
  }
}

// 1024 + byte as f16, less 1024 and kZero: exact up to 8 bits.
template <int kZero>
__device__ void integers(uint32_t bytes, uint32_t& first, uint32_t& second) {
  const __half2 base = __half2half2(__ushort_as_half(0x6400 + kZero));
  const uint32_t low = __byte_perm(bytes, 0x64646464u, 0x4140), high = __byte_perm(bytes, 0x64646464u, 0x4342);
  const __half2 a = __hsub2(reinterpret_cast<const __half2&>(low), base), b = __hsub2(reinterpret_cast<const __half2&>(high), base);
  first = reinterpret_cast<const uint32_t&>(a);
  second = reinterpret_cast<const uint32_t&>(b);
}

// A group of weights: w = scale (q - kZero) + offset.
struct Line {
  float scale, offset;
};

// Scales<rows of a tile>: how a format's scales lie in a stage and what they mean.
//   kGroups, kOffsets, kZero, kBytes (of a stage); copy(to, tile, step, units); line(from, row, half of the step, step, parity)
//   `parity`: whether the row begins at an odd unit, or at an odd block of 256.
template <int kRows>
struct HalfScales {  // d of 32 weights
  static constexpr int kGroups = 1, kBytes = kRows * 12;
  static constexpr bool kOffsets = false;
  __device__ static void copy(uint32_t to, const Tile& tile, int step, int units) {
    copy_words<kRows, 3>(to, tile, tile.planes[2], units * 2, step * 2);
  }
  __device__ static Line line(const std::byte* from, int row, int, int step, const Tile& tile, int units) {
    const int half = step % kBlockSteps + (tile.index(row) & units & 1);
    return {half_to_float(reinterpret_cast<const uint16_t*>(from + row * 12)[half]), 0};
  }
};
template <int kRows, int kZero>
struct PairScales {  // d, m of 32 weights
  static constexpr int kGroups = 1, kBytes = kRows * 16;
  static constexpr bool kOffsets = true;
  __device__ static void copy(uint32_t to, const Tile& tile, int step, int units) {
    copy_words<kRows, 4>(to, tile, tile.planes[2], units * 4, step * 4);
  }
  __device__ static Line line(const std::byte* from, int row, int, int step, const Tile&, int) {
    const uint32_t dm = reinterpret_cast<const uint32_t*>(from + row * 16)[step % kBlockSteps];
    return {lower_half(dm), fmaf(lower_half(dm), kZero, upper_half(dm))};
  }
};
template <int kRows, int kZero>
struct HeaderScales {  // of Q4_K and Q5_K
  static constexpr int kGroups = 1, kBytes = kRows * 16;
  static constexpr bool kOffsets = true;
  __device__ static void copy(uint32_t to, const Tile& tile, int step, int units) {
    const int row = threadIdx.x;
    if (row >= kRows) return;
    const int64_t block = static_cast<int64_t>(tile.index(row)) * (units / 8) + step / 8;
    cp_async_16(to + row * 16, tile.matrix(row) + tile.planes[2] + (tile.has(row) ? block * 16 : 0), tile.has(row));
  }
  __device__ static Line line(const std::byte* from, int row, int, int step, const Tile&, int) {
    const uint4 header = *reinterpret_cast<const uint4*>(from + row * 16);
    const float scale = scale_of_32(header, step);
    return {scale, fmaf(scale, kZero, offset_of_32(header, step))};
  }
};
// d of 256 weights in the word at `from` + 4 row.
__device__ inline float block_scale(const std::byte* from, int row, int step, const Tile& tile, int units) {
  const int odd = (tile.index(row) * (units / 8) + step / 8) & 1;
  return half_to_float(*reinterpret_cast<const uint16_t*>(from + row * 4 + odd * 2));
}
template <int kRows>
struct Q2Scales {  // scale and min of 16 weights in a byte; d, dmin
  static constexpr int kGroups = 2, kBytes = kRows * 12;
  static constexpr bool kOffsets = true;
  __device__ static void copy(uint32_t to, const Tile& tile, int step, int units) {
    copy_words<kRows, 2>(to, tile, tile.planes[2], units * 2, step * 2);
    copy_words<kRows, 1>(to + kRows * 8, tile, tile.planes[3], units / 2, step / 8 * 4);
  }
  __device__ static Line line(const std::byte* from, int row, int half, int step, const Tile&, int) {
    const int both = static_cast<int>(from[row * 8 + step % kBlockSteps * 2 + half]);
    const uint32_t dm = *reinterpret_cast<const uint32_t*>(from + kRows * 8 + row * 4);
    const float scale = lower_half(dm) * static_cast<float>(both & 15);
    return {scale, fmaf(scale, 2, -upper_half(dm) * static_cast<float>(both >> 4))};
  }
};
template <int kRows>
struct Q3Scales {  // of 16 weights: lower 4 bits, upper 2 bits; d
  static constexpr int kGroups = 2, kBytes = kRows * 12;
  static constexpr bool kOffsets = false;
  __device__ static void copy(uint32_t to, const Tile& tile, int step, int units) {
    copy_words<kRows, 1>(to, tile, tile.planes[2], units, step);
    copy_words<kRows, 1>(to + kRows * 4, tile, tile.planes[3], units / 2, step / 8 * 4);
    copy_words<kRows, 1>(to + kRows * 8, tile, tile.planes[4], units / 4, step / 8 * 2);
  }
  __device__ static Line line(const std::byte* from, int row, int half, int step, const Tile& tile, int units) {
    const int lower = static_cast<int>(from[row * 4 + step % kBlockSteps]) >> 4 * half & 15;
    const int upper = static_cast<int>(from[kRows * 4 + row * 4 + step % 8 / 2]) >> (step % 2 * 4 + 2 * half) & 3;
    return {block_scale(from + kRows * 8, row, step, tile, units) * static_cast<float>((lower | upper << 4) - 32), 0};
  }
};
template <int kRows>
struct Q6Scales {  // of 16 weights; d
  static constexpr int kGroups = 2, kBytes = kRows * 12;
  static constexpr bool kOffsets = false;
  __device__ static void copy(uint32_t to, const Tile& tile, int step, int units) {
    copy_words<kRows, 2>(to, tile, tile.planes[2], units * 2, step * 2);
    copy_words<kRows, 1>(to + kRows * 8, tile, tile.planes[3], units / 4, step / 8 * 2);
  }
  __device__ static Line line(const std::byte* from, int row, int half, int step, const Tile& tile, int units) {
    const auto scale = static_cast<int8_t>(from[row * 8 + step % kBlockSteps * 2 + half]);
    return {block_scale(from + kRows * 8, row, step, tile, units) * static_cast<float>(scale), 0};
  }
};

template <DType kType, int kRows>
struct BlockTraits;
template <int kRows> struct BlockTraits<DType::Q4_0, kRows> { static constexpr int kZero = 8; using Scales = HalfScales<kRows>; };
template <int kRows> struct BlockTraits<DType::Q4_1, kRows> { static constexpr int kZero = 8; using Scales = PairScales<kRows, 8>; };
template <int kRows> struct BlockTraits<DType::Q5_0, kRows> { static constexpr int kZero = 16; using Scales = HalfScales<kRows>; };
template <int kRows> struct BlockTraits<DType::Q5_1, kRows> { static constexpr int kZero = 16; using Scales = PairScales<kRows, 16>; };
template <int kRows> struct BlockTraits<DType::Q8_0, kRows> { static constexpr int kZero = 128; using Scales = HalfScales<kRows>; };
template <int kRows> struct BlockTraits<DType::Q2_K, kRows> { static constexpr int kZero = 2; using Scales = Q2Scales<kRows>; };
template <int kRows> struct BlockTraits<DType::Q3_K, kRows> { static constexpr int kZero = 4; using Scales = Q3Scales<kRows>; };
template <int kRows> struct BlockTraits<DType::Q4_K, kRows> { static constexpr int kZero = 8; using Scales = HeaderScales<kRows, 8>; };
template <int kRows> struct BlockTraits<DType::Q5_K, kRows> { static constexpr int kZero = 16; using Scales = HeaderScales<kRows, 16>; };
template <int kRows> struct BlockTraits<DType::Q6_K, kRows> { static constexpr int kZero = 32; using Scales = Q6Scales<kRows>; };

template <DType kType, typename TileShape>
struct Blocks {
  using Parts = F16Parts;
  using Shape = TileShape;
  using Traits = BlockTraits<kType, Shape::kRows>;
  using Scales = typename Traits::Scales;
  static constexpr int kZero = Traits::kZero, kLowBits = plane_shape(kType).low_bits, kTopBits = plane_shape(kType).top_bits;
  static constexpr int kParts = 1, kSteps = kBlockSteps, kGroups = Scales::kGroups;
  static constexpr int kBlocksPerSm = Shape::kBlocksPerSm - (kGroups == 2 ? 1 : 0);
  static constexpr bool kOffsets = Scales::kOffsets;
  static constexpr int kTopAt = Shape::kRows * kSteps * kLowBits * 4, kScalesAt = kTopAt + Shape::kRows * kSteps * kTopBits * 4;
  static constexpr int kStageBytes = kScalesAt + Scales::kBytes;

  const Tile& tile;
  int units;

  __device__ Blocks(const Tile& of, int k) : tile(of), units(k / 32) {}

  __device__ void copy(uint32_t stage, int step) const {
    copy_quants<Shape::kRows, kLowBits>(stage, tile, tile.planes[0], step, units);
    if constexpr (kTopBits == 1 && kType != DType::Q3_K && kType != DType::Q5_K) {
      copy_words<Shape::kRows, kSteps>(stage + kTopAt, tile, tile.planes[1], units * 4, step * 4);  // rows of any number of units
    } else if constexpr (kTopBits > 0) {
      copy_quants<Shape::kRows, kTopBits>(stage + kTopAt, tile, tile.planes[1], step, units);
    }
    Scales::copy(stage + kScalesAt, tile, step, units);
  }

  // Piece t + 4 half of unit `step`, kBits of each quant, moved up to bit kAt of its byte; of row first8 + g, first8 a multiple of 8: where
  // chunks lie repeats after 8 rows.
  template <int kBits, int kAt = 0>
  __device__ static uint32_t piece(const std::byte* quants, int first8, int g, int t, int half, int step) {
    constexpr int kRowBytes = kSteps * kBits * 4;
    const int byte = step % kSteps * kBits * 4 + (t + 4 * half) % kBits * 4;
    const std::byte* of_rows = quants + chunk_place<kRowBytes>(g, byte / 16) + byte % 16;
    const uint32_t word = *reinterpret_cast<const uint32_t*>(of_rows + first8 * kRowBytes);
    constexpr uint32_t kMask = ((1u << kBits) - 1) * 0x01010101u;
    const int down = (t + 4 * half) / kBits * kBits;
    if constexpr (kBits == 4 && kAt == 0) return word >> 4 * half & kMask;  // t has one word for both halves
    return (word >> down & kMask) << kAt;
  }

  __device__ void load(const std::byte* stage, int step, int first_row, int lane, WarpRows<Blocks>& rows, int f) const {
    const int t = lane & 3, g = lane >> 2;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const int first8 = first_row + 8 * i, row = first8 + g;
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        uint32_t q = piece<kLowBits>(stage, first8, g, t, half, step);
        if constexpr (kTopBits > 0) q |= piece<kTopBits, kLowBits>(stage + kTopAt, first8, g, t, half, step);
        if constexpr (kType == DType::Q8_0) q ^= 0x80808080u;
        integers<kZero>(q, rows.a[f][0][half][i], rows.a[f][0][half][i + 2]);
        if (half >= kGroups) continue;
        const Line line = Scales::line(stage + kScalesAt, row, half, step, tile, units);
        rows.scale[f][i][half] = line.scale;
        rows.offset[f][i][half] = line.offset;
      }
    }
  }
};

template <DType kType>
void launch_tiles(const Stream& stream, const Args& args, int n_tiles, bool small) {
  (small ? launch<Blocks<kType, SmallTile>> : launch<Blocks<kType, LargeTile>>)(stream, args, n_tiles);
}

}  // namespace latent4j::cuda::tiles
