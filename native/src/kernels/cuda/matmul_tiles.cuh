// matmul_tiles.cuh: the matmul of prompts on tensor cores, for any kind of weight: a block computes a tile of Shape::kRows outputs of
// Shape::kTokens tokens.
//
// x comes as a sum of 16-bit parts (split_rows, matmul_tiles.cu) so that products are exact or near to it; weights are one part, or small
// integers with a scale per group of 32 or 16, so that 2 or 3 mma do the work of one f32 product (6 for weights in f32). Each step of 32 k
// is summed on the tensor cores from zero, small parts first, then added to the sum in f32: tensor cores cut where FADD rounds. Scales of
// groups are multiplied in at that same point, once per step and output instead of once per weight.
// A row's sum runs over k in one order whatever n and the shape are.
// Moves, per block: its weights once, its tokens' parts (6 or 4 bytes an element) once. Blocks of the same weights follow each other, so
// that the weights come from device memory once and x stays in the L2 cache.
#pragma once

#include "kernels/cuda/cp_async.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/planes.h"
#include "kernels/cuda/silu.cuh"

namespace latent4j::cuda::tiles {

inline constexpr int kThreads = 128, kWarps = kThreads / 32;
inline constexpr int kStepK = 32;
inline constexpr int kSumGroup = 16;  // x is summed by as many, for weights with offsets

// A tile: kRowWarps of a block's four warps have 32 rows each; as many warps as share the same rows share the tile's tokens.
template <int kRowWarps, int kTileTokens, int kStepsOfX, int kLeastBlocksPerSm>
struct TileShape {
  static constexpr int kRows = 32 * kRowWarps, kTokens = kTileTokens, kWarpTokens = kTokens * kRowWarps / kWarps;
  static constexpr int kPlaneBytes = kTokens * kStepK * 2;  // one part of x, one step
  static constexpr int kBlocksPerSm = kLeastBlocksPerSm;    // that registers are to leave room for
  static constexpr int kStages = kStepsOfX;                 // steps of x in shared memory: one computed, the others on their way
  __device__ static int first_row(int warp) { return warp % kRowWarps * 32; }
  __device__ static int first_token(int warp) { return warp / kRowWarps * kWarpTokens; }
};
// Each warp multiplies its rows by all the tile's tokens, so that a weight's fragments are made by one warp only, and x's parts are read
// from shared memory by all four. With 64 tokens the weights' bytes and the tensor cores' time are near balance at n = 64.
using LargeTile = TileShape<4, 64, 3, 3>;
// A quarter of it, for launches of few large tiles (matmul_tiles.cu). A warp's chain of mma of a step is as long for any share of 16 tokens
// or fewer; of the tiles of four such warps this one brings fewer bytes than 32 x 64, and wastes fewer tokens. Its steps are short and its
// multiprocessor has few other blocks: a step more is on its way.
using SmallTile = TileShape<2, 32, 4, 4>;

// What x is split into. For weights that a lane decodes itself, k within 16 is in `lanes'` order: position 2t + r holds element 4t + r,
// position 8 + 2t + r element 4t + 2 + r (r < 2), so that the four elements of a weight's row that lane t multiplies (mma.cuh: A) lie side
// by side.
struct BF16Parts {
  static constexpr int kParts = 3;
  static constexpr bool kScaled = false;
  __device__ static void multiply(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) { mma_bf16(c, a, b); }
};
// The row is scaled by a power of two so that its largest number nears f16's: 22 bits of each number, and what is far smaller to 2^-40 of
// the largest.
struct F16Parts {
  static constexpr int kParts = 2;
  static constexpr bool kScaled = true;
  __device__ static void multiply(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) { mma_f16(c, a, b); }
};

struct SplitX {
  const uint16_t* parts;  // [n, steps, kParts, kStepK], zero beyond k
  const float* sums;      // [2 steps, n_padded] of the scaled numbers, or null
  const float* inverse;   // [n] 1 / scale, or null
  int32_t n, n_padded;
};

struct Target {
  const std::byte* weight;
  const float* bias;
  float* y;
  int32_t m;
  size_t planes[kMostPlanes];  // where they begin, of a block format
};

struct Args {
  SplitX x;
  int32_t k, steps;
  Target targets[3];
  int32_t ends[3];  // tiles up to and with target i
  MatmulInto into;
};

// The weight's rows of a block. Where two targets are multiplied into each other, rows come 16 of the first, 16 of the second, so that both
// numbers of an output are in one lane.
struct Tile {
  const std::byte *weight, *other;
  int32_t first, m;
  bool paired;
  size_t planes[kMostPlanes];

