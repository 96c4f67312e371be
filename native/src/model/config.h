// config.h: what a decoder-only transformer needs to know of its shape, whichever file it came from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace latent4j {

struct RopeConfig {
  double theta = 10000;
  std::string type = "default";   // default, linear, llama3, yarn
  std::vector<double> inv_freq;   // [head_dim / 2], scaling applied: the angle of pair i at position p is p * inv_freq[i]
  float attention_factor = 1;     // yarn: cos and sin are multiplied by it
  bool interleaved_input = false; // q and k rows come with adjacent pairs (GGUF's llama); see KvAppendArgs
};

struct Config {
  std::string family;             // the family file's name: llama, qwen2, ...
  int32_t n_layers = 0, d_model = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0, d_ff = 0, vocab = 0;
  int32_t max_positions = 0;      // the context; a memory never grows beyond it
  float rms_eps = 1e-6f;
  bool tied_embeddings = false;   // the output embedding is the input embedding
  RopeConfig rope;
  std::vector<int32_t> windows;   // [n_layers] sliding window in positions, 0: full attention
};

}  // namespace latent4j
