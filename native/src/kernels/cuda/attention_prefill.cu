// attention_prefill.cu: attention of many rows on tensor cores. A block takes neighbouring rows with all query heads of one kv head and
// walks once over what they see of the memory, a tile of keys and values at a time, with a running softmax. Tiles begin at multiples of a
// fixed length, and a tile that a row does not see leaves its numbers as they are: so they are the same in any batch.
// Queries and weights are given to the tensor cores as three bf16 parts whose sum they are; so is a memory of f32, without the products of
// parts that are too small to count. The sums are those of f32.
// Moves q, out and, once for each block's rows, the keys and values that they see.
#include <algorithm>

#include "kernels/cuda/attention_ways.h"
#include "kernels/cuda/cp_async.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/reduce.cuh"

namespace latent4j::cuda {

namespace {

template <typename T, int kDim>
struct Tile {
  static constexpr bool kF32 = std::is_same_v<T, float>;
  // The sums of long values do not fit into a warp's registers: two warps compute the same scores, and each the sums of half the values.
  static constexpr int kHalves = kDim > 128 ? 2 : 1, kOut = kDim / kHalves;
  static constexpr int kWarps = kF32 && kDim > 128 ? 2 : 4, kThreads = 32 * kWarps, kQueries = 16 * kWarps / kHalves;
  static __device__ int warp_query() { return static_cast<int>(threadIdx.x) / 32 / kHalves * 16; }  // the warp's first
  static __device__ int warp_out() { return static_cast<int>(threadIdx.x) / 32 % kHalves * kOut; }  // its first number of out
  static constexpr int kKeys = kF32 ? (kDim > 96 ? 16 : 32) : (kDim > 96 ? 32 : 64);
  // Blocks to a multiprocessor that registers must suffice for; 0: the compiler's choice, which spills for the one shape.
  static constexpr int kBlocks = !kF32 && kDim == 64 ? 2 : 0;
  static constexpr int kParts = kF32 ? 3 : 1;  // of a number of the memory
  // Rows of bf16 in units of 16 bytes, an odd number of them: so eight rows' units of one index lie in different banks.
  static constexpr int kUnits = kDim / 8, kStride = kUnits + 1;
  static __device__ int at(int row, int unit) { return row * kStride + unit; }
};

template <typename T, int kDim>
struct Shared {
  using S = Tile<T, kDim>;
  uint4 q[3][S::kQueries * S::kStride];
  uint4 keys[S::kParts][S::kKeys * S::kStride];
  uint4 values[S::kParts][S::kKeys * S::kStride];
  const std::byte* rows[S::kKeys];  // addresses of the tile's keys; null: not seen by any row
  RowPlace places[S::kQueries];
};

// Products of a part of one operand and a part of the other that count, small ones first.
struct Product {
  int a, b;
};
template <int kParts>
struct Products;
template <>
struct Products<1> {
  static constexpr int n = 3;
  static __device__ constexpr Product get(int i) { return {2 - i, 0}; }
};
template <>
struct Products<3> {
  static constexpr int n = 6;
  static __device__ constexpr Product get(int i) {
    constexpr Product all[n] = {{2, 0}, {1, 1}, {0, 2}, {1, 0}, {0, 1}, {0, 0}};
    return all[i];
  }
};

// Four f32 as three halves of units of bf16: half i % 2 of the units at `at`.
template <int n>
__device__ void split_half_unit(float4 x, int i, int at, uint4 (&to)[3][n]) {
  uint2 parts[3];
  split_bf16(x.x, x.y, parts[0].x, parts[1].x, parts[2].x);
  split_bf16(x.z, x.w, parts[0].y, parts[1].y, parts[2].y);
#pragma unroll
  for (int part = 0; part < 3; part++) reinterpret_cast<uint2*>(&to[part][at])[i % 2] = parts[part];
}

// The block's rows: `n` from `first` on, `group` queries each. Query j is head j % group of row j / group.
struct Rows {
  int first, n, kv_head, group;
};

template <typename T, int kDim>
__device__ void load_queries(const AttentionArgs& args, const Rows& rows, Shared<T, kDim>& shared) {
  using S = Tile<T, kDim>;
  for (int i = threadIdx.x; i < S::kQueries * S::kUnits * 2; i += S::kThreads) {
    const int query = i / (2 * S::kUnits), quad = i % (2 * S::kUnits), row = query / rows.group;
    float4 x = {};
    if (row < rows.n) {
      const size_t head = static_cast<size_t>(rows.first + row) * args.n_heads + rows.kv_head * rows.group + query % rows.group;
      x = reinterpret_cast<const float4*>(args.q + head * kDim)[quad];
      x = {x.x * args.scale, x.y * args.scale, x.z * args.scale, x.w * args.scale};
    }
    split_half_unit(x, quad, S::at(query, quad / 2), shared.q);
  }
}

// Brings the rows at `offset` from those of the keys; what is not seen becomes zeros. f32 are split on their way,
// bf16 copied without waiting.
template <typename T, int kDim>
__device__ void load_tile(const Shared<T, kDim>& shared, size_t offset, const void* any, uint4 (&to)[Tile<T, kDim>::kParts]
                          [Tile<T, kDim>::kKeys * Tile<T, kDim>::kStride]) {
  using S = Tile<T, kDim>;
  if constexpr (S::kF32) {
    for (int i = threadIdx.x; i < S::kKeys * S::kUnits * 2; i += S::kThreads) {
      const int key = i / (2 * S::kUnits), quad = i % (2 * S::kUnits);
      const std::byte* row = shared.rows[key];
      const float4 x = row != nullptr ? reinterpret_cast<const float4*>(row + offset)[quad] : float4{};
      split_half_unit(x, quad, S::at(key, quad / 2), to);
    }
  } else {
    for (int i = threadIdx.x; i < S::kKeys * S::kUnits; i += S::kThreads) {
      const int key = i / S::kUnits, unit = i % S::kUnits;
      const std::byte* row = shared.rows[key];
      cp_async_16(shared_address(&to[0][S::at(key, unit)]), row != nullptr ? row + offset + 16 * unit : any, row != nullptr);
    }
  }
  cp_async_commit();
}

// s += q k^T of a warp's 16 queries and the tile's keys. A step of 16 numbers is a chain of mma of its own.
template <typename T, int kDim>
__device__ void score(const Shared<T, kDim>& shared, float (&s)[Tile<T, kDim>::kKeys / 8][4]) {
  using S = Tile<T, kDim>;
  using P = Products<S::kParts>;
  const int lane = threadIdx.x % kWarp, query = S::warp_query() + lane % 16, key = lane / 16 * 8 + lane % 8;
  // Two steps at a time where registers suffice for both on every architecture.
#pragma unroll(S::kF32 && kDim == 64 ? 2 : 1)
  for (int step = 0; step < kDim / 16; step++) {
    uint32_t a[3][4];
#pragma unroll
    for (int part = 0; part < 3; part++) ldmatrix_x4(a[part], shared_address(&shared.q[part][S::at(query, 2 * step + lane / 16)]));
#pragma unroll
    for (int pair = 0; pair < S::kKeys / 16; pair++) {
      uint32_t b[S::kParts][4];
#pragma unroll
      for (int part = 0; part < S::kParts; part++) {
        ldmatrix_x4(b[part], shared_address(&shared.keys[part][S::at(pair * 16 + key, 2 * step + lane / 8 % 2)]));
      }
#pragma unroll
      for (int half = 0; half < 2; half++) {
        float c[4] = {};
#pragma unroll
        for (int i = 0; i < P::n; i++) {
          const uint32_t(&part)[4] = b[P::get(i).b];
          mma_bf16(c, a[P::get(i).a], {part[2 * half], part[2 * half + 1]});
        }
#pragma unroll
        for (int i = 0; i < 4; i++) s[2 * pair + half][i] += c[i];
      }
    }
  }
}

// What a thread knows of its two queries, rows g and g + 8 of the warp's fragments: what they have seen so far, and what they see.
struct Running {
  float largest[2] = {-INFINITY, -INFINITY};
  float sum[2] = {0, 0};  // of this thread's columns
  int begin[2], end[2];   // positions seen in the sequence at hand
};

// s becomes weights exp(s - largest), 0 where the query does not see; `fade` is what the sums of values so far are to be
// multiplied by.
template <int kTiles>
__device__ void soften(float (&s)[kTiles][4], int first_position, Running& running, float (&fade)[2]) {
  const int column = first_position + threadIdx.x % 4 * 2;
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float largest = running.largest[r];
#pragma unroll
    for (int i = 0; i < 2 * kTiles; i++) {
      const int position = column + i / 2 * 8 + i % 2;
      float& x = s[i / 2][2 * r + i % 2];
      x = position >= running.begin[r] && position < running.end[r] ? x : -INFINITY;
      largest = fmaxf(largest, x);
    }
    largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, 2));
    const float base = largest == -INFINITY ? 0 : largest;  // nothing seen so far
    fade[r] = __expf(running.largest[r] - base);
    running.largest[r] = largest;
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 2 * kTiles; i++) {
      float& x = s[i / 2][2 * r + i % 2];
      x = __expf(x - base);
      sum += x;
    }
    running.sum[r] = fmaf(running.sum[r], fade[r], sum);
  }
}