  __device__ int index(int row) const { return first + (paired ? (row >> 5 << 4) + (row & 15) : row); }
  __device__ bool has(int row) const { return index(row) < m; }
  __device__ const std::byte* matrix(int row) const { return row & 16 ? other : weight; }
};

template <typename Shape>
__device__ Tile tile_of(const Args& args, int tile, int& target) {
  target = 0;
  while (args.into != MatmulInto::silu_mul && tile >= args.ends[target]) ++target;
  const int in_target = target == 0 ? tile : tile - args.ends[target - 1];
  const Target& t = args.targets[target];
  const bool paired = args.into == MatmulInto::silu_mul;
  Tile of = {t.weight, paired ? args.targets[1].weight : t.weight, in_target * (paired ? Shape::kRows / 2 : Shape::kRows), t.m, paired, {}};
#pragma unroll
  for (int i = 0; i < kMostPlanes; ++i) of.planes[i] = t.planes[i];
  return of;
}

// 16-byte chunks of 64-byte rows, placed so that eight rows' same chunk lie in different banks.
__device__ inline int swizzled(int row, int chunk) { return row * 64 + ((chunk ^ (row >> 1 & 3)) << 4); }

// Brings x's steps into their stages: [part][token][64 bytes] and [2][token] sums. Four threads have a token, and the one 32 further on
// where the tile has as many.
template <typename Shape, typename Parts, bool kSums>
struct XCopy {
  static constexpr bool kFar = Shape::kTokens > kThreads / 4;

  const std::byte *near, *far;
  const float* sums;
  uint32_t to, to_sums;
  int n_padded;
  bool near_present, far_present, sums_present;

  __device__ XCopy(const SplitX& x, int token0, int steps) {
    const int token = threadIdx.x / 4, chunk = threadIdx.x % 4;
    near_present = token0 + token < x.n;
    far_present = kFar && token0 + token + 32 < x.n;
    const int64_t row_bytes = static_cast<int64_t>(steps) * Parts::kParts * kStepK * 2;
    near = reinterpret_cast<const std::byte*>(x.parts) + (token0 + (near_present ? token : 0)) * row_bytes + chunk * 16;
    far = far_present ? near + 32 * row_bytes : near;
    to = swizzled(token, chunk);
    const int group = threadIdx.x / (Shape::kTokens / 4), first = threadIdx.x % (Shape::kTokens / 4) * 4;
    n_padded = x.n_padded;
    sums_present = token0 + first < x.n;
    sums = x.sums + static_cast<int64_t>(group) * n_padded + token0 + (sums_present ? first : 0);
    to_sums = Parts::kParts * Shape::kPlaneBytes + (group * Shape::kTokens + first) * 4;
  }
  // The steps one after the other.
  __device__ void next(uint32_t stage) {
#pragma unroll
    for (int part = 0; part < Parts::kParts; ++part) {
      cp_async_16(stage + to + part * Shape::kPlaneBytes, near + part * kStepK * 2, near_present);
      if (kFar) cp_async_16(stage + to + part * Shape::kPlaneBytes + 32 * 64, far + part * kStepK * 2, far_present);
    }
    near += Parts::kParts * kStepK * 2;
    far += Parts::kParts * kStepK * 2;
    if (kSums && threadIdx.x < 2 * Shape::kTokens / 4) {
      cp_async_16(stage + to_sums, sums, sums_present);
      sums += 2 * n_padded;
    }
  }
};

template <typename Weight>
constexpr int x_stage_bytes() {
  return Weight::Parts::kParts * Weight::Shape::kPlaneBytes + (Weight::kOffsets ? 2 * Weight::Shape::kTokens * 4 : 0);
}
// Stages of weights, each of Weight::kSteps steps, for as many steps as x has.
template <typename Weight>
constexpr int weight_stages() { return Weight::kSteps == 1 ? Weight::Shape::kStages : 2; }
template <typename Weight>
constexpr int shared_bytes() { return Weight::Shape::kStages * x_stage_bytes<Weight>() + weight_stages<Weight>() * Weight::kStageBytes; }

// Two m16 fragments of a warp's 32 rows in one step, and what their rows are scaled by.
template <typename Weight>
struct WarpRows {
  uint32_t a[2][Weight::kParts][2][4];  // [fragment][part][k 0..15, 16..31]
  float scale[2][2][Weight::kGroups + 1], offset[2][2][Weight::kGroups + 1];  // [fragment][row g, g + 8][group]; used if there are groups
};

template <typename Weight>
struct Accumulator {
  using Shape = typename Weight::Shape;

