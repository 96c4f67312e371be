// alignment.h: the map from a hidden state back to an input embedding, solved once per model (method.md; the paper's W_a).
#pragma once

#include <memory>
#include <vector>

#include "kernels/ops.h"
#include "model/weights.h"

namespace latent4j {

// The order is l4j_alignment's.
enum class AlignmentKind { identity, ridge, random, none, soft };
constexpr int32_t kMapKinds = 4;  // those that are a map of h: all but soft

// Farther from I than this, ridge is worth its product with h.
constexpr double kFarFromIdentity = 0.1;

struct Alignment {
  AlignmentKind kind = AlignmentKind::identity;
  std::vector<float> matrix;  // [d_model, d_model], row vectors: e = h W; empty for identity and none
  float target_norm = 0;      // mean norm of the input embedding's rows; 0 for none: not rescaled

  // ||W - I||_F / ||I||_F
  double distance_from_identity(int32_t d_model) const;
};

// ridge: W = (W_out^T W_out + lambda I)^-1 W_out^T W_in, lambda = 1e-5, sums in f32 over blocks of the vocabulary added in f64, Cholesky in
// f64.
// random: U diag(s) V^T, s the singular values of the ridge W, U and V random orthogonal from `seed`.
// `cancel` (may be null) ends it with CANCELLED between two strips of the sums or of the factorization; finding the singular values is one
// piece.
Alignment solve_alignment(AlignmentKind kind, const Weights& weights, Queue& queue, const Ops& ops, int32_t* cancel = nullptr,
                          uint64_t seed = 42);

// 1 / ||row|| of each row of the input embeddings; 0 for rows of zeros.
std::vector<float> inverse_embedding_norms(const Weights& weights, Queue& queue, const Ops& ops);

}  // namespace latent4j
