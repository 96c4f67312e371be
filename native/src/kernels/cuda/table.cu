// table.cu: the CUDA ops as a table of functions.
#include "kernels/cuda/cuda_ops.h"

namespace latent4j::cuda {

const Ops& ops() {
  static constexpr Ops table = {.name = "cuda",
                                .embed = embed,
                                .rms_norm = rms_norm,
                                .matmul = matmul,
                                .kv_append = kv_append,
                                .attention = attention,
                                .silu_mul = silu_mul,
                                .align = align,
                                .sample = sample,
                                .kv_copy = kv_copy,
                                .kv_rotate = kv_rotate,
                                .rope_angles = rope_angles,
                                .copy_rows = copy_rows,
                                .check_finite = check_finite,
                                .advance = advance,
                                .decode_row = nullptr};
  return table;
}

}  // namespace latent4j::cuda
