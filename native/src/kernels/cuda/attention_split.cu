// attention_split.cu: attention of single rows over long memories. A block takes one chunk of positions of one row for all query heads of
// one kv head, so that keys and values are read once; the last block of a row and kv head puts the chunks together, in their order. Chunks
// begin at multiples of a fixed length, whatever the row and its neighbours: so its numbers are the same in any batch.
// Moves the keys and values that are seen once, q, out, and twice 4 (head_dim + 2) bytes for each head and chunk.
#include <algorithm>

#include "kernels/cuda/attention_ways.h"
#include "kernels/cuda/cp_async.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/tickets.cuh"

namespace latent4j::cuda {

namespace {

constexpr int kThreads = 256, kWarps = kThreads / static_cast<int>(kWarp);
constexpr int kHeadsTogether = 2;  // whose weighted values a thread sums up at a time

// Where a row of T [kDim] lies in units of 16 bytes, and who works on it.
template <typename T, int kDim>
struct Cut {
  static constexpr int kNumbers = 16 / static_cast<int>(sizeof(T));  // of a unit
  static constexpr int kUnits = kDim / kNumbers;                     // of a row
  static constexpr int kPlanes = kNumbers / 4;                       // float4 of a unit
  static constexpr int kChunk = kDim > 128 ? 64 : 128;                // positions: 64 KiB of values at most
  // Keys: 8 threads side by side on a row (fewer where it is shorter) read 128 bytes at a time; all keys of the chunk stay in registers.
  static constexpr int kLanes = std::min(8, kUnits), kLaneUnits = (kUnits + kLanes - 1) / kLanes;
  static constexpr int kRows = kThreads / kLanes, kPasses = kChunk / kRows;
  static constexpr int kBlocks = kDim > 128 ? 1 : 2;  // of a multiprocessor, that registers must suffice for
  // Values: a thread on each unit of a row, as many positions at once as there are threads.
  static constexpr int kSplits = std::min(32, kThreads / kUnits);
  // Sums of a split as float4 in planes; 16 floats more than a multiple of 32, so that neighbouring numbers lie in different banks.
  static constexpr int kPlaneFloats = (kSplits * kUnits * 4 + 31) / 32 * 32 + 16;
  // Queries, in planes too.
  static constexpr int kQueryPlane = (kUnits * 4 + 31) / 32 * 32 + 16, kQueryFloats = kPlanes * kQueryPlane;
  static constexpr int kSumFloats = std::max(kHeadsTogether * kPlanes * kPlaneFloats, 4 * kThreads);
};

// A block's shared memory.
template <typename T, int kDim>
struct Shared {
  using C = Cut<T, kDim>;
  uint4 values[C::kChunk][C::kUnits];
  const std::byte* keys[C::kChunk];  // addresses of key rows
  float2 stats[kMostQueriesPerKey];  // largest score, sum of weights
  alignas(16) float rest[1];  // scores [group][kChunk], then q [group][kPlanes][kQueryPlane] and, when it is used up, sums [kSumFloats]

