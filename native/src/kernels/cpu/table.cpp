// table.cpp: the ops of one CPU level as a table of functions.
#include "kernels/cpu/level_ops.h"

#define L4J_TEXT(x) #x
#define L4J_NAME(x) L4J_TEXT(x)

namespace latent4j::cpu::L4J_LEVEL {

const Ops& table() {
  static constexpr Ops ops = {L4J_NAME(L4J_LEVEL), embed,  rms_norm, matmul,  kv_append, attention,
                              silu_mul,            align,  sample,   kv_copy, kv_rotate, decode_row};
  return ops;
}

}  // namespace latent4j::cpu::L4J_LEVEL
