// nearest.cpp: the row of the embeddings whose direction a thought has most of.
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/simd.h"

namespace latent4j::cpu::L4J_LEVEL {

void nearest(Queue& queue, const NearestArgs& args) {
  queue.threads->run(args.n, [&](int row, int) {
    const float* products = args.products + static_cast<size_t>(row) * args.vocab;
    Thought& thought = args.thoughts[row];
    float best = -__builtin_inff();
    for (int j = 0; j < args.vocab; j++) {
      const float scaled = products[j] * args.scales[j];
      if (!(scaled > best)) continue;
      best = scaled;
      thought.nearest_token = j;
    }
    thought.nearest_cosine = thought.norm > 0 ? least(1.0f, most(-1.0f, best / thought.norm)) : __builtin_nanf("");  // rounding goes past 1
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