  float sum[2][Shape::kWarpTokens / 8][4];

  // 16 of the warp's tokens in a step; x_stage and sums begin at the warp's first one.
  __device__ void step(const WarpRows<Weight>& rows, uint32_t x_stage, const float* sums, int group, int lane) {
    constexpr int kFirst = Weight::kGroups == 2 ? 1 : 2;  // halves of the step that are summed on the tensor cores
    using Parts = typename Weight::Parts;
    const int token = group * 16 + (lane & 7) + (lane >> 4 << 3);
#pragma unroll
    for (int begin = 0; begin < 2; begin += kFirst) {
      float t[2][2][4] = {};
#pragma unroll
      for (int half = begin; half < begin + kFirst; ++half) {
        uint32_t x[Parts::kParts][4];
#pragma unroll
        for (int part = 0; part < Parts::kParts; ++part) {
          ldmatrix_x4(x[part], x_stage + part * Shape::kPlaneBytes + swizzled(token, 2 * half + (lane >> 3 & 1)));
        }
#pragma unroll
        for (int order = Parts::kParts - 1; order >= 0; --order) {
#pragma unroll
          for (int w = 0; w < Weight::kParts && w <= order; ++w) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
              const uint32_t(&b)[2] = reinterpret_cast<const uint32_t(&)[2][2]>(x[order - w])[i / 2];
              Parts::multiply(t[i % 2][i / 2], rows.a[i % 2][w][half], b);
            }
          }
        }
      }
      add(rows, t, sums, group, begin, lane);
    }
  }

  __device__ void add(const WarpRows<Weight>& rows, const float (&t)[2][2][4], const float* sums, int group, int begin, int lane) {
    float2 of_x[2] = {};
    if constexpr (Weight::kOffsets) {
      const auto* pairs = reinterpret_cast<const float2*>(sums + group * 16 + 2 * (lane & 3));
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        of_x[j] = pairs[begin * Shape::kTokens / 2 + 4 * j];
        if (Weight::kGroups == 2) continue;
        const float2 more = pairs[Shape::kTokens / 2 + 4 * j];
        of_x[j] = {of_x[j].x + more.x, of_x[j].y + more.y};
      }
    }
#pragma unroll
    for (int f = 0; f < 2; ++f) {
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        float (&c)[4] = sum[f][2 * group + j];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          if constexpr (Weight::kGroups == 0) {
            c[i] += t[f][j][i];
          } else {
            const int g = Weight::kGroups == 2 ? begin : 0;
            c[i] = fmaf(rows.scale[f][i / 2][g], t[f][j][i], c[i]);
            if constexpr (Weight::kOffsets) c[i] = fmaf(rows.offset[f][i / 2][g], i % 2 ? of_x[j].y : of_x[j].x, c[i]);
          }
        }
      }
    }
  }
};

// Eight outputs, 32 bytes, lie side by side for each of four tokens at each store.
template <typename Weight>
__device__ void write(const Args& args, const Accumulator<Weight>& all, const Tile& tile, int target, int row0, int token0, int lane) {
  const Target& first = args.targets[target];
#pragma unroll
  for (int j = 0; j < Weight::Shape::kWarpTokens / 8; ++j) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int token = token0 + j * 8 + 2 * (lane & 3) + i % 2;
      if (token >= args.x.n) continue;
      const float inverse = Weight::Parts::kScaled ? args.x.inverse[token] : 1.0f;
      float product[2];
      int32_t index[2];
#pragma unroll
      for (int f = 0; f < 2; ++f) {
        index[f] = tile.index(row0 + f * 16 + i / 2 * 8 + (lane >> 2));
        const float* bias = args.targets[tile.paired ? f : target].bias;
        product[f] = all.sum[f][j][i] * inverse + (bias && index[f] < tile.m ? bias[index[f]] : 0.0f);
      }
      float* y = first.y + static_cast<int64_t>(token) * tile.m;
      if (tile.paired) {
        if (index[0] < tile.m) y[index[0]] = silu(product[0]) * product[1];
        continue;
      }
#pragma unroll
      for (int f = 0; f < 2; ++f) {
        if (index[f] < tile.m) y[index[f]] = args.into == MatmulInto::add ? y[index[f]] + product[f] : product[f];
      }
    }
  }
}

