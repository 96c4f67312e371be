// weights.h: a checkpoint's tensors bound to their places in the decoder. Immutable, shared by every instance and agent.
// Matrices stay in the mapped file in the format they came in; only norm weights and biases are held as f32.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "model/checkpoint.h"
#include "model/config.h"

namespace latent4j {

struct LayerWeights {
  std::vector<float> attention_norm;      // [d_model]
  Matrix q, k, v;                         // [n_heads * head_dim, d_model], [n_kv_heads * head_dim, d_model] twice
  std::vector<float> q_bias, k_bias, v_bias;  // as many as rows, or empty
  std::vector<float> q_norm, k_norm;      // [head_dim] or empty
  Matrix o;                               // [d_model, n_heads * head_dim]
  std::vector<float> mlp_norm;            // [d_model]
  Matrix gate, up;                        // [d_ff, d_model]
  Matrix down;                            // [d_model, d_ff]
};

struct Weights {
  Checkpoint checkpoint;          // keeps the files mapped
  Config config;
  Matrix embedding;               // [vocab, d_model]
  Matrix output;                  // [vocab, d_model]; the embedding where tied
  std::vector<float> final_norm;  // [d_model]
  std::vector<LayerWeights> layers;

  // Opens, checks every shape against the config, and refuses what it does not know by name ([UNSUPPORTED] architecture, tensor, rope type,
  // with what is supported). The same files (device, inode, size, modification time) open once per process while anybody holds them.
  // `cancel` (may be null) ends it with CANCELLED, also while it waits for another thread that opens.
  static std::shared_ptr<const Weights> open(const std::string& path, int32_t* cancel = nullptr);
  // The same for tensors that are in memory already.
  static std::shared_ptr<const Weights> bind(Checkpoint checkpoint, int32_t* cancel = nullptr);

  // Throws BAD_CHECKPOINT if a file has become shorter since it was opened: using what is gone would end the process.
  void check_files() const;

  // The name and first bad index of a tensor with a NaN or an infinity, or "". Reads everything: called to explain a failure; `cancel`
  // (may be null) ends it with CANCELLED.
  std::string first_not_finite(int32_t* cancel = nullptr) const;
};

}  // namespace latent4j
