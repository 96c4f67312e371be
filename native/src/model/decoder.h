// decoder.h: one forward pass of a decoder-only transformer over the rows of a ragged batch. Reads like the paper: norm, attention, norm,
// MLP.
#pragma once

#include <cstdint>

#include "base/device.h"
#include "kernels/ops.h"
#include "model/device_weights.h"

namespace latent4j {

// The activations of one pass, on the device, reused from pass to pass. A row is one position of one sequence.
struct Activations {
  explicit Activations(Device& device)
      : x(device), h(device), q(device), attended(device), k(device), v(device), gate(device), up(device), cos(device), sin(device) {}

  int32_t rows = 0;           // capacity
  Buffer<float> x;            // [rows, d_model] residual stream; in: input embeddings
  Buffer<float> h;            // [rows, d_model] normalized
  Buffer<float> q, attended;  // [rows, n_heads * head_dim]
  Buffer<float> k, v;         // [rows, n_kv_heads * head_dim]
  Buffer<float> gate, up;     // [rows, d_ff]
  Buffer<float> cos, sin;     // [rows, head_dim / 2]

  void reserve(const Config& config, int32_t n_rows);
};

// Where a pass's rows stand, and in which memories.
struct PassRows {
  const RowPlace* places;    // [n]
  int32_t n;
  PagedSequences sequences;  // writable at the places
  int32_t longest;           // no position reaches it
  bool prefill;              // rows of prompts
};

class Decoder {
 public:
  Decoder(const DeviceWeights& weights, const Ops& ops) : weights_(weights), ops_(ops) {}

  // Runs activations.x [n, d_model] through the layers: leaves the rows' keys and values in their memories and the output after the final
  // norm in `out` [n, d_model]. `cancel` (may be null) is looked at before every layer: [CANCELLED].
  void forward(Queue& queue, Activations& activations, const PassRows& rows, float* out, int32_t* cancel) const;

 private:
  const DeviceWeights& weights_;
  const Ops& ops_;
};

}  // namespace latent4j
