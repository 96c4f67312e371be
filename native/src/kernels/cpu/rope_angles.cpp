// rope_angles.cpp: in f64, since a position of 100 000 times a frequency has no digits left in f32.
#include <cmath>

#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {

void rope_angles(Queue&, const RopeAnglesArgs& args) {
  for (int32_t row = 0; row < args.n; row++) {
    const size_t at = static_cast<size_t>(row) * args.half;
    for (int32_t i = 0; i < args.half; i++) {
      const double angle = args.places[row].position * args.inv_freq[i];
      args.cos[at + i] = static_cast<float>(__builtin_cos(angle)) * args.factor;
      args.sin[at + i] = static_cast<float>(__builtin_sin(angle)) * args.factor;
    }
  }
}

}  // namespace latent4j::cpu::L4J_LEVEL
