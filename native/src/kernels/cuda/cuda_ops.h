// cuda_ops.h: the ops on a CUDA device, each defined in cuda/<op>.cu; table.cu gathers them. See ops.h for what they do.
// Beyond that: every array begins at a multiple of 16 bytes, weights at 256; rows and heads are as limits.h says (a model with another
// shape is refused when it is opened). Block formats are weights as planes.h arranges them.
#pragma once

#include "kernels/ops.h"

namespace latent4j::cuda {

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

const Ops& ops();

}  // namespace latent4j::cuda
