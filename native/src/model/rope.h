// rope.h: the frequencies of rotary position embedding with the scalings that stretch a context.
#pragma once

#include "model/config.h"
#include "model/json.h"

namespace latent4j {

// What a checkpoint says about its rotation, whichever words it uses.
struct RopeScaling {
  std::string type = "default";  // default, linear, llama3, yarn
  double theta = 10000;
  double factor = 1;
  double original_positions = 0;                      // llama3, yarn: the context before stretching
  double low_freq_factor = 1, high_freq_factor = 4;   // llama3
  double beta_fast = 32, beta_slow = 1;               // yarn
  double attention_factor = 1;                        // yarn
  bool truncate = true;                               // yarn: the ramp's ends on whole dimensions
};

// 1, or 0.1 * mscale * ln(factor) + 1 (YaRN, arXiv 2309.00071, section 3.4, as transformers has it).
double yarn_magnitude(double factor, double mscale = 1);

// Angles and attention factor for pairs (i, i + head_dim/2). Throws UNSUPPORTED for a type it does not know; `name` is for error texts.
RopeConfig make_rope(const RopeScaling& scaling, int32_t head_dim, const std::string& name);

// From config.json, as transformers 4 (`rope_theta`, `rope_scaling`) and 5 (`rope_parameters`, possibly per layer type) write it.
RopeScaling read_rope(const Fields& config, int32_t max_positions);

// From GGUF's `<architecture>.rope.*` keys.
RopeScaling read_gguf_rope(const Fields& metadata, const std::string& architecture, int32_t max_positions);

}  // namespace latent4j
