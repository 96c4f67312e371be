// decode_row.cpp: one weight row as f32, for set-up (the target norm, the alignment's normal equations).
#include "kernels/cpu/decode_rows.h"
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {

void decode_row(const Matrix& w, int32_t row, float* y) {
  kDecodeStretch[static_cast<int>(w.dtype)](row_of(w, row_bytes_of(w), row), w.cols, y, kLanes);
}

}  // namespace latent4j::cpu::L4J_LEVEL
