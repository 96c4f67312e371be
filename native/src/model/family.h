// family.h: what distinguishes one model family from another. A family is one file in families/ and one line in family.cpp's registry.
#pragma once

#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/config.h"
#include "model/json.h"

namespace latent4j {

// Names of a layer's tensors, "{}" standing for the layer's number.
struct TensorNames {
  std::string embedding, output, final_norm;
  std::string attention_norm, q, k, v, o, q_bias, k_bias, v_bias, q_norm, k_norm, mlp_norm, gate, up, down;
  std::string rope_factors;           // a divisor for each rotary frequency; empty: this format has no such tensor
  std::vector<std::string> harmless;  // endings of tensors that may be there and are not needed
};

// The names that most families of each format share.
const TensorNames& hugging_face_names();
const TensorNames& gguf_names();

struct Family {
  std::string name;
  std::vector<std::string> model_types;         // config.json: model_type
  std::vector<std::string> gguf_architectures;  // GGUF: general.architecture
  bool qkv_bias = false;                        // biases are required (else: taken where the file has them)
  bool qk_norm = false;
  bool gguf_interleaved_qk = false;             // GGUF files hold the rows of q and k in adjacent pairs of the rotation
  // What this family's config says beyond the common keys; may be null.
  void (*read_config)(const Checkpoint& checkpoint, Config& config) = nullptr;
  const TensorNames& (*names_in_safetensors)() = hugging_face_names;
  const TensorNames& (*names_in_gguf)() = gguf_names;

  const TensorNames& names(CheckpointFormat format) const {
    return format == CheckpointFormat::gguf ? names_in_gguf() : names_in_safetensors();
  }
};

// The families known, each from its own file.
const std::vector<const Family*>& families();

// Throws UNSUPPORTED, naming the architecture and the supported ones.
const Family& family_of(const Checkpoint& checkpoint);

// The common keys, then the family's own. Throws BAD_CHECKPOINT, UNSUPPORTED.
Config read_config(const Checkpoint& checkpoint, const Family& family);

// config.windows from `layer_types` where config.json has them, else `window` from layer `first` on.
void read_windows(const Checkpoint& checkpoint, int32_t window, int32_t first, Config& config);

// The key `sliding_window`: 0 where it is null; 4096 where it is absent, as transformers has it for the families that know the key.
int32_t sliding_window(const Fields& fields);

// Qwen's keys: use_sliding_window, sliding_window, max_window_layers, layer_types.
void read_qwen_windows(const Checkpoint& checkpoint, Config& config);

}  // namespace latent4j
