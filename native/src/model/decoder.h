// decoder.h: one forward pass of a decoder-only transformer over the rows of a ragged batch. Reads like the paper: norm, attention, norm,
// MLP.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/tensor.h"
#include "kernels/ops.h"
#include "model/weights.h"

namespace latent4j {

// A buffer of floats, 64-byte aligned, that grows and never shrinks.
class FloatBuffer {
 public:
  float* reserve(size_t n);  // at least n floats; contents are lost when it grows
  float* data() { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float, Free> data_;
  size_t capacity_ = 0;
};

// The activations of one pass, reused from pass to pass. A row is one position of one sequence.
struct Workspace {
  int32_t rows = 0;             // capacity
  FloatBuffer x;                // [rows, d_model] residual stream; in: input embeddings
  FloatBuffer h;                // [rows, d_model] normalized; out: after the final norm
  FloatBuffer q, attended;      // [rows, n_heads * head_dim]
  FloatBuffer k, v;             // [rows, n_kv_heads * head_dim]
  FloatBuffer gate, up;         // [rows, d_ff]
  FloatBuffer cos, sin;         // [rows, head_dim / 2]
  std::vector<RowPlace> places; // [rows]

  void reserve(const Config& config, int32_t n_rows);
};

class Decoder {
 public:
  Decoder(const Weights& weights, const Ops& ops) : weights_(weights), ops_(ops) {}

  // Runs workspace.x [n, d_model] at workspace.places [n] of `sequences`, whose pages are writable at those places: leaves their
  // keys and values there and the output after the final norm in workspace.h. No position reaches `longest`. `cancel` (may be null) is
  // looked at before every layer: [CANCELLED].
  void forward(Queue& queue, Workspace& workspace, int32_t n, PagedSequences sequences, int32_t longest, bool prefill, int32_t* cancel) const;

 private:
  const Weights& weights_;
  const Ops& ops_;
};

}  // namespace latent4j
