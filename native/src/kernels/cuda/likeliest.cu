// likeliest.cu: the k largest logits of each row, and what is seen of the distribution. A row goes over several blocks, a slice each: their
// warps find their own k largest, a warp merges those; the row's last block does the same with what the blocks found. One launch.
// Moves 4 n vocab bytes, which the product before it has left in the L2 cache.
#include <algorithm>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/sample.cuh"
#include "kernels/cuda/tickets.cuh"

namespace latent4j::cuda {

namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32;
constexpr int kPerThread = 8, kSlice = kThreads * kPerThread;

// Of some logits x, relative to their largest: sums of w = exp(x - top) and of w (x - top).
struct Sums {
  float top, weights, weighted;
};
__device__ Sums no_sums() { return {-3.4e38f, 0, 0}; }  // of no logits: none is below that

// x - top, which may be below all numbers; so far down a logit weighs nothing.
__device__ float below(float x, float top) { return fmaxf(x - top, -200.0f); }

__device__ Sums joined(Sums a, Sums b) {
  const float top = fmaxf(a.top, b.top), down_a = below(a.top, top), down_b = below(b.top, top);
  const float share_a = exact_exp(down_a), share_b = exact_exp(down_b);
  return {top, share_a * a.weights + share_b * b.weights,
          share_a * (a.weighted + a.weights * down_a) + share_b * (b.weighted + b.weights * down_b)};
}

__device__ Sums warp_joined(Sums sums) {
#pragma unroll
  for (unsigned offset = kWarp / 2; offset > 0; offset /= 2) {
    sums = joined(sums, {__shfl_xor_sync(kWholeWarp, sums.top, offset), __shfl_xor_sync(kWholeWarp, sums.weights, offset),
                         __shfl_xor_sync(kWholeWarp, sums.weighted, offset)});
  }
  return sums;
}

// logits [n, vocab], best [n, n_slices, k], sums [n, n_slices], tickets [n], ids and values [n, k], thoughts [n] or null
struct Rows {
  const float* logits;
  int vocab, n_slices, k;
  Rank* best;
  Sums* sums;
  uint32_t* tickets;
  int32_t* ids;
  float* values;
  Thought* thoughts;
};

// What a block finds, and what its warps found.
struct Shared {
  Rank of_warps[kWarps][kMostLikely + 1];  // one more: heads of lists lie in different banks
  Rank best[kMostLikely];
  Sums sums[kWarps];
};

__device__ float number_of(uint32_t key) { return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key); }
__device__ float number_of(Rank rank) { return number_of(static_cast<uint32_t>(rank >> 32)); }

__device__ Rank warp_max(Rank rank) {
  const auto key = static_cast<uint32_t>(rank >> 32), top = __reduce_max_sync(kWholeWarp, key);
  return Rank{top} << 32 | __reduce_max_sync(kWholeWarp, key == top ? static_cast<uint32_t>(rank) : 0);
}

// Largest first.
__device__ void sort(Rank (&ranks)[kPerThread]) {
#pragma unroll
  for (int size = 2; size <= kPerThread; size *= 2) {
#pragma unroll
    for (int stride = size / 2; stride > 0; stride /= 2) {
#pragma unroll
      for (int i = 0; i < kPerThread; i++) {
        const int j = i ^ stride;
        if (j < i) continue;
        const Rank larger = max(ranks[i], ranks[j]), smaller = min(ranks[i], ranks[j]);
        ranks[i] = i & size ? smaller : larger;
        ranks[j] = i & size ? larger : smaller;
      }
    }
  }
}

// out [k] = the k largest of a warp's ranks, each thread's own sorted; 0 where there are no more.
__device__ void best_of_warp(Rank (&ranks)[kPerThread], int k, Rank* out) {
  for (int i = 0; i < k; i++) {
    const Rank best = warp_max(ranks[0]);
    if (threadIdx.x % kWarp == 0) out[i] = best;
    if (best == ranks[0]) {
#pragma unroll
      for (int j = 0; j + 1 < kPerThread; j++) ranks[j] = ranks[j + 1];
      ranks[kPerThread - 1] = 0;
    }
  }
}

// shared.best [k] = the k largest of a block's ranks. All threads come here, and see them.
__device__ void best_of_block(Rank (&ranks)[kPerThread], int k, Shared& shared) {
  const unsigned lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  best_of_warp(ranks, k, shared.of_warps[warp]);
  __syncthreads();
  if (warp == 0) {
    int at = 0;
    Rank head = lane < kWarps ? shared.of_warps[lane][0] : 0;
    for (int i = 0; i < k; i++) {
      const Rank best = warp_max(head);
      if (lane == 0) shared.best[i] = best;
      if (best == head && head) head = ++at < k ? shared.of_warps[lane][at] : 0;
    }
  }
  __syncthreads();
}

