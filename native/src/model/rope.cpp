// rope.cpp: rotary frequencies, numerically those of transformers' modeling_rope_utils.py (which computes them in f32, this in f64).
#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace latent4j {

namespace {

constexpr const char* kSupported = "default, linear, llama3, yarn";
constexpr double kMost = 1e12;
constexpr double kLeastFactor = 1e-3;

// Long wavelengths are stretched, short ones kept, those between blended.
void scale_llama3(const RopeScaling& s, std::vector<double>& inv_freq) {
  const double longest_kept = s.original_positions / s.high_freq_factor, shortest_stretched = s.original_positions / s.low_freq_factor;
  for (double& f : inv_freq) {
    const double wavelength = 2 * std::numbers::pi / f;
    if (wavelength > shortest_stretched) {
      f /= s.factor;
    } else if (wavelength >= longest_kept) {
      const double smooth = (s.original_positions / wavelength - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
      f = (1 - smooth) * f / s.factor + smooth * f;
    }
  }
}

// Between the dimensions that turn beta_fast and beta_slow times in the original context, from kept to stretched.
void scale_yarn(const RopeScaling& s, int32_t head_dim, std::vector<double>& inv_freq) {
  const auto dimension_of = [&](double turns) {
    return head_dim * std::log(s.original_positions / (turns * 2 * std::numbers::pi)) / (2 * std::log(s.theta));
  };
  double low = dimension_of(s.beta_fast), high = dimension_of(s.beta_slow);
  if (s.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, head_dim - 1.0);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < inv_freq.size(); ++i) {
    const double stretched = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    inv_freq[i] = inv_freq[i] / s.factor * stretched + inv_freq[i] * (1 - stretched);
  }
}

// transformers 5 may hold one set of parameters per layer type; ours is one for all layers.
Fields flat_parameters(const Fields& parameters, const nlohmann::json& raw) {
  const nlohmann::json* first = nullptr;
  for (const auto& [key, value] : raw.items()) {
    if (!value.is_object()) continue;
    L4J_CHECK(!first || *first == value, "UNSUPPORTED", parameters.name(), ": differs between layer types (", quote(key),
              "), supported: one rotation for all layers");
    first = &value;
  }
  return first ? Fields(*first, parameters.name()) : parameters;
}

}  // namespace

double yarn_magnitude(double factor, double mscale) { return factor <= 1 ? 1 : 0.1 * mscale * std::log(factor) + 1; }

RopeConfig make_rope(const RopeScaling& s, int32_t head_dim, const std::string& name) {
  RopeConfig rope;
  rope.theta = s.theta;
  rope.type = s.type;
  rope.inv_freq.resize(head_dim / 2);
  for (int32_t i = 0; i < head_dim / 2; ++i) rope.inv_freq[i] = 1 / std::pow(s.theta, 2.0 * i / head_dim);
  if (s.type == "linear") {
    for (double& f : rope.inv_freq) f /= s.factor;
  } else if (s.type == "llama3") {
    scale_llama3(s, rope.inv_freq);
  } else if (s.type == "yarn") {
    scale_yarn(s, head_dim, rope.inv_freq);
    rope.attention_factor = static_cast<float>(s.attention_factor);
  } else {
    L4J_CHECK(s.type == "default", "UNSUPPORTED", name, ": rope type ", quote(s.type), ", supported: ", kSupported);
  }
  for (const double f : rope.inv_freq) {
    L4J_CHECK(std::isfinite(f), "BAD_CHECKPOINT", name, ": the rope parameters of type ", s.type, " give an angle that is not finite");
  }
  return rope;
}