// out = out * fade + weights * values.
template <typename T, int kDim>
__device__ void add_values(const Shared<T, kDim>& shared, const float (&weights)[Tile<T, kDim>::kKeys / 8][4], const float (&fade)[2],
                           float (&out)[Tile<T, kDim>::kOut / 8][4]) {
  using S = Tile<T, kDim>;
  using P = Products<S::kParts>;
  constexpr int kSteps = S::kKeys / 16;
  const int lane = threadIdx.x % kWarp, first_unit = S::warp_out() / 8 + lane / 16;
  uint32_t a[kSteps][3][4];
#pragma unroll
  for (int i = 0; i < kSteps * 4; i++) {
    const int step = i / 4, j = i % 4;
    const float(&w)[4] = weights[2 * step + j / 2];
    split_bf16(w[j % 2 * 2], w[j % 2 * 2 + 1], a[step][0][j], a[step][1][j], a[step][2][j]);
  }
#pragma unroll
  for (int pair = 0; pair < S::kOut / 16; pair++) {
    uint32_t b[kSteps][S::kParts][4];
#pragma unroll
    for (int i = 0; i < kSteps * S::kParts; i++) {
      const int at = S::at(i / S::kParts * 16 + lane % 16, 2 * pair + first_unit);
      ldmatrix_x4_transposed(b[i / S::kParts][i % S::kParts], shared_address(&shared.values[i % S::kParts][at]));
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float c[4] = {};
#pragma unroll
      for (int i = 0; i < P::n * kSteps; i++) {
        const Product product = P::get(i / kSteps);
        const uint32_t(&part)[4] = b[i % kSteps][product.b];
        mma_bf16(c, a[i % kSteps][product.a], {part[2 * half], part[2 * half + 1]});
      }
#pragma unroll
      for (int i = 0; i < 4; i++) out[2 * pair + half][i] = fmaf(out[2 * pair + half][i], fade[i / 2], c[i]);
    }
  }
}