// Where the stages' bytes are that are next, of kStages that take turns.
template <int kBytes, int kStages>
struct Ring {
  int at = 0;
  __device__ void next() { at = at == (kStages - 1) * kBytes ? 0 : at + kBytes; }
};

template <typename Weight>
__global__ void __launch_bounds__(kThreads, Weight::kBlocksPerSm) matmul_tiles_kernel(const __grid_constant__ Args args) {
  wait_for_earlier_kernels();
  extern __shared__ __align__(128) std::byte shared[];
  using Shape = typename Weight::Shape;
  constexpr int kStages = Shape::kStages, kXStage = x_stage_bytes<Weight>(), kWStages = weight_stages<Weight>(), kSteps = Weight::kSteps;
  static_assert(kSteps == 1 || kStages <= kSteps + 1, "weights would come where some are still multiplied");
  const std::byte* w_stages = shared + kStages * kXStage;
  const uint32_t x_at = shared_address(shared), w_at = shared_address(w_stages);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, row0 = Shape::first_row(warp), of_tile = Shape::first_token(warp);
  const int tile_token0 = blockIdx.x * Shape::kTokens, token0 = tile_token0 + of_tile;
  int target;
  const Tile tile = tile_of<Shape>(args, blockIdx.y, target);
  const int n_groups = tile.has(row0) ? min(Shape::kWarpTokens, args.x.n - token0 + 15) / 16 : 0;

  XCopy<Shape, typename Weight::Parts, Weight::kOffsets> x(args.x, tile_token0, args.steps);
  Weight weights(tile, args.k);
  Ring<kXStage, kStages> x_to, x_from;
  Ring<Weight::kStageBytes, kWStages> w_to, w_from;
  const auto copy = [&](int step) {
    if (step < args.steps) {
      x.next(x_at + x_to.at);
      x_to.next();
      if (step % kSteps == 0) {
        weights.copy(w_at + w_to.at, step);
        w_to.next();
      }
    }
    cp_async_commit();
  };
  for (int step = 0; step < kStages - 1; ++step) copy(step);

  Accumulator<Weight> all = {};
  for (int step = 0; step < args.steps; ++step) {
    cp_async_wait<kStages - 2>();
    __syncthreads();
    copy(step + kStages - 1);
    WarpRows<Weight> rows;
#pragma unroll
    for (int f = 0; f < 2; ++f) {
      weights.load(w_stages + w_from.at, step, row0 + f * 16, lane, rows, f);
    }
    const uint32_t x_stage = x_at + x_from.at + of_tile * kStepK * 2;
    const float* sums = reinterpret_cast<const float*>(shared + x_from.at + Weight::Parts::kParts * Shape::kPlaneBytes) + of_tile;
#pragma unroll
    for (int group = 0; group < Shape::kWarpTokens / 16; ++group) {
      if (group < n_groups) all.step(rows, x_stage, sums, group, lane);
    }
    x_from.next();
    if (step % kSteps == kSteps - 1) w_from.next();
  }
  write<Weight>(args, all, tile, target, row0, token0, lane);
}

// Tiles of the same weights follow each other.
template <typename Weight>
void launch(const Stream& stream, const Args& args, int n_tiles) {
  constexpr int kBytes = shared_bytes<Weight>();
  static SharedLimit limit;
  limit.raise(stream, reinterpret_cast<const void*>(matmul_tiles_kernel<Weight>), kBytes);
  const dim3 grid((args.x.n + Weight::Shape::kTokens - 1) / Weight::Shape::kTokens, n_tiles);
  launch_kernel(stream, "matmul_tiles_kernel", matmul_tiles_kernel<Weight>, grid, kThreads, kBytes, args);
}

// For weights of one format; `small`: SmallTile, else LargeTile. Defined in matmul_tiles_{floats,blocks,k}.cu.
template <DType kType>
void launch_tiles(const Stream& stream, const Args& args, int n_tiles, bool small);

}  // namespace latent4j::cuda::tiles