  __device__ float* scores() { return rest; }
  __device__ float* q(int group) { return rest + group * C::kChunk; }
  static size_t bytes(int group) {
    return offsetof(Shared, rest) + sizeof(float) * (group * C::kChunk + std::max(group * C::kQueryFloats, C::kSumFloats));
  }
};

// Results of chunks, of the rows of one launch.
struct Partials {
  float* values;  // [rows, n_kv_heads, chunks, group, kDim]
  float2* stats;  // [rows, n_kv_heads, chunks, group]
  int chunks;     // of the longest row
  int first_row;
};

// What a block works on.
struct Piece {
  int row, kv_head, group;
  int chunk, n_chunks;  // index among the row's chunks, and their number
  int begin, end;       // positions seen, relative to the chunk's first
};

__device__ inline void widen(uint4 unit, float (&x)[8]) {
  const uint32_t pairs[4] = {unit.x, unit.y, unit.z, unit.w};
#pragma unroll
  for (int i = 0; i < 4; i++) x[2 * i] = lower_bf16(pairs[i]), x[2 * i + 1] = upper_bf16(pairs[i]);
}
__device__ inline void widen(uint4 unit, float (&x)[4]) {
  x[0] = __uint_as_float(unit.x), x[1] = __uint_as_float(unit.y), x[2] = __uint_as_float(unit.z), x[3] = __uint_as_float(unit.w);
}

// Scaled queries to shared memory, in the order in which lanes read them.
template <typename T, int kDim>
__device__ void load_queries(const AttentionArgs& args, const Piece& piece, float* q) {
  using C = Cut<T, kDim>;
  const float* from = args.q + (static_cast<size_t>(piece.row) * args.n_heads + piece.kv_head * piece.group) * kDim;
  for (int i = threadIdx.x; i < piece.group * kDim / 4; i += kThreads) {
    const int head = i / (kDim / 4), quad = i % (kDim / 4);
    const float4 x = reinterpret_cast<const float4*>(from)[i];
    const int at = head * C::kQueryFloats + quad % C::kPlanes * C::kQueryPlane;
    reinterpret_cast<float4*>(q)[at / 4 + quad / C::kPlanes] = {x.x * args.scale, x.y * args.scale, x.z * args.scale, x.w * args.scale};
  }
}

// scores [group][kChunk] = q . k of the positions seen.
template <typename T, int kDim>
__device__ void score(const Piece& piece, const uint4 (&keys)[Cut<T, kDim>::kPasses][Cut<T, kDim>::kLaneUnits], const float* q,
                      float* scores) {
  using C = Cut<T, kDim>;
  const int lane = threadIdx.x % C::kLanes, row = threadIdx.x / C::kLanes;
  for (int head = 0; head < piece.group; head++, q += C::kQueryFloats, scores += C::kChunk) {
    float sums[C::kPasses] = {};
#pragma unroll
    for (int j = 0; j < C::kLaneUnits; j++) {
      const int unit = min(lane + j * C::kLanes, C::kUnits - 1);  // past the row's end keys are zeros
      float x[C::kNumbers];
#pragma unroll
      for (int plane = 0; plane < C::kPlanes; plane++) {
        const float4 part = reinterpret_cast<const float4*>(q)[plane * (C::kQueryPlane / 4) + unit];
        x[4 * plane] = part.x, x[4 * plane + 1] = part.y, x[4 * plane + 2] = part.z, x[4 * plane + 3] = part.w;
      }
#pragma unroll
      for (int pass = 0; pass < C::kPasses; pass++) {
        float key[C::kNumbers];
        widen(keys[pass][j], key);
#pragma unroll
        for (int i = 0; i < C::kNumbers; i++) sums[pass] = fmaf(x[i], key[i], sums[pass]);
      }
    }
#pragma unroll
    for (int pass = 0; pass < C::kPasses; pass++) {
#pragma unroll
      for (int mask = C::kLanes / 2; mask > 0; mask /= 2) sums[pass] += __shfl_xor_sync(kWholeWarp, sums[pass], mask);
      const int position = pass * C::kRows + row;
      if (lane == pass % C::kLanes && position >= piece.begin && position < piece.end) scores[position] = sums[pass];
    }
  }
}

// scores become weights exp(score - largest); a warp a head.
__device__ void soften(const Piece& piece, int chunk, float* scores, float2* stats) {
  const int lane = threadIdx.x % kWarp;
  for (int head = threadIdx.x / kWarp; head < piece.group; head += kWarps) {
    float* of_head = scores + head * chunk;
    float largest = -INFINITY, sum = 0;
    for (int p = piece.begin + lane; p < piece.end; p += kWarp) largest = fmaxf(largest, of_head[p]);
#pragma unroll
    for (int mask = kWarp / 2; mask > 0; mask /= 2) largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, mask));
    for (int p = piece.begin + lane; p < piece.end; p += kWarp) {
      const float weight = __expf(of_head[p] - largest);
      of_head[p] = weight;
      sum += weight;
    }
    sum = warp_sum(sum);
    if (lane == 0) stats[head] = {largest, sum};
  }
}