// The first of the block's rows after `row` that is of another sequence.
__device__ inline int end_of_run(const RowPlace* places, int row, int n) {
  for (int at = row; at < n; at += static_cast<int>(kWarp)) {
    const int i = at + static_cast<int>(threadIdx.x % kWarp);
    const unsigned others = __ballot_sync(kWholeWarp, i >= n || places[min(i, n - 1)].sequence != places[row].sequence);
    if (others != 0) return min(n, at + __ffs(static_cast<int>(others)) - 1);
  }
  return n;
}

// Rows [begin, end) of the block, all of one sequence, over what they see of it.
template <typename T, int kDim>
__device__ void run(const AttentionArgs& args, const PageSteps& steps, const Rows& rows, int begin, int end, Shared<T, kDim>& shared,
                    Running& running, float (&out)[Tile<T, kDim>::kOut / 8][4]) {
  using S = Tile<T, kDim>;
  const int query = S::warp_query();
  const int first = max(begin, query / rows.group), last = min(end - 1, (query + 15) / rows.group);  // of this warp
  const int warp_begin = first <= last ? first_seen(args.window, shared.places[first].position) : 0;
  const int warp_end = first <= last ? shared.places[last].position + 1 : 0;
#pragma unroll
  for (int r = 0; r < 2; r++) {
    const int row = (query + static_cast<int>(threadIdx.x % kWarp) / 4 + 8 * r) / rows.group;
    const bool here = row >= begin && row < end;
    running.begin[r] = here ? first_seen(args.window, shared.places[row].position) : 0;
    running.end[r] = here ? shared.places[row].position + 1 : 0;
  }
  const int seen_begin = first_seen(args.window, shared.places[begin].position), seen_end = shared.places[end - 1].position + 1;
  const size_t head_offset = steps.layer * args.layer + steps.head * rows.kv_head;
  std::byte* const* pages = args.sequences.pages[shared.places[begin].sequence];
  const auto find_rows = [&](int tile) {
    const int i = static_cast<int>(threadIdx.x), position = tile + i;
    if (i < S::kKeys) shared.rows[i] = position >= seen_begin && position < seen_end ? steps.at(pages, head_offset, position) : nullptr;
  };

  int tile = seen_begin / S::kKeys * S::kKeys;
  find_rows(tile);
  __syncthreads();
  load_tile(shared, 0, args.q, shared.keys);
  for (; tile < seen_end; tile += S::kKeys) {
    const bool active = tile < warp_end && tile + S::kKeys > warp_begin, more = tile + S::kKeys < seen_end;
    load_tile(shared, steps.layer / 2, args.q, shared.values);  // on their way while scores are computed
    cp_async_wait<1>();
    __syncthreads();
    float s[S::kKeys / 8][4] = {}, fade[2];
    if (active) score(shared, s);
    if (more) find_rows(tile + S::kKeys);
    __syncthreads();
    if (more) load_tile(shared, 0, args.q, shared.keys);  // of the next tile, while values are summed up
    if (active) soften(s, tile, running, fade);
    more ? cp_async_wait<1>() : cp_async_wait<0>();
    __syncthreads();
    if (active) add_values(shared, s, fade, out);
    __syncthreads();
  }
}

