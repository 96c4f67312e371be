// matmul_tiles_floats.cu: matmul_tiles for weights that lie as in the file: BF16 and F16 are a part as they are, F32 is split in registers.
#include "kernels/cuda/matmul_tiles.cuh"

namespace latent4j::cuda::tiles {

namespace {

// A stage is [row][64 bytes], as x's. Four threads copy a row, and every 32nd further on.
template <typename XParts, typename TileShape>
struct Pairs {
  using Parts = XParts;
  using Shape = TileShape;
  static constexpr int kParts = 1, kSteps = 1, kGroups = 0, kBlocksPerSm = Shape::kBlocksPerSm, kStageBytes = Shape::kRows * kStepK * 2;
  static constexpr bool kOffsets = false;

  const std::byte* from;
  int64_t stride;  // bytes to the thread's next row
  int n_rows;      // of the thread's, in the matrix
  int n_columns;   // from the thread's first on
  uint32_t to;

  __device__ Pairs(const Tile& tile, int k) {
    const int row = threadIdx.x / 4, column = threadIdx.x % 4 * 8, rows_on = tile.paired ? 16 : 32;
    n_rows = (tile.m - tile.index(row) + rows_on - 1) / rows_on;
    n_columns = k - column;
    from = tile.matrix(row) + (n_rows > 0 && n_columns > 0 ? (static_cast<int64_t>(tile.index(row)) * k + column) * 2 : 0);
    stride = static_cast<int64_t>(rows_on) * k * 2;
    to = swizzled(row, threadIdx.x % 4);
  }

  __device__ void copy(uint32_t stage, int step) const {
    const bool in_row = step * kStepK < n_columns;
    const std::byte* of_step = from + (in_row ? step * kStepK * 2 : 0);
#pragma unroll
    for (int i = 0; i < Shape::kRows / 32; ++i) {
      const bool present = in_row && i < n_rows;
      cp_async_16(stage + to + i * 32 * 64, of_step + (present ? i * stride : 0), present);
    }
  }

  __device__ void load(const std::byte* stage, int, int first_row, int lane, WarpRows<Pairs>& rows, int f) const {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      ldmatrix_x4(rows.a[f][0][half], shared_address(stage) + swizzled(first_row + (lane & 15), 2 * half + (lane >> 4)));
    }
  }
};

// A stage is [row][128 bytes].
template <typename TileShape>
struct Singles {
  using Parts = BF16Parts;
  using Shape = TileShape;
  static constexpr int kParts = 3, kSteps = 1, kGroups = 0, kBlocksPerSm = Shape::kBlocksPerSm - 1, kStageBytes = Shape::kRows * kStepK * 4;
  static constexpr bool kOffsets = false;

  // Eight lanes read 16 bytes each of two rows, four chunks side by side: odd rows have their halves exchanged.
  __device__ static int place(int row, int chunk) { return row * 128 + ((chunk ^ (row & 1) << 2) << 4); }

  const Tile& tile;
  int k;

  __device__ Singles(const Tile& of, int columns) : tile(of), k(columns) {}

  __device__ void copy(uint32_t stage, int step) const {
    const int chunk = threadIdx.x % 8;
#pragma unroll
    for (int i = 0; i < Shape::kRows * 8 / kThreads; ++i) {
      const int row = i * (kThreads / 8) + threadIdx.x / 8, column = step * kStepK + chunk * 4;
      const bool present = tile.has(row) && column < k;
      const int64_t at = present ? (static_cast<int64_t>(tile.index(row)) * k + column) * 4 : 0;
      cp_async_16(stage + place(row, chunk), tile.matrix(row) + at, present);
    }
  }

  __device__ void load(const std::byte* stage, int, int first_row, int lane, WarpRows<Singles>& rows, int f) const {
    const int row = first_row + (lane >> 2), t = lane & 3;
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

template <>
void launch_tiles<DType::F32>(const Stream& stream, const Args& args, int n_tiles, bool small) {
  (small ? launch<Singles<SmallTile>> : launch<Singles<LargeTile>>)(stream, args, n_tiles);
}
template <>
void launch_tiles<DType::F16>(const Stream& stream, const Args& args, int n_tiles, bool small) {
  (small ? launch<Pairs<F16Parts, SmallTile>> : launch<Pairs<F16Parts, LargeTile>>)(stream, args, n_tiles);
}
template <>
void launch_tiles<DType::BF16>(const Stream& stream, const Args& args, int n_tiles, bool small) {
  (small ? launch<Pairs<BF16Parts, SmallTile>> : launch<Pairs<BF16Parts, LargeTile>>)(stream, args, n_tiles);
}

}  // namespace latent4j::cuda::tiles
