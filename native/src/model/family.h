// family.h: what distinguishes one model family from another. A family is one file in families/ and one line in family.cpp's registry.
#pragma once

#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/config.h"

namespace latent4j {

// Names of a layer's tensors, "{}" standing for the layer's number; an empty name: this family has no such tensor.
struct TensorNames {
  std::string embedding, output, final_norm;
  std::string attention_norm, q, k, v, o, q_bias, k_bias, v_bias, q_norm, k_norm, mlp_norm, gate, up, down;
};

struct Family {
  std::string name;
  std::vector<std::string> model_types;         // config.json: model_type
  std::vector<std::string> gguf_architectures;  // GGUF: general.architecture
  bool qkv_bias = false;                        // biases are required (else: optional by config)
  bool qk_norm = false;
  // What this family's config says beyond the common keys; may be null.
  void (*read_config)(const Checkpoint& checkpoint, Config& config) = nullptr;
};

// The families known, each from its own file.
const std::vector<const Family*>& families();

// Throws UNSUPPORTED, naming the architecture and the supported ones.
const Family& family_of(const Checkpoint& checkpoint);

}  // namespace latent4j