// to [group, kDim] = weighted sums of values; divided by the weights' sum where the row has only this chunk.
template <typename T, int kDim>
__device__ void sum_values(const Piece& piece, Shared<T, kDim>& shared, float* to) {
  using C = Cut<T, kDim>;
  float* sums = shared.q(piece.group);
  const int unit = threadIdx.x % C::kUnits, split = threadIdx.x / C::kUnits;
  for (int head = 0; head < piece.group; head += kHeadsTogether) {
    const float* weights = shared.scores() + head * C::kChunk;
    const int second = head + 1 < piece.group ? C::kChunk : 0;  // of an odd group the last head is summed up twice
    if (split < C::kSplits) {
      float sum[kHeadsTogether][C::kNumbers] = {};
      for (int p = split + (max(0, piece.begin - split) + C::kSplits - 1) / C::kSplits * C::kSplits; p < piece.end; p += C::kSplits) {
        float x[C::kNumbers];
        widen(shared.values[p][unit], x);
        const float w0 = weights[p], w1 = weights[p + second];
#pragma unroll
        for (int i = 0; i < C::kNumbers; i++) sum[0][i] = fmaf(w0, x[i], sum[0][i]), sum[1][i] = fmaf(w1, x[i], sum[1][i]);
      }
#pragma unroll
      for (int i = 0; i < kHeadsTogether * C::kPlanes; i++) {
        const float* s = &sum[i / C::kPlanes][i % C::kPlanes * 4];
        reinterpret_cast<float4*>(sums)[i * C::kPlaneFloats / 4 + threadIdx.x] = {s[0], s[1], s[2], s[3]};
      }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < min(kHeadsTogether, piece.group - head) * kDim; i += kThreads) {
      const int h = i / kDim, number = i % kDim, plane = number / 4 % C::kPlanes;
      const float* s = sums + (h * C::kPlanes + plane) * C::kPlaneFloats + number / C::kNumbers * 4 + number % 4;
      float total = s[0];
#pragma unroll 8
      for (int k = 1; k < C::kSplits; k++) total += s[k * C::kUnits * 4];
      to[head * kDim + i] = piece.n_chunks == 1 ? total / shared.stats[head + h].y : total;
    }
    if (head + kHeadsTogether < piece.group) __syncthreads();
  }
}

