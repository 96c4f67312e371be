// advance.cpp: one step on.
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {

void advance(Queue&, const AdvanceArgs& args) {
  for (int32_t i = 0; i < args.n; i++) {
    args.places[i].position++;
    if (args.samples) args.samples[i].step++;
    if (args.rows) args.rows[i]++;
  }
}

}  // namespace latent4j::cpu::L4J_LEVEL
