// config.cpp: a checkpoint's metadata into a Config, for the keys that all families share.
#include "model/config.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/family.h"
#include "model/rope.h"

namespace latent4j {

namespace {

// Far above any model, far below any overflow.
constexpr int64_t kMostLayers = 10'000, kMostWidth = 1 << 20, kMostHeads = 1 << 16, kMostHeadDim = 1 << 12, kMostVocab = 1 << 22,
                  kMostPositions = 1 << 28;

void check_heads(const std::string& name, const Config& c) {
  L4J_CHECK(c.n_heads % c.n_kv_heads == 0, "BAD_CHECKPOINT", name, ": ", c.n_kv_heads, " key and value heads, expected a divisor of the ",
            c.n_heads, " query heads");
  L4J_CHECK(c.head_dim % 2 == 0, "UNSUPPORTED", name, ": head_dim is ", c.head_dim, ", supported: even numbers");
}

int32_t derived_head_dim(const std::string& name, const Config& c) {
  L4J_CHECK(c.d_model % c.n_heads == 0, "BAD_CHECKPOINT", name, ": width ", c.d_model, " over ", c.n_heads,
            " heads, expected a multiple (no head size is given)");
  return c.d_model / c.n_heads;
}

void refuse_if(bool there, const Fields& fields, const std::string& key, const std::string& supported) {
  if (!there) return;
  const nlohmann::json& value = *fields.find(key);
  const std::string text =
      value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  const std::string shown = value.is_primitive() && !value.is_string() ? text : quote(text);
  throw Error("UNSUPPORTED", concat(fields.name(), ": ", key, " is ", shown, ", supported: ", supported));
}

void refuse_unknown_mathematics(const Fields& f) {
  const std::string act = f.text("hidden_act", "silu");
  refuse_if(act != "silu" && act != "swish", f, "hidden_act", "silu");
  refuse_if(f.boolean("mlp_bias", false), f, "mlp_bias", "false");
  refuse_if(f.has("quantization_config"), f, "quantization_config", "F32, F16 and BF16 weights, or a GGUF file for quantized ones");
  for (const char* key : {"num_experts", "num_local_experts"}) refuse_if(f.integer(key, 0, kMostWidth, 0) > 0, f, key, "dense models, 0");
}

Config read_hugging_face(const Checkpoint& checkpoint) {
  const Fields f(checkpoint.metadata, checkpoint.metadata_name());
  refuse_unknown_mathematics(f);
  Config c;
  const auto size = [&](const char* key, int64_t most, std::optional<int64_t> fallback = {}) {
    return static_cast<int32_t>(f.integer(key, 1, most, fallback));
  };
  c.n_layers = size("num_hidden_layers", kMostLayers);
  c.d_model = size("hidden_size", kMostWidth);
  c.n_heads = size("num_attention_heads", kMostHeads);
  c.n_kv_heads = size("num_key_value_heads", kMostHeads, c.n_heads);
  c.head_dim = f.has("head_dim") ? size("head_dim", kMostHeadDim) : derived_head_dim(f.name(), c);
  c.d_ff = size("intermediate_size", kMostWidth);
  c.vocab = size("vocab_size", kMostVocab);
  c.max_positions = size("max_position_embeddings", kMostPositions);
  c.rms_eps = static_cast<float>(f.number("rms_norm_eps", 0, 1, 1e-6));
  c.tied_embeddings = f.boolean("tie_word_embeddings", !checkpoint.tensors.contains(hugging_face_names().output));
  check_heads(f.name(), c);
  const RopeScaling scaling = read_rope(f, c.max_positions);
  c.rope = make_rope(scaling, c.head_dim, f.name());
  if (scaling.type == "yarn") {  // Qwen's instructions leave max_position_embeddings at the unstretched context
    const double stretched = std::floor(scaling.original_positions * scaling.factor);
    c.max_positions = static_cast<int32_t>(std::clamp<double>(stretched, c.max_positions, kMostPositions));
  }
  return c;
}

// GGUF allows some numbers per layer; ours must be one for all.
int64_t uniform(const Fields& f, const std::string& key, int64_t most, std::optional<int64_t> fallback = {}) {
  const nlohmann::json* value = f.find(key);
  if (!value || !value->is_array()) return f.integer(key, 1, most, fallback);
  const bool same = !value->empty() && std::all_of(value->begin(), value->end(), [&](const auto& x) { return x == value->front(); });
  if (!same) throw Error("UNSUPPORTED", concat(f.name(), ": ", key, " differs between layers, supported: one value for all"));
  const nlohmann::json one = {{key, value->front()}};
  return Fields(one, f.name()).integer(key, 1, most);
}

void refuse_unknown_mathematics(const Fields& f, const std::string& prefix, const Config& c) {
  refuse_if(f.integer(prefix + "expert_count", 0, kMostWidth, 0) > 0, f, prefix + "expert_count", "dense models, 0");
  refuse_if(!f.boolean(prefix + "attention.causal", true), f, prefix + "attention.causal", "true");
  refuse_if(f.integer(prefix + "rope.dimension_count", 0, kMostWidth, c.head_dim) != c.head_dim, f, prefix + "rope.dimension_count",
            concat("the whole head, ", c.head_dim));
  refuse_if(f.integer(prefix + "attention.value_length", 0, kMostWidth, c.head_dim) != c.head_dim, f, prefix + "attention.value_length",
            concat("that of the keys, ", c.head_dim));
  for (const char* scale : {"embedding_scale", "residual_scale", "logit_scale", "attention.scale"}) {
    refuse_if(f.has(prefix + scale), f, prefix + scale, "models without this scale");
  }
}

Config read_gguf(const Checkpoint& checkpoint, const Family& family) {
  const Fields f(checkpoint.metadata, checkpoint.metadata_name());
  const std::string architecture = f.text("general.architecture"), a = architecture + ".";
  Config c;
  const auto size = [&](const std::string& key, int64_t most, std::optional<int64_t> fallback = {}) {
    return static_cast<int32_t>(uniform(f, a + key, most, fallback));
  };
  c.n_layers = size("block_count", kMostLayers);
  c.d_model = size("embedding_length", kMostWidth);
  c.n_heads = size("attention.head_count", kMostHeads);
  c.n_kv_heads = size("attention.head_count_kv", kMostHeads, c.n_heads);
  c.head_dim = f.has(a + "attention.key_length") ? size("attention.key_length", kMostHeadDim) : derived_head_dim(f.name(), c);
  c.d_ff = size("feed_forward_length", kMostWidth);
  c.max_positions = size("context_length", kMostPositions);
  c.rms_eps = static_cast<float>(f.number(a + "attention.layer_norm_rms_epsilon", 0, 1));
  check_heads(f.name(), c);
  refuse_unknown_mathematics(f, a, c);

  const TensorNames& names = family.names(checkpoint.format);
  const auto embedding = checkpoint.tensors.find(names.embedding);
  L4J_CHECK(embedding != checkpoint.tensors.end(), "BAD_CHECKPOINT", f.name(), ": no tensor ", names.embedding);
  const int64_t vocab = embedding->second.shape.front();
  L4J_CHECK(vocab <= kMostVocab, "BAD_CHECKPOINT", f.name(), ": tensor ", names.embedding, " has ", vocab, " rows, expected at most ",
            kMostVocab);
  c.vocab = static_cast<int32_t>(vocab);
  c.tied_embeddings = !checkpoint.tensors.contains(names.output);
  c.rope = make_rope(read_gguf_rope(f, architecture, c.max_positions), c.head_dim, f.name());
  c.rope.interleaved_input = family.gguf_interleaved_qk;
  c.windows.assign(c.n_layers, static_cast<int32_t>(f.integer(a + "attention.sliding_window", 0, INT32_MAX, 0)));
  refuse_if(f.has(a + "attention.sliding_window_pattern"), f, a + "attention.sliding_window_pattern", "one window for all layers");
  return c;
}

}  // namespace

Config read_config(const Checkpoint& checkpoint, const Family& family) {
  Config config = checkpoint.format == CheckpointFormat::gguf ? read_gguf(checkpoint, family) : read_hugging_face(checkpoint);
  config.family = family.name;
  if (config.windows.empty()) config.windows.assign(config.n_layers, 0);
  if (family.read_config) family.read_config(checkpoint, config);
  return config;
}

void read_windows(const Checkpoint& checkpoint, int32_t window, int32_t first, Config& config) {
  const Fields fields(checkpoint.metadata, checkpoint.metadata_name());
  const nlohmann::json* types = fields.find("layer_types");
  if (types && (!types->is_array() || types->size() != static_cast<size_t>(config.n_layers))) {
    fields.refuse("layer_types", concat("an array of ", config.n_layers, " layers"));
  }
  for (int32_t i = 0; i < config.n_layers; ++i) {
    bool sliding = window > 0 && i >= first;
    if (types) {
      const std::string type = (*types)[i].is_string() ? (*types)[i].get<std::string>() : (*types)[i].dump();
      L4J_CHECK(type == "full_attention" || type == "sliding_attention", "UNSUPPORTED", fields.name(), ": layer_types of layer ", i, " is ",
                quote(type), ", supported: full_attention, sliding_attention");
      sliding = type == "sliding_attention";
      L4J_CHECK(!sliding || window > 0, "BAD_CHECKPOINT", fields.name(), ": layer_types of layer ", i,
                " is \"sliding_attention\", expected a sliding_window in use with it");
    }
    config.windows[i] = sliding ? window : 0;
  }
}

int32_t sliding_window(const Fields& fields) {
  return fields.is_null("sliding_window") ? 0 : static_cast<int32_t>(fields.integer("sliding_window", 1, INT32_MAX, 4096));
}

void read_qwen_windows(const Checkpoint& checkpoint, Config& config) {
  if (checkpoint.format == CheckpointFormat::gguf) return;
  const Fields fields(checkpoint.metadata, checkpoint.metadata_name());
  const bool used = fields.boolean("use_sliding_window", false);
  const int64_t first = fields.integer("max_window_layers", 0, INT32_MAX, 28);
  read_windows(checkpoint, used ? sliding_window(fields) : 0, static_cast<int32_t>(first), config);
}

}  // namespace latent4j