// out = the chunks of a row and kv head together: sum of exp(m_c - m) values_c over that of exp(m_c - m) weights_c. Threads that have
// the same four numbers take chunks in turn.
template <typename T, int kDim>
__device__ void combine(const Piece& piece, Shared<T, kDim>& shared, const float* values, const float2* stats, float* out) {
  const int lane = threadIdx.x % kWarp, quads = piece.group * kDim / 4;
  for (int head = threadIdx.x / kWarp; head < piece.group; head += kWarps) {
    float largest = -INFINITY, sum = 0;
    for (int c = lane; c < piece.n_chunks; c += kWarp) largest = fmaxf(largest, __ldcg(stats + c * piece.group + head).x);
#pragma unroll
    for (int mask = kWarp / 2; mask > 0; mask /= 2) largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, mask));
    for (int c = lane; c < piece.n_chunks; c += kWarp) {
      const float2 s = __ldcg(stats + c * piece.group + head);
      sum += s.y * __expf(s.x - largest);
    }
    sum = warp_sum(sum);
    if (lane == 0) shared.stats[head] = {largest, 1.0f / sum};
  }
  __syncthreads();
  const int turns = max(1, kThreads / quads);
  float4* sums = reinterpret_cast<float4*>(shared.q(piece.group));
  for (int task = threadIdx.x; task < quads * turns; task += kThreads) {
    const int quad = task % quads, head = quad / (kDim / 4);
    const float2 whole = shared.stats[head];
    float4 sum = {0, 0, 0, 0};
#pragma unroll 4
    for (int c = task / quads; c < piece.n_chunks; c += turns) {
      const float part = __expf(__ldcg(stats + c * piece.group + head).x - whole.x) * whole.y;
      const float4 x = __ldcg(reinterpret_cast<const float4*>(values) + static_cast<size_t>(c) * quads + quad);
      sum = {fmaf(part, x.x, sum.x), fmaf(part, x.y, sum.y), fmaf(part, x.z, sum.z), fmaf(part, x.w, sum.w)};
    }
    (turns > 1 ? sums[task] : reinterpret_cast<float4*>(out)[quad]) = sum;
  }
  if (turns == 1) return;
  __syncthreads();
  for (int quad = threadIdx.x; quad < quads; quad += kThreads) {
    float4 sum = sums[quad];
    for (int t = 1; t < turns; t++) {
      const float4 x = sums[t * quads + quad];
      sum = {sum.x + x.x, sum.y + x.y, sum.z + x.z, sum.w + x.w};
    }
    reinterpret_cast<float4*>(out)[quad] = sum;
  }
}

// Starts the way of the chunk's values into shared memory, and returns when its keys are in registers; what is not seen is not read.
template <typename T, int kDim>
__device__ void load_memory(const AttentionArgs& args, const PageSteps& steps, const Piece& piece, int sequence, int chunk,
                            Shared<T, kDim>& shared, uint4 (&keys)[Cut<T, kDim>::kPasses][Cut<T, kDim>::kLaneUnits]) {
  using C = Cut<T, kDim>;
  const size_t head_offset = steps.layer * args.layer + steps.head * piece.kv_head, values_after = steps.layer / 2;
  for (int p = piece.begin + static_cast<int>(threadIdx.x); p < piece.end; p += kThreads) {
    shared.keys[p] = steps.at(args.sequences.pages[sequence], head_offset, chunk * C::kChunk + p);
  }
  __syncthreads();
  const int lane = threadIdx.x % C::kLanes, row = threadIdx.x / C::kLanes;
#pragma unroll
  for (int pass = 0; pass < C::kPasses; pass++) {
    const int position = pass * C::kRows + row;
    const bool seen = position >= piece.begin && position < piece.end;
#pragma unroll
    for (int j = 0; j < C::kLaneUnits; j++) {
      const int unit = lane + j * C::kLanes;
      keys[pass][j] = seen && unit < C::kUnits ? reinterpret_cast<const uint4*>(shared.keys[position])[unit] : uint4{0, 0, 0, 0};
    }
  }
  for (int i = piece.begin * C::kUnits + static_cast<int>(threadIdx.x); i < piece.end * C::kUnits; i += kThreads) {
    const int position = i / C::kUnits, unit = i % C::kUnits;
    cp_async_16(shared_address(&shared.values[position][unit]), shared.keys[position] + values_after + 16 * unit);
  }
  cp_async_commit();
}

