// copy_rows.cpp: rows from places to places.
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {

void copy_rows(Queue&, const CopyRowsArgs& args) {
  const size_t d = args.d;
  for (int32_t i = 0; i < args.n; i++) {
    const size_t from = args.from ? args.from[i] : i, to = args.to ? args.to[i] : i;
    __builtin_memcpy(args.y + to * d, args.x + from * d, d * sizeof(float));
  }
}

}  // namespace latent4j::cpu::L4J_LEVEL
