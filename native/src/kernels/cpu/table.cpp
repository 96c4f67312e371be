// table.cpp: the ops of one CPU level as a table of functions.
#include "kernels/cpu/level_ops.h"

#define L4J_TEXT(x) #x
#define L4J_NAME(x) L4J_TEXT(x)

namespace latent4j::cpu::L4J_LEVEL {

const Ops& table() {
  static constexpr Ops ops = {.name = L4J_NAME(L4J_LEVEL),
                              .embed = embed,
                              .rms_norm = rms_norm,
                              .matmul = matmul,
                              .kv_append = kv_append,
                              .attention = attention,
                              .silu_mul = silu_mul,
                              .align = align,
                              .sample = sample,
                              .likeliest = likeliest,
                              .mix = mix,
                              .nearest = nearest,
                              .compare = compare,
                              .kv_copy = kv_copy,
                              .kv_rotate = kv_rotate,
                              .rope_angles = rope_angles,
                              .copy_rows = copy_rows,
                              .check_finite = check_finite,
                              .advance = advance,
                              .penalize = penalize,
                              .remember = remember,
                              .decode_row = decode_row};
  return ops;
}

}  // namespace latent4j::cpu::L4J_LEVEL
