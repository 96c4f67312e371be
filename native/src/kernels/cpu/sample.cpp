// sample.cpp: one token per row. Candidates are never sorted: a heap finds the top_k-th logit, a histogram over the weights' leading bits
// finds where top_p ends. The draw walks the candidates in the order of their ids.
#include "kernels/cpu/candidates.h"
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/random.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

constexpr float kInfinity = __builtin_inff();

float largest(const float* x, int n) {
  Vec top = set1(-kInfinity);
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) top = max(load(x + i), top);  // passes over a NaN in x
  for (; i < n; i++) top = max(set1(x[i]), top);
  return reduce_max(top);
}

int first_of(const float* x, int n, float value) {
  for (int i = 0; i < n; i++) {
    if (x[i] == value) return i;
  }
  return -1;
}

// In [0, 1), of (seed, step) only.
double uniform(const SampleRow& row) { return static_cast<double>(bits_of_step(row.seed, row.step) >> 11) * 0x1p-53; }

// What may be drawn: ids ascending (null: 0 .. n-1) and their weights relative to the largest.
struct Candidates {
  int32_t* ids;
  float* weights;
  int n;
};

// ids and logits of the k largest, in the order of their ids.
int top_k(const float* logits, int vocab, int k, Candidate* heap, int32_t* ids, float* values) {
  int size = 0;
  for (int i = 0; i < vocab; i++) {
    const float x = logits[i];
    if (size < k) {
      if (x == x) heap[size++] = {x, i};
      if (size == k) heapify<false>(heap, k);
    } else if (x > heap[0].value) {  // of equals the earlier one stays
      heap[0] = {x, i};
      sift_down<false>(heap, k, 0);
    }
  }
  if (size < k) heapify<false>(heap, size);  // fewer numbers than k; at least one, the caller has seen it
  const Candidate last = heap[0];
  int n = 0;
  for (int i = 0; i < vocab; i++) {
    if (logits[i] > last.value || (logits[i] == last.value && i <= last.id)) {
      ids[n] = i;
      values[n++] = logits[i];
    }
  }
  return n;
}

// weights = exp((x - top) / temperature); a NaN weighs nothing.
void weigh(const float* x, int n, float top, float temperature, float* weights) {
  const Vec scale = set1(least(1.0f / temperature, 3.0e38f));  // finite: the largest stays exp(0)
  for (int i = 0; i < n; i += kLanes) {
    const int lanes = least(kLanes, n - i);
    store_n(weights + i, max(exp((load_n(x + i, lanes) - set1(top)) * scale), zero()), lanes);
  }
}

constexpr int kBuckets = 1024;
L4J_INLINE int bucket_of(float weight) { return static_cast<int>(bit_cast<uint32_t>(weight) >> 20); }  // 1.0f: 1016

// The last candidate of the smallest set whose weight reaches top_p of all, and that set's weight. `heap` takes n candidates.
Candidate top_p(const Candidates& all, float share, Candidate* heap, double* weight) {
  double sums[kBuckets] = {};
  for (int i = 0; i < all.n; i++) sums[bucket_of(all.weights[i])] += static_cast<double>(all.weights[i]);
  double total = 0;
  for (int b = kBuckets - 1; b >= 0; b--) total += sums[b];
  const double wanted = total * static_cast<double>(share);
  double sum = 0;
  int edge = kBuckets - 1;
  while (edge > 0 && sum + sums[edge] < wanted) sum += sums[edge--];
  int size = 0;
  for (int i = 0; i < all.n; i++) {
    if (bucket_of(all.weights[i]) == edge) heap[size++] = {all.weights[i], i};
  }
  heapify<true>(heap, size);
  Candidate last = {0, all.n};
  while (size > 0) {
    last = heap[0];
    sum += static_cast<double>(last.value);
    if (sum >= wanted) break;
    heap[0] = heap[--size];
    sift_down<true>(heap, size, 0);
  }
  *weight = sum;
  return last;
}

// The weight of all that do not come after `last`, in the order in which they are drawn.
double weight_up_to(const Candidates& all, Candidate last) {
  double sum = 0;
  for (int i = 0; i < all.n; i++) sum += before(last, {all.weights[i], i}) ? 0 : static_cast<double>(all.weights[i]);
  return sum;
}

int draw(const Candidates& all, Candidate last, double target) {
  double sum = 0;
  int chosen = 0;
  for (int i = 0; i < all.n; i++) {
    const float w = all.weights[i];
    if (w <= 0 || before(last, {w, i})) continue;
    sum += static_cast<double>(w);
    chosen = i;
    if (sum > target) break;  // else rounding: the last one it is
  }
  return all.ids != nullptr ? all.ids[chosen] : chosen;
}

int sample_row(const SampleArgs& args, int row, std::byte* scratch) {
  const float* logits = args.logits + static_cast<size_t>(row) * args.vocab;
  const float top = largest(logits, args.vocab);
  if (!(top > -kInfinity)) return -1;
  // A +inf beats everything: no distribution to draw from.
  if (args.temperature <= 0 || top == kInfinity) return first_of(logits, args.vocab, top);

  const bool cut = args.top_k > 0 && args.top_k < args.vocab;
  const size_t most_candidates = static_cast<size_t>(cut ? args.top_k : args.vocab);
  Candidate* heap = reinterpret_cast<Candidate*>(scratch);
  Candidates all;
  all.weights = reinterpret_cast<float*>(heap + most_candidates);
  all.ids = cut ? reinterpret_cast<int32_t*>(all.weights + most_candidates) : nullptr;
  all.n = cut ? top_k(logits, args.vocab, args.top_k, heap, all.ids, all.weights) : args.vocab;
  weigh(cut ? all.weights : logits, all.n, top, args.temperature, all.weights);

  double weight = 0;
  Candidate last = {0, all.n};
  if (args.top_p < 1) last = top_p(all, args.top_p, heap, &weight);
  const Candidate least = {args.min_p, all.n};  // of min_p's set: weights are relative to the largest
  const bool fewer = args.min_p > 0 && before(least, last);
  if (fewer) last = least;
  if (fewer || args.top_p >= 1) weight = weight_up_to(all, last);
  return draw(all, last, uniform(args.rows[row]) * weight);
}

}  // namespace

void sample(Queue& queue, const SampleArgs& args) {
  const bool cut = args.top_k > 0 && args.top_k < args.vocab;
  const size_t candidates = static_cast<size_t>(cut ? args.top_k : args.vocab);
  const size_t bytes = args.temperature <= 0 ? 64 : (sizeof(Candidate) + 2 * sizeof(float)) * candidates;
  queue.threads->run(args.n, [&](int row, int worker) { args.tokens[row] = sample_row(args, row, queue.threads->scratch(worker, bytes)); });
}

}  // namespace latent4j::cpu::L4J_LEVEL
