// sample.cu: one token per row. A row goes over several blocks, a slice each; what only the whole row tells is found by its last block.
// Greedy: one launch. Else one that draws, and two more for each of top_k and top_p: a histogram finds the bucket where the set ends, the
// bucket's candidates are listed and the end is found among them. Moves 4 n vocab bytes; later launches find the logits in the L2 cache.
#include <algorithm>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/sample.cuh"
#include "kernels/cuda/tickets.cuh"

namespace latent4j::cuda {

namespace {

constexpr int kThreads = 512, kWarps = kThreads / 32;
constexpr int kPerThread = 8, kSlice = kThreads * kPerThread;
constexpr int kBuckets = 2 * kThreads;
constexpr float kInfinity = __builtin_inff();

// What is known of a row, from launch to launch. A rank of 0 lets everything pass.
struct RowState {
  Rank least_logit;   // the last of top_k
  Rank least_weight;  // the last of top_p
  uint64_t wanted;    // how much of the edge bucket belongs to the set
  uint64_t sums[kBuckets];
  float top;          // the largest logit
  int edge;           // the bucket where the set ends; -1: it is everything
  uint32_t listed;    // ids in the list
  bool decided;       // the token stands already
};

// logits [n, vocab], rows, tokens [n], states [n], slices [n, n_slices], ids [n, vocab], tickets [n]
struct Rows {
  const float* logits;
  const SampleRow* rows;
  int32_t* tokens;
  int vocab, n_slices, top_k;
  float scale, top_p, min_p;
  bool greedy;
  RowState* states;
  uint64_t* slices;
  int32_t* ids;
  uint32_t* tickets;
};

enum class Cut { top_k, top_p };

// Calls use(logit, id) for this block's slice of a row.
template <typename Use>
__device__ void for_each(const float* logits, int vocab, const Use& use) {
  const int begin = static_cast<int>(blockIdx.x) * kSlice;
  if (vocab % 4 == 0) {
#pragma unroll
    for (int p = 0; p < kPerThread / 4; p++) {
      const int at = begin + 4 * (p * kThreads + static_cast<int>(threadIdx.x));
      if (at >= vocab) continue;
      const float4 v = *reinterpret_cast<const float4*>(logits + at);
      use(v.x, at);
      use(v.y, at + 1);
      use(v.z, at + 2);
      use(v.w, at + 3);
    }
  } else {
    for (int at = begin + static_cast<int>(threadIdx.x); at < min(begin + kSlice, vocab); at += kThreads) use(logits[at], at);
  }
}

// The sum of v over the threads before this one; *total: over all.
__device__ uint64_t sum_before(uint64_t v, uint64_t* total) {
  __shared__ uint64_t warps[kWarps];
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  uint64_t sum = v;
#pragma unroll
  for (unsigned offset = 1; offset < 32; offset *= 2) {
    const uint64_t other = __shfl_up_sync(0xffffffffu, sum, offset);
    if (lane >= offset) sum += other;
  }
  __syncthreads();  // a call before this one has read its warps
  if (lane == 31) warps[warp] = sum;
  __syncthreads();
  uint64_t before = 0, all = 0;
#pragma unroll
  for (unsigned i = 0; i < kWarps; i++) {
    before += i < warp ? warps[i] : 0;
    all += warps[i];
  }
  *total = all;
  return before + sum - v;
}

// Where a sum that goes over items in order, kItems a thread, reaches `wanted`: found(item of this thread, sum before it), in one thread.
template <int kItems, typename Found>
__device__ void find(const uint64_t (&items)[kItems], uint64_t before, uint64_t wanted, const Found& found) {
#pragma unroll
  for (int i = 0; i < kItems; i++) {
    if (before < wanted && wanted <= before + items[i]) found(i, before);
    before += items[i];
  }
}

// What earlier launches found of a row, in registers.
struct Known {
  float top, scale;
  Rank least_logit, least_weight;

  __device__ Known(const Rows& args, const RowState& state)
      : top(state.top), scale(args.scale), least_logit(state.least_logit), least_weight(state.least_weight) {}
  // The weight of a candidate; 0 if top_k leaves it out.
  __device__ float weight(float x, int id) const { return rank_of(order_key(x), id) >= least_logit ? weight_of(x, top, scale) : 0.0f; }
};

// One candidate's place in a cut's order and how much it counts.
template <Cut kCut>
struct Candidate {
  Rank rank;
  uint64_t amount;
  int bucket;  // later ranks are never in a higher one