template <typename T, int kDim>
__global__ void __launch_bounds__(Tile<T, kDim>::kThreads, Tile<T, kDim>::kBlocks)
    attention_prefill_kernel(AttentionArgs args, PageSteps steps) {
  wait_for_earlier_kernels();
  using S = Tile<T, kDim>;
  extern __shared__ uint4 shared_bytes[];
  Shared<T, kDim>& shared = *reinterpret_cast<Shared<T, kDim>*>(shared_bytes);
  Rows rows;
  rows.group = args.n_heads / args.n_kv_heads, rows.kv_head = blockIdx.y;
  const int per_block = S::kQueries / rows.group;
  // The last rows see most: their blocks go first.
  rows.first = static_cast<int>(gridDim.x - 1 - blockIdx.x) * per_block, rows.n = min(per_block, args.n - rows.first);
  if (static_cast<int>(threadIdx.x) < rows.n) shared.places[threadIdx.x] = args.places[rows.first + threadIdx.x];
  load_queries(args, rows, shared);
  __syncthreads();

  float out[S::kOut / 8][4] = {};
  Running running;
  for (int begin = 0, end; begin < rows.n; begin = end) {
    end = end_of_run(shared.places, begin, rows.n);
    run(args, steps, rows, begin, end, shared, running, out);
  }
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float sum = running.sum[r];
    sum += __shfl_xor_sync(kWholeWarp, sum, 1);
    sum += __shfl_xor_sync(kWholeWarp, sum, 2);
    const int query = S::warp_query() + static_cast<int>(threadIdx.x % kWarp) / 4 + 8 * r, row = query / rows.group;
    if (row >= rows.n) continue;
    const size_t head = static_cast<size_t>(rows.first + row) * args.n_heads + rows.kv_head * rows.group + query % rows.group;
    float* to = args.out + head * kDim + S::warp_out() + threadIdx.x % 4 * 2;
    const float scale = 1.0f / sum;
#pragma unroll
    for (int i = 0; i < S::kOut / 8; i++) *reinterpret_cast<float2*>(to + i * 8) = {out[i][2 * r] * scale, out[i][2 * r + 1] * scale};
  }
}

}  // namespace

void attention_prefill(const Stream& stream, const AttentionArgs& args) {
  with_memory_shape(args, [&]<typename T, int kDim>(T, std::integral_constant<int, kDim>) {
    using S = Tile<T, kDim>;
    const int rows = S::kQueries / (args.n_heads / args.n_kv_heads);
    const dim3 grid((args.n + rows - 1) / rows, args.n_kv_heads);
    constexpr int kBytes = sizeof(Shared<T, kDim>);
    static_assert(kBytes <= 99 * 1024, "what the smallest multiprocessors give a block");
    static SharedLimit limit;
    limit.raise(stream, reinterpret_cast<const void*>(attention_prefill_kernel<T, kDim>), kBytes);
    // 16 queries a warp, whose sums of values fill its registers; 64 a block share a tile, and tiles are as long as leaves two blocks to a
    // multiprocessor where it has the shared memory.
    launch_kernel(stream, "attention_prefill_kernel", attention_prefill_kernel<T, kDim>, grid, S::kThreads, kBytes, args,
                  PageSteps(*args.sequences.layout));
  });
}

}  // namespace latent4j::cuda