RopeScaling read_rope(const Fields& config, int32_t max_positions) {
  RopeScaling s;
  // Where both stand, transformers 5 takes all from rope_scaling, which somebody has added to the rope_parameters that it wrote itself.
  const nlohmann::json* added = config.find("rope_scaling");
  const char* key = added && !(added->is_object() && added->empty()) ? "rope_scaling" : "rope_parameters";
  auto parameters = config.object(key);
  if (parameters) parameters = flat_parameters(*parameters, *config.find(key));
  s.theta = config.number("rope_theta", 1.0001, kMost, s.theta);
  L4J_CHECK(config.number("partial_rotary_factor", 0, 1, 1) == 1, "UNSUPPORTED", config.name(), ": partial_rotary_factor is ",
            config.number("partial_rotary_factor", 0, 1, 1), ", supported: 1");
  if (!parameters) return s;

  const Fields& p = *parameters;
  s.theta = p.number("rope_theta", 1.0001, kMost, s.theta);
  s.type = p.text("rope_type", p.text("type", "default"));
  L4J_CHECK(p.number("partial_rotary_factor", 0, 1, 1) == 1, "UNSUPPORTED", p.name(), ": partial_rotary_factor is ",
            p.number("partial_rotary_factor", 0, 1, 1), ", supported: 1");
  if (s.type == "default") return s;
  L4J_CHECK(s.type == "linear" || s.type == "llama3" || s.type == "yarn", "UNSUPPORTED", p.name(), ": rope type ", quote(s.type),
            ", supported: ", kSupported);
  // Phi's way of writing it, outside the parameters, comes first in transformers too.
  s.original_positions = config.number("original_max_position_embeddings", 1, kMost,
                                       p.number("original_max_position_embeddings", 1, kMost, max_positions));
  const bool implied = s.type == "yarn" && !p.has("factor");  // the ratio of the two contexts
  s.factor = implied ? std::max(1.0, max_positions / s.original_positions) : p.number("factor", kLeastFactor, kMost);
  if (s.type == "llama3") {
    s.low_freq_factor = p.number("low_freq_factor", 1e-3, kMost);
    s.high_freq_factor = p.number("high_freq_factor", 1e-3, kMost);
    if (s.high_freq_factor <= s.low_freq_factor) p.refuse("high_freq_factor", concat("more than low_freq_factor, ", s.low_freq_factor));
  }
  if (s.type == "yarn") {
    const auto or_default = [&](const char* key, double fallback) {  // transformers takes 0 for "not given"
      const double x = p.number(key, 0, kMost, fallback);
      return x == 0 ? fallback : x;
    };
    s.beta_fast = or_default("beta_fast", 32);
    s.beta_slow = or_default("beta_slow", 1);
    s.truncate = p.boolean("truncate", true);
    const double mscale = p.number("mscale", 0, kMost, 0), all = p.number("mscale_all_dim", 0, kMost, 0);
    const double usual = mscale != 0 && all != 0 ? yarn_magnitude(s.factor, mscale) / yarn_magnitude(s.factor, all)
                                                 : yarn_magnitude(s.factor);
    s.attention_factor = p.number("attention_factor", 0, kMost, usual);
  }
  return s;
}

RopeScaling read_gguf_rope(const Fields& metadata, const std::string& architecture, int32_t max_positions) {
  const std::string rope = architecture + ".rope.", scaling = rope + "scaling.";
  RopeScaling s;
  s.theta = metadata.number(rope + "freq_base", 1.0001, kMost, s.theta);
  s.type = metadata.text(scaling + "type", "none");
  s.factor = metadata.number(scaling + "factor", 0, kMost, metadata.number(rope + "scale_linear", 0, kMost, 0));
  if (s.factor != 0 && s.factor < kLeastFactor) {
    metadata.refuse(metadata.has(scaling + "factor") ? scaling + "factor" : rope + "scale_linear", concat("0 or a number from ", kLeastFactor));
  }
  if (!metadata.has(scaling + "type") && s.factor > 0 && s.factor != 1) s.type = "linear";  // files from before the type key
  if (s.type == "none" || s.factor == 0) {
    L4J_CHECK(s.type == "none" || s.type == "linear" || s.type == "yarn", "UNSUPPORTED", metadata.name(), ": ", scaling, "type is ",
              quote(s.type), ", supported: none, linear, yarn");
    s.type = "default";
    return s;
  }
  L4J_CHECK(s.type == "linear" || s.type == "yarn", "UNSUPPORTED", metadata.name(), ": ", scaling, "type is ", quote(s.type),
            ", supported: none, linear, yarn");
  s.original_positions = metadata.number(scaling + "original_context_length", 1, kMost, max_positions);
  if (s.type == "yarn") {
    s.beta_fast = metadata.number(scaling + "yarn_beta_fast", 1e-3, kMost, 32);
    s.beta_slow = metadata.number(scaling + "yarn_beta_slow", 1e-3, kMost, 1);
    s.attention_factor = metadata.number(scaling + "attn_factor", 0, kMost, 1) * yarn_magnitude(s.factor);
  }
  return s;
}

}  // namespace latent4j
