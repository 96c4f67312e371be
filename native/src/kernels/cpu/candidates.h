// candidates.h: logits in their order, and heaps of them: what choosing tokens and mixing them share.
#pragma once

#include "kernels/cpu/simd.h"

namespace latent4j::cpu::L4J_LEVEL {

struct Candidate {
  float value;
  int32_t id;
};

// Larger first, of equals the lower id. A NaN is never before anything.
L4J_INLINE bool before(Candidate a, Candidate b) { return a.value > b.value || (a.value == b.value && a.id < b.id); }

// A heap whose root is the candidate that comes first (kFirst) or last of all.
template <bool kFirst>
static void sift_down(Candidate* heap, int size, int at) {
  const Candidate moved = heap[at];
  for (int child; (child = 2 * at + 1) < size; at = child) {
    if (child + 1 < size && before(heap[child + 1], heap[child]) == kFirst) child++;
    if (before(heap[child], moved) != kFirst) break;
    heap[at] = heap[child];
  }
  heap[at] = moved;
}

template <bool kFirst>
static void heapify(Candidate* heap, int size) {
  for (int i = size / 2 - 1; i >= 0; i--) sift_down<kFirst>(heap, size, i);
}

}  // namespace latent4j::cpu::L4J_LEVEL
