// level_ops.h: the ops of one CPU level, each defined in cpu/<op>.cpp; table.cpp gathers them, dispatch.cpp picks a level.
#pragma once

#include "kernels/ops.h"

namespace latent4j::cpu::L4J_LEVEL {

void embed(Queue&, const EmbedArgs&);
void rms_norm(Queue&, const RmsNormArgs&);
void matmul(Queue&, const MatmulArgs&);
void kv_append(Queue&, const KvAppendArgs&);
void attention(Queue&, const AttentionArgs&);
void silu_mul(Queue&, const SiluMulArgs&);
void align(Queue&, const AlignArgs&);
void sample(Queue&, const SampleArgs&);
void likeliest(Queue&, const LikeliestArgs&);
void mix(Queue&, const MixArgs&);
void nearest(Queue&, const NearestArgs&);
void compare(Queue&, const CompareArgs&);
void kv_copy(Queue&, const KvCopyArgs&);
void kv_rotate(Queue&, const KvRotateArgs&);
void rope_angles(Queue&, const RopeAnglesArgs&);
void copy_rows(Queue&, const CopyRowsArgs&);
void check_finite(Queue&, const CheckFiniteArgs&);
void advance(Queue&, const AdvanceArgs&);
void penalize(Queue&, const PenalizeArgs&);
void remember(Queue&, const RememberArgs&);
void decode_row(const Matrix& w, int32_t row, float* y);

const Ops& table();

}  // namespace latent4j::cpu::L4J_LEVEL