  __device__ Candidate(const Known& known, float x, int id) {
    if constexpr (kCut == Cut::top_k) {
      rank = rank_of(order_key(x), id);
      amount = x == x;
      // 64 to a unit: the k-th is within a few units of the largest, and few share its bucket.
      bucket = x == x ? kBuckets - 1 - static_cast<int>(fminf(kBuckets - 1, (known.top - x) * 64)) : 0;
    } else {
      const float w = known.weight(x, id);
      rank = rank_of(__float_as_uint(w), id);
      amount = fixed(w);
      bucket = static_cast<int>(__float_as_uint(w) >> 20);
    }
  }
};

__global__ void __launch_bounds__(kThreads) sample_largest_kernel(Rows args) {
  wait_for_earlier_kernels();
  __shared__ Rank warps[kWarps];
  const int row = static_cast<int>(blockIdx.y);
  RowState& state = args.states[row];
  const auto block_max = [](Rank r) {
#pragma unroll
    for (unsigned offset = 16; offset > 0; offset /= 2) r = max(r, __shfl_xor_sync(0xffffffffu, r, offset));
    __syncthreads();
    if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = r;
    __syncthreads();
    for (Rank other : warps) r = max(r, other);
    return r;
  };
  Rank first = 0;
  for_each(args.logits + static_cast<size_t>(row) * args.vocab, args.vocab, [&](float x, int id) {
    if (x == x) first = max(first, rank_of(order_key(x), id));
  });
  first = block_max(first);
  uint64_t* slices = args.slices + static_cast<size_t>(row) * args.n_slices;
  if (threadIdx.x == 0) slices[blockIdx.x] = first;
  if (!is_last_block(args.tickets + row, gridDim.x)) return;
  first = 0;
  for (int i = threadIdx.x; i < args.n_slices; i += kThreads) first = max(first, __ldcg(slices + i));
  first = block_max(first);
  if (!args.greedy) {
    for (int i = threadIdx.x; i < kBuckets; i += kThreads) state.sums[i] = 0;
  }
  if (threadIdx.x != 0) return;
  const int id = first ? static_cast<int>(~static_cast<uint32_t>(first)) : 0;
  const float top = args.logits[static_cast<size_t>(row) * args.vocab + id];
  // Nothing but NaN and -inf, or a +inf that beats everything: no distribution to draw from.
  state.decided = args.greedy || !(fabsf(top) < kInfinity);
  if (state.decided) args.tokens[row] = top > -kInfinity ? id : -1;
  state.top = top;
  state.least_logit = state.least_weight = 0;
  state.listed = 0;
}

// Finds the bucket where a cut's set ends.
template <Cut kCut>
__global__ void __launch_bounds__(kThreads) sample_count_kernel(Rows args) {
  wait_for_earlier_kernels();
  __shared__ Counter counters[kBuckets];
  const int row = static_cast<int>(blockIdx.y);
  RowState& state = args.states[row];
  if (state.decided) return;
  for (int i = threadIdx.x; i < kBuckets; i += kThreads) counters[i].clear();
  const Known known(args, state);
  __syncthreads();
  for_each(args.logits + static_cast<size_t>(row) * args.vocab, args.vocab, [&](float x, int id) {
    const Candidate<kCut> candidate(known, x, id);
    if (candidate.amount) counters[candidate.bucket].add(candidate.amount);
  });
  __syncthreads();
  for (int i = threadIdx.x; i < kBuckets; i += kThreads) {
    if (const uint64_t sum = counters[i].value()) atomicAdd(reinterpret_cast<unsigned long long*>(&state.sums[i]), sum);
  }
  if (!is_last_block(args.tickets + row, gridDim.x)) return;
  const int bucket = kBuckets - 1 - 2 * static_cast<int>(threadIdx.x);  // the highest come first
  const uint64_t items[2] = {__ldcg(&state.sums[bucket]), __ldcg(&state.sums[bucket - 1])};
  uint64_t total;
  const uint64_t before = sum_before(items[0] + items[1], &total);
  const uint64_t wanted = kCut == Cut::top_k
                              ? static_cast<uint64_t>(args.top_k)
                              : max(uint64_t{1}, min(total, static_cast<uint64_t>(ceil(static_cast<double>(total) * args.top_p))));
  if (threadIdx.x == 0) state.edge = -1;
  if (threadIdx.x == 0) state.listed = 0;
  __syncthreads();
  find(items, before, wanted, [&](int i, uint64_t above) {
    state.edge = bucket - i;
    state.wanted = wanted - above;
  });
  state.sums[bucket] = state.sums[bucket - 1] = 0;
}

// The rank where the sum over the list, first ranks first, reaches `wanted`: few candidates, one a thread, each adds up those before it.
template <Cut kCut>
__device__ void end_among_few(const Known& known, uint64_t wanted, const float* logits, const int32_t* ids, int listed, Rank* end) {
  __shared__ Rank ranks[kThreads];
  __shared__ uint64_t amounts[kThreads];
  const int i = static_cast<int>(threadIdx.x);
  if (i < listed) {
    const int id = __ldcg(ids + i);
    const Candidate<kCut> candidate(known, logits[id], id);
    ranks[i] = candidate.rank;
    amounts[i] = candidate.amount;
  }
  __syncthreads();
  if (i >= listed) return;
  uint64_t sum = 0;
  for (int j = 0; j < listed; j++) sum += ranks[j] >= ranks[i] ? amounts[j] : 0;
  if (sum >= wanted && sum - amounts[i] < wanted) *end = ranks[i];
}

// The same of any number: 8 bits of the rank at a time.
template <Cut kCut>
__device__ void end_among_many(const Known& known, uint64_t all_wanted, const float* logits, const int32_t* ids, int listed, Rank* end) {
  __shared__ Counter counters[kThreads];
  __shared__ uint64_t wanted;
  __shared__ Rank prefix;
  if (threadIdx.x == 0) wanted = all_wanted;
  if (threadIdx.x == 0) prefix = 0;
  for (int shift = 56; shift >= 0; shift -= 8) {
    counters[threadIdx.x].clear();
    __syncthreads();
    for (int i = threadIdx.x; i < listed; i += kThreads) {
      const int id = __ldcg(ids + i);
      const Candidate<kCut> candidate(known, logits[id], id);
      const Rank digits = candidate.rank >> shift;
      if (digits >> 8 == prefix) counters[digits & 255].add(candidate.amount);
    }
    __syncthreads();
    const uint64_t items[1] = {threadIdx.x < 256 ? counters[255 - threadIdx.x].value() : 0};
    uint64_t total;
    const uint64_t before = sum_before(items[0], &total), remains = wanted;
    const Rank digits = prefix << 8;
    __syncthreads();
    find(items, before, remains, [&](int, uint64_t above) {
      prefix = digits | (255 - threadIdx.x);
      wanted = remains - above;
    });
    __syncthreads();
  }
  if (threadIdx.x == 0) *end = prefix;
}

// Lists the candidates of the edge bucket and finds the last one of the set.
template <Cut kCut>
__global__ void __launch_bounds__(kThreads) sample_cut_kernel(Rows args) {
  wait_for_earlier_kernels();
  const int row = static_cast<int>(blockIdx.y);
  RowState& state = args.states[row];
  if (state.decided || state.edge < 0) return;
  const float* logits = args.logits + static_cast<size_t>(row) * args.vocab;
  int32_t* ids = args.ids + static_cast<size_t>(row) * args.vocab;
  const Known known(args, state);
  const int edge = state.edge;
  for_each(logits, args.vocab, [&](float x, int id) {
    const Candidate<kCut> candidate(known, x, id);
    if (candidate.amount && candidate.bucket == edge) ids[atomicAdd(&state.listed, 1)] = id;
  });
  if (!is_last_block(args.tickets + row, gridDim.x)) return;
  const int listed = static_cast<int>(__ldcg(&state.listed));
  Rank* end = kCut == Cut::top_k ? &state.least_logit : &state.least_weight;
  if (listed <= kThreads) {
    end_among_few<kCut>(known, state.wanted, logits, ids, listed, end);
  } else {
    end_among_many<kCut>(known, state.wanted, logits, ids, listed, end);
  }
}

__global__ void __launch_bounds__(kThreads) sample_draw_kernel(Rows args) {
  wait_for_earlier_kernels();
  __shared__ int chosen;
  __shared__ uint64_t remains;
  const int row = static_cast<int>(blockIdx.y);
  const RowState& state = args.states[row];
  if (state.decided) return;
  const float* logits = args.logits + static_cast<size_t>(row) * args.vocab;
  const Known known(args, state);
  // Weights are relative to the largest, and a weight's bits rise with it: the least rank of min_p's set.
  const Rank least_weight = max(known.least_weight, Rank{__float_as_uint(args.min_p)} << 32);
  // Of the drawable candidate `id`; 0 of others.
  const auto amount = [&](float x, int id) -> uint64_t {
    const float w = known.weight(x, id);
    return rank_of(__float_as_uint(w), id) >= least_weight ? fixed(w) : 0;
  };
  uint64_t sum = 0, total;
  for_each(logits, args.vocab, [&](float x, int id) { sum += amount(x, id); });
  sum_before(sum, &total);
  uint64_t* slices = args.slices + static_cast<size_t>(row) * args.n_slices;
  if (threadIdx.x == 0) slices[blockIdx.x] = total;
  if (!is_last_block(args.tickets + row, gridDim.x)) return;

  const int per_thread = (args.n_slices + kThreads - 1) / kThreads;
  const int begin = min(args.n_slices, per_thread * static_cast<int>(threadIdx.x)), end = min(args.n_slices, begin + per_thread);
  sum = 0;
  for (int i = begin; i < end; i++) sum += __ldcg(slices + i);
  uint64_t before = sum_before(sum, &total);
  const double target = uniform(args.rows[row].seed, args.rows[row].step) * static_cast<double>(total);
  const uint64_t wanted = min(static_cast<uint64_t>(target), total - 1) + 1;  // the first sum beyond the target
  for (int i = begin; i < end; i++) {
    find({__ldcg(slices + i)}, before, wanted, [&](int, uint64_t above) {
      chosen = i;
      remains = wanted - above;
    });
    before += __ldcg(slices + i);
  }
  __syncthreads();
  const int first = chosen * kSlice + kPerThread * static_cast<int>(threadIdx.x);  // a thread's candidates are neighbours: ids ascend
  uint64_t items[kPerThread];
  sum = 0;
#pragma unroll
  for (int i = 0; i < kPerThread; i++) {
    items[i] = first + i < args.vocab ? amount(logits[first + i], first + i) : 0;
    sum += items[i];
  }
  before = sum_before(sum, &total);
  find(items, before, remains, [&](int i, uint64_t) { args.tokens[row] = first + i; });
}

template <Cut kCut>
void cut(const Rows& rows, dim3 grid, const Stream& stream) {
  launch_kernel(stream, "sample_count_kernel", sample_count_kernel<kCut>, grid, kThreads, 0, rows);
  launch_kernel(stream, "sample_cut_kernel", sample_cut_kernel<kCut>, grid, kThreads, 0, rows);
}

constexpr size_t round_up(size_t bytes) { return (bytes + 255) / 256 * 256; }

}  // namespace

void sample(Queue& queue, const SampleArgs& args) {
  const Stream& stream = *queue.stream;
  Rows rows = {};
  rows.vocab = args.vocab;
  rows.n_slices = (args.vocab + kSlice - 1) / kSlice;
  rows.top_k = args.top_k;
  rows.scale = std::min(1.0f / args.temperature, 3.0e38f);  // finite: the largest stays exp(0)
  rows.top_p = args.top_p;
  rows.min_p = std::max(0.0f, args.min_p);  // -0 is no rank
  rows.greedy = args.temperature <= 0;
  rows.tickets = stream.tickets;
  const size_t slices_bytes = sizeof(uint64_t) * rows.n_slices, ids_bytes = sizeof(int32_t) * args.vocab;
  const auto most = static_cast<int32_t>((kScratchBytes - 1024) / (sizeof(RowState) + slices_bytes + ids_bytes));
  for (int32_t row = 0; row < args.n; row += most) {
    const int32_t n = std::min(most, args.n - row);
    rows.logits = args.logits + static_cast<size_t>(row) * args.vocab;
    rows.rows = args.rows + row;
    rows.tokens = args.tokens + row;
    std::byte* scratch = stream.scratch;
    rows.states = reinterpret_cast<RowState*>(scratch);
    scratch += round_up(sizeof(RowState) * n);
    rows.slices = reinterpret_cast<uint64_t*>(scratch);
    scratch += round_up(slices_bytes * n);
    rows.ids = reinterpret_cast<int32_t*>(scratch);
    // A block a slice: eight candidates a thread cover the wait for memory, and a vocabulary gives tens of blocks to each row.
    const dim3 grid(rows.n_slices, n);
    launch_kernel(stream, "sample_largest_kernel", sample_largest_kernel, grid, kThreads, 0, rows);
    if (rows.greedy) continue;
    if (args.top_k > 0 && args.top_k < args.vocab) cut<Cut::top_k>(rows, grid, stream);
    if (args.top_p < 1) cut<Cut::top_p>(rows, grid, stream);
    launch_kernel(stream, "sample_draw_kernel", sample_draw_kernel, grid, kThreads, 0, rows);
  }
}

}  // namespace latent4j::cuda
