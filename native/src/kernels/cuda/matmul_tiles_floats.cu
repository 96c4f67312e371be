// matmul_tiles_floats.cu: matmul_tiles for weights that lie as in the file: BF16 and F16 are a part as they are, F32 is split in registers.
#include "base/error.h"
#include "kernels/cuda/matmul_tiles.cuh"

namespace latent4j::cuda::tiles {

namespace {

// A stage is [row][64 bytes], two 16-byte chunks to each 16 k.
template <typename XParts>
struct Pairs {
  using Parts = XParts;
  static constexpr int kParts = 1, kSteps = 1, kGroups = 0, kBlocksPerSm = 3, kStageBytes = kTileRows * kStepK * 2;
  static constexpr bool kOffsets = false;

  // Lanes of four rows read 8 bytes each of a chunk pair: rows two apart go to different pairs.
  __device__ static int place(int row, int chunk) { return row * 64 + ((chunk ^ (row & 2)) << 4); }

  __device__ static void copy(uint32_t stage, const Tile& tile, int step, int k) {
    const int chunk = threadIdx.x % 4;
#pragma unroll
    for (int i = 0; i < kTileRows * 4 / kThreads; ++i) {
      const int row = i * (kThreads / 4) + threadIdx.x / 4, column = step * kStepK + chunk * 8;
      const bool present = tile.has(row) && column < k;
      const int64_t at = present ? (static_cast<int64_t>(tile.index(row)) * k + column) * 2 : 0;
      cp_async_16(stage + place(row, chunk), tile.matrix(row) + at, present);
    }
  }

  __device__ static void load(const std::byte* stage, const Tile&, int, int, int row, int t, WarpRows<Pairs>& rows, int f) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const uint2 w = *reinterpret_cast<const uint2*>(stage + place(row + 8 * i, 2 * half + t / 2) + t % 2 * 8);
        rows.a[f][0][half][i] = w.x;
        rows.a[f][0][half][i + 2] = w.y;
      }
    }
  }
};

// A stage is [row][128 bytes].
struct Singles {
  using Parts = BF16Parts;
  static constexpr int kParts = 3, kSteps = 1, kGroups = 0, kBlocksPerSm = 2, kStageBytes = kTileRows * kStepK * 4;
  static constexpr bool kOffsets = false;

  // Eight lanes read 16 bytes each of two rows, four chunks side by side: odd rows have their halves exchanged.
  __device__ static int place(int row, int chunk) { return row * 128 + ((chunk ^ (row & 1) << 2) << 4); }

  __device__ static void copy(uint32_t stage, const Tile& tile, int step, int k) {
    const int chunk = threadIdx.x % 8;
#pragma unroll
    for (int i = 0; i < kTileRows * 8 / kThreads; ++i) {
      const int row = i * (kThreads / 8) + threadIdx.x / 8, column = step * kStepK + chunk * 4;
      const bool present = tile.has(row) && column < k;
      const int64_t at = present ? (static_cast<int64_t>(tile.index(row)) * k + column) * 4 : 0;
      cp_async_16(stage + place(row, chunk), tile.matrix(row) + at, present);
    }
  }

  __device__ static void load(const std::byte* stage, const Tile&, int, int, int row, int t, WarpRows<Singles>& rows, int f) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const float4 w = *reinterpret_cast<const float4*>(stage + place(row + 8 * i, 4 * half + t));
        uint32_t(&a)[3][2][4] = rows.a[f];
        split_bf16(w.x, w.y, a[0][half][i], a[1][half][i], a[2][half][i]);
        split_bf16(w.z, w.w, a[0][half][i + 2], a[1][half][i + 2], a[2][half][i + 2]);
      }
    }
  }
};

}  // namespace

void launch_floats(const Stream& stream, DType dtype, const Args& args, int n_tiles) {
  switch (dtype) {
    case DType::BF16: return launch<Pairs<BF16Parts>>(stream, args, n_tiles);
    case DType::F16: return launch<Pairs<F16Parts>>(stream, args, n_tiles);
    default: return launch<Singles>(stream, args, n_tiles);
  }
}

}  // namespace latent4j::cuda::tiles
