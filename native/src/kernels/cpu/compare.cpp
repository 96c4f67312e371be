// compare.cpp: a thought's norm, and its angle to the one before.
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/simd.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

float dot(const float* a, const float* b, int d) {
  Vec sum = zero();
  for (int i = 0; i < d; i += kLanes) sum = fma(load_n(a + i, least(kLanes, d - i)), load_n(b + i, least(kLanes, d - i)), sum);
  return reduce_add(sum);
}

}  // namespace

void compare(Queue&, const CompareArgs& args) {
  for (int row = 0; row < args.n; row++) {
    const float* x = args.x + static_cast<size_t>(row) * args.d;
    const float* before = args.before ? args.before + static_cast<size_t>(row) * args.d : nullptr;
    Thought& thought = args.thoughts[row];
    const float square = dot(x, x, args.d);
    thought.norm = __builtin_sqrtf(square);
    const float norms = before ? __builtin_sqrtf(square) * __builtin_sqrtf(dot(before, before, args.d)) : 0.0f;
    // Rounding takes it past 1.
    thought.step_cosine = norms > 0 ? least(1.0f, most(-1.0f, dot(x, before, args.d) / norms)) : __builtin_nanf("");
    thought.nearest_cosine = __builtin_nanf("");
    thought.nearest_token = -1;
    thought.padding = 0;
  }
}

}  // namespace latent4j::cpu::L4J_LEVEL
