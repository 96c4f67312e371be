// likeliest.cpp: the k best logits of a row by a heap whose root is the worst of them: few stretches of a row hold a better one. The
// entropy in a pass of its own where it is wanted.
#include "kernels/cpu/candidates.h"
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

// Puts those of logits [begin, end) into the heap [k] that come before its root.
void take(const float* logits, int begin, int end, int k, Candidate* heap) {
  for (int i = begin; i < end; i++) {
    if (logits[i] <= heap[0].value) continue;  // of equals the earlier one stays
    heap[0] = {logits[i], i};
    sift_down<false>(heap, k, 0);
  }
}

constexpr int kStretch = 8 * kLanes;

float largest_of_stretch(const float* x) {
  Vec top = load(x);
  for (int i = kLanes; i < kStretch; i += kLanes) top = max(load(x + i), top);
  return reduce_max(top);
}

// The k best of the row, best first.
void best_of(const float* logits, int vocab, int k, Candidate* heap) {
  for (int i = 0; i < k; i++) heap[i] = {logits[i], i};
  heapify<false>(heap, k);
  int at = k;
  for (; at + kStretch <= vocab; at += kStretch) {
    if (largest_of_stretch(logits + at) > heap[0].value) take(logits, at, at + kStretch, k, heap);
  }
  take(logits, at, vocab, k, heap);
  for (int size = k - 1; size > 0; size--) {
    const Candidate worst = heap[0];
    heap[0] = heap[size];
    sift_down<false>(heap, size, 0);
    heap[size] = worst;
  }
}

// So far below the largest a logit weighs nothing, and from here on down its weight would be subnormal, which takes CPUs a hundred times as
// long.
constexpr float kFarDown = -87.0f;

// With w = exp(x - top): the sums of w and of w (x - top), in f64 from blocks of f32.
void sum_weights(const float* logits, int vocab, float top, double* weights, double* weighted) {
  constexpr int kBlock = 64 * kLanes;
  *weights = *weighted = 0;
  for (int begin = 0; begin < vocab; begin += kBlock) {
    Vec sum = zero(), sum_x = zero();
    for (int i = begin; i < least(vocab, begin + kBlock); i += kLanes) {
      const int lanes = least(kLanes, vocab - i);
      // Lanes beyond the row weigh nothing.
      float padded[kLanes];
      Vec x;
      if (lanes == kLanes) {
        x = load(logits + i) - set1(top);
      } else {
        for (int j = 0; j < kLanes; j++) padded[j] = j < lanes ? logits[i + j] - top : kFarDown;
        x = load(padded);
      }
      x = max(set1(kFarDown), x);
      const Vec w = exp(x);
      sum = sum + w;
      sum_x = fma(w, x, sum_x);
    }
    *weights += static_cast<double>(reduce_add(sum));
    *weighted += static_cast<double>(reduce_add(sum_x));
  }
}

void look_at(const LikeliestArgs& args, const float* logits, const Candidate* best, Thought& thought) {
  double weights, weighted;
  sum_weights(logits, args.vocab, best[0].value, &weights, &weighted);
  thought.entropy = static_cast<float>(most(0.0, __builtin_log(weights) - weighted / weights));
  for (int i = 0; i < kThoughtTokens; i++) {
    const bool there = i < args.k;
    thought.tokens[i] = there ? best[i].id : -1;
    thought.probabilities[i] =
        there ? static_cast<float>(__builtin_exp(static_cast<double>(best[i].value) - static_cast<double>(best[0].value)) / weights) : 0.0f;
  }
}

}  // namespace

void likeliest(Queue& queue, const LikeliestArgs& args) {
  queue.threads->run(args.n, [&](int row, int) {
    const float* logits = args.logits + static_cast<size_t>(row) * args.vocab;
    Candidate best[kMostLikely] = {};
    best_of(logits, args.vocab, args.k, best);
    for (int i = 0; i < args.k; i++) {
      args.ids[static_cast<size_t>(row) * args.k + i] = best[i].id;
      args.values[static_cast<size_t>(row) * args.k + i] = best[i].value;
    }
    if (args.thoughts) look_at(args, logits, best, args.thoughts[row]);
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