// This block's part of a row: shared.best, and the slice's sums in thread 0.
__device__ Sums look_at_slice(const Rows& args, const float* logits, Shared& shared) {
  const int begin = static_cast<int>(blockIdx.x) * kSlice, thread = static_cast<int>(threadIdx.x);
  Rank ranks[kPerThread];
#pragma unroll
  for (int i = 0; i < kPerThread; i++) {
    const int id = begin + i * kThreads + thread;
    ranks[i] = id < args.vocab ? rank_of(order_key(logits[id]), id) : 0;
  }
  sort(ranks);
  if (args.thoughts) {
    Sums sums = no_sums();
    if (ranks[0]) {
      sums.top = number_of(ranks[0]);
#pragma unroll
      for (int i = 0; i < kPerThread; i++) {
        const float down = below(number_of(ranks[i]), sums.top), weight = ranks[i] ? exact_exp(down) : 0.0f;
        sums.weights += weight;
        sums.weighted += ranks[i] ? weight * down : 0.0f;
      }
    }
    sums = warp_joined(sums);
    if (threadIdx.x % kWarp == 0) shared.sums[threadIdx.x / kWarp] = sums;
  }
  best_of_block(ranks, args.k, shared);
  Sums sums = no_sums();
  if (args.thoughts && thread == 0) {
    for (const Sums& of_warp : shared.sums) sums = joined(sums, of_warp);
  }
  return sums;
}

// shared.best = the k largest of what the row's blocks found, as much at a time as a block holds.
__device__ void merge(const Rows& args, const Rank* found, Shared& shared) {
  const int n = args.n_slices * args.k;
  for (int begin = 0, kept = 0; begin < n; kept = args.k) {
    Rank ranks[kPerThread];
#pragma unroll
    for (int i = 0; i < kPerThread; i++) {
      const int at = i * kThreads + static_cast<int>(threadIdx.x), next = begin + at - kept;
      ranks[i] = at < kept ? shared.best[at] : next < n ? __ldcg(found + next) : 0;
    }
    begin += kSlice - kept;
    sort(ranks);
    __syncthreads();  // shared.best has been read
    best_of_block(ranks, args.k, shared);
  }
}

// The row's thought, written by one warp.
__device__ void tell(const Rows& args, const Sums* slices, const Shared& shared, Thought& thought) {
  const int lane = threadIdx.x % kWarp;
  Sums sums = no_sums();
  for (int i = lane; i < args.n_slices; i += kWarp) {
    sums = joined(sums, {__ldcg(&slices[i].top), __ldcg(&slices[i].weights), __ldcg(&slices[i].weighted)});
  }
  sums = warp_joined(sums);
  if (lane == 0) thought.entropy = fmaxf(0.0f, logf(sums.weights) - sums.weighted / sums.weights);
  if (lane >= kThoughtTokens) return;
  const bool there = lane < args.k;
  const Rank rank = there ? shared.best[lane] : 0;
  thought.tokens[lane] = there ? static_cast<int32_t>(~static_cast<uint32_t>(rank)) : -1;
  thought.probabilities[lane] = there ? exact_exp(below(number_of(rank), sums.top)) / sums.weights : 0.0f;
}

__global__ void __launch_bounds__(kThreads) likeliest_kernel(Rows args) {
  wait_for_earlier_kernels();
  __shared__ Shared shared;
  const int row = static_cast<int>(blockIdx.y), thread = static_cast<int>(threadIdx.x);
  const Sums sums = look_at_slice(args, args.logits + static_cast<size_t>(row) * args.vocab, shared);
  Rank* best = args.best + static_cast<size_t>(row) * args.n_slices * args.k;
  Sums* slices = args.sums + static_cast<size_t>(row) * args.n_slices;
  if (thread < args.k) best[static_cast<int>(blockIdx.x) * args.k + thread] = shared.best[thread];
  if (thread == 0) slices[blockIdx.x] = sums;
  if (!is_last_block(args.tickets + row, gridDim.x)) return;
  merge(args, best, shared);
  if (thread < args.k) {
    const Rank rank = shared.best[thread];
    args.ids[row * args.k + thread] = static_cast<int32_t>(~static_cast<uint32_t>(rank));
    args.values[row * args.k + thread] = number_of(rank);
  }
  if (args.thoughts && thread / kWarp == kWarps - 1) tell(args, slices, shared, args.thoughts[row]);
}

constexpr size_t round_up(size_t bytes) { return (bytes + 255) / 256 * 256; }

}  // namespace

void likeliest(Queue& queue, const LikeliestArgs& args) {
  const Stream& stream = *queue.stream;
  static_assert(kMostLikely <= kThreads && kMostLikely < kSlice);
  Rows rows = {};
  rows.vocab = args.vocab;
  rows.n_slices = (args.vocab + kSlice - 1) / kSlice;
  rows.k = args.k;
  rows.tickets = stream.tickets;
  const size_t best_bytes = sizeof(Rank) * rows.n_slices * args.k, sums_bytes = sizeof(Sums) * rows.n_slices;
  const auto most = static_cast<int32_t>(std::min<size_t>((kScratchBytes - 512) / (best_bytes + sums_bytes), kTickets - 1));
  for (int32_t row = 0; row < args.n; row += most) {
    const int32_t n = std::min(most, args.n - row);
    rows.logits = args.logits + static_cast<size_t>(row) * args.vocab;
    rows.best = reinterpret_cast<Rank*>(stream.scratch);
    rows.sums = reinterpret_cast<Sums*>(stream.scratch + round_up(best_bytes * n));
    rows.ids = args.ids + static_cast<size_t>(row) * args.k;
    rows.values = args.values + static_cast<size_t>(row) * args.k;
    rows.thoughts = args.thoughts ? args.thoughts + row : nullptr;
    // A block a slice: eight logits a thread cover the wait for memory, and what a warp has to choose from is short.
    launch_kernel(stream, "likeliest_kernel", likeliest_kernel, dim3(rows.n_slices, n), kThreads, 0, rows);
  }
}

}  // namespace latent4j::cuda
