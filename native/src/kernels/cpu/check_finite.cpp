// check_finite.cpp: by the exponent's bits, so that the loop vectorizes.
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {

void check_finite(Queue&, const CheckFiniteArgs& args) {
  constexpr uint32_t kExponent = 0x7f800000u;
  for (int32_t row = 0; row < args.n; row++) {
    const float* x = args.x + static_cast<size_t>(row) * args.d;
    uint32_t bad = 0;
    for (int32_t i = 0; i < args.d; i++) {
      uint32_t bits;
      __builtin_memcpy(&bits, x + i, sizeof bits);
      bad |= (bits & kExponent) == kExponent;
    }
    if (!bad) continue;
    const RowPlace place = args.places[row];
    const uint64_t where = static_cast<uint64_t>(place.position) << 32 | static_cast<uint32_t>(place.sequence);
    if (where < *args.first_bad) *args.first_bad = where;
  }
}

}  // namespace latent4j::cpu::L4J_LEVEL