template <typename T, int kDim>
__global__ void __launch_bounds__(kThreads, Cut<T, kDim>::kBlocks)
    attention_split_kernel(AttentionArgs args, PageSteps steps, Partials partials, uint32_t* tickets) {
  wait_for_earlier_kernels();
  using C = Cut<T, kDim>;
  extern __shared__ uint4 shared_bytes[];
  Shared<T, kDim>& shared = *reinterpret_cast<Shared<T, kDim>*>(shared_bytes);
  Piece piece;
  piece.row = partials.first_row + static_cast<int>(blockIdx.z), piece.kv_head = blockIdx.y, piece.group = args.n_heads / args.n_kv_heads;
  const RowPlace place = args.places[piece.row];
  const int first = first_seen(args.window, place.position), first_chunk = first / C::kChunk;
  piece.n_chunks = place.position / C::kChunk - first_chunk + 1, piece.chunk = blockIdx.x;
  if (piece.chunk >= piece.n_chunks) return;
  const int chunk = first_chunk + piece.chunk;
  piece.begin = max(0, first - chunk * C::kChunk), piece.end = min(C::kChunk, place.position + 1 - chunk * C::kChunk);

  uint4 keys[C::kPasses][C::kLaneUnits];
  load_queries<T, kDim>(args, piece, shared.q(piece.group));
  load_memory(args, steps, piece, place.sequence, chunk, shared, keys);  // its barrier is the queries' too
  score<T, kDim>(piece, keys, shared.q(piece.group), shared.scores());
  __syncthreads();
  soften(piece, C::kChunk, shared.scores(), shared.stats);
  cp_async_wait<0>();
  __syncthreads();

  float* out = args.out + (static_cast<size_t>(piece.row) * args.n_heads + piece.kv_head * piece.group) * kDim;
  const size_t of_row = blockIdx.z * gridDim.y + blockIdx.y, at = of_row * partials.chunks * piece.group;
  float* values = partials.values + at * kDim;
  float2* stats = partials.stats + at;
  if (piece.n_chunks == 1) return sum_values(piece, shared, out);
  sum_values(piece, shared, values + static_cast<size_t>(piece.chunk) * piece.group * kDim);
  if (threadIdx.x < piece.group) stats[piece.chunk * piece.group + threadIdx.x] = shared.stats[threadIdx.x];
  if (!is_last_block(tickets + of_row, piece.n_chunks)) return;
  combine(piece, shared, values, stats, out);
}

template <typename T, int kDim>
void launch(const Stream& stream, const AttentionArgs& args) {
  using C = Cut<T, kDim>;
  const int group = args.n_heads / args.n_kv_heads;
  int chunks = (args.longest + C::kChunk - 1) / C::kChunk;
  if (args.window > 0) chunks = std::min(chunks, (args.window + C::kChunk - 2) / C::kChunk + 1);
  const size_t row_bytes = sizeof(float) * chunks * args.n_heads * (kDim + 2);
  const int rows = static_cast<int>(std::min<size_t>(kScratchBytes / row_bytes, std::min(65535, kTickets / args.n_kv_heads)));
  L4J_CHECK(rows > 0, "UNSUPPORTED", "attention on CUDA over ", args.longest, " positions of ", args.n_heads, " heads");
  const size_t bytes = Shared<T, kDim>::bytes(group);
  const auto kernel = attention_split_kernel<T, kDim>;
  static SharedLimit limit;
  limit.raise(stream, reinterpret_cast<const void*>(kernel), bytes);
  for (int first = 0; first < args.n; first += rows) {
    const int n = std::min(rows, args.n - first);
    float* values = reinterpret_cast<float*>(stream.scratch);
    const size_t n_partials = static_cast<size_t>(n) * args.n_heads * chunks;
    const Partials partials{values, reinterpret_cast<float2*>(values + n_partials * kDim), chunks, first};
    // As many blocks as the longest row has chunks: positions are known on the device only. Blocks that a row does not need leave at once.
    // 256 threads have a whole chunk's keys and values on their way at a time, which is what hides the memory's latency.
    launch_kernel(stream, "attention_split_kernel", kernel, dim3(chunks, args.n_kv_heads, n), kThreads, bytes, args,
                  PageSteps(*args.sequences.layout), partials, stream.tickets);
  }
}

}  // namespace

void attention_split(const Stream& stream, const AttentionArgs& args) {
  with_memory_shape(args, [&]<typename T, int kDim>(T, std::integral_constant<int, kDim>) { launch<T, kDim>(stream, args); });
}

}  // namespace latent4j::cuda
