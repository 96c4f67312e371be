// Hugging Face folders: configs as they are written in the wild, shards, and folders that lie.
#include "model/checkpoint.h"

#include "model/checkpoint_writers.h"
#include "model/weights.h"

namespace latent4j::test {
namespace {

using nlohmann::json;

json tiny_config() {
  return {{"model_type", "llama"}, {"hidden_size", 8}, {"num_hidden_layers", 2}, {"num_attention_heads", 2}, {"num_key_value_heads", 1},
          {"intermediate_size", 6}, {"vocab_size", 5}, {"max_position_embeddings", 77}, {"rms_norm_eps", 1e-5}, {"rope_theta", 100.0},
          {"torch_dtype", "float32"}, {"tie_word_embeddings", true}, {"hidden_act", "silu"}};
}

void add_layer(SafetensorsWriter& w, int layer, int64_t head_dim = 4) {
  const std::string at = "model.layers." + std::to_string(layer) + ".";
  w.add(at + "input_layernorm.weight", {8}).add(at + "post_attention_layernorm.weight", {8});
  w.add(at + "self_attn.q_proj.weight", {2 * head_dim, 8}).add(at + "self_attn.k_proj.weight", {head_dim, 8});
  w.add(at + "self_attn.v_proj.weight", {head_dim, 8}).add(at + "self_attn.o_proj.weight", {8, 2 * head_dim});
  w.add(at + "mlp.gate_proj.weight", {6, 8}).add(at + "mlp.up_proj.weight", {6, 8}).add(at + "mlp.down_proj.weight", {8, 6});
}

SafetensorsWriter tiny_tensors(int64_t head_dim = 4) {
  SafetensorsWriter w;
  w.add("model.embed_tokens.weight", {5, 8}).add("model.norm.weight", {8});
  add_layer(w, 0, head_dim);
  add_layer(w, 1, head_dim);
  return w;
}

std::shared_ptr<const Weights> open(const json& config, const SafetensorsWriter& tensors) {
  const Folder folder;
  folder.write("config.json", config.dump());
  folder.write("model.safetensors", tensors.bytes());
  return Weights::open(folder.path());
}
std::shared_ptr<const Weights> open(const json& config) { return open(config, tiny_tensors()); }

json changed(const char* key, const json& value) {
  json config = tiny_config();
  config[key] = value;
  return config;
}
json without(const char* key) {
  json config = tiny_config();
  config.erase(key);
  return config;
}

TEST(Checkpoint, ConfigKeysAndTheirDefaults) {
  const Config c = open(tiny_config())->config;
  EXPECT_EQ(c.head_dim, 4);
  EXPECT_EQ(c.max_positions, 77);
  EXPECT_EQ(c.rope.inv_freq, (std::vector<double>{1, 0.1}));
  EXPECT_EQ(c.windows, (std::vector<int32_t>{0, 0}));
  EXPECT_EQ(open(changed("head_dim", 6), tiny_tensors(6))->config.head_dim, 6);
  EXPECT_EQ(open(changed("head_dim", nullptr))->config.head_dim, 4);
  EXPECT_TRUE(open(without("tie_word_embeddings"))->config.tied_embeddings);  // there is no lm_head
  const auto untied = open(changed("tie_word_embeddings", false), tiny_tensors().add("lm_head.weight", {5, 8}));
  EXPECT_NE(untied->output.data, untied->embedding.data);
  const auto twice = open(tiny_config(), tiny_tensors().add("lm_head.weight", {5, 8}));  // tied, and written out all the same
  EXPECT_EQ(twice->output.data, twice->embedding.data);
  EXPECT_NO_THROW(open(tiny_config(), tiny_tensors().add("model.layers.0.self_attn.rotary_emb.inv_freq", {2})));
  json yarn = changed("rope_scaling", {{"type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 77}});
  EXPECT_EQ(open(yarn)->config.max_positions, 308);
}

TEST(Checkpoint, LlamaWithAttentionBias) {
  SafetensorsWriter w = tiny_tensors();
  for (const std::string layer : {"0", "1"}) {
    for (const auto& [part, n] : {std::pair{"q", 8}, {"k", 4}, {"v", 4}}) {
      w.add("model.layers." + layer + ".self_attn." + part + "_proj.bias", {n});
    }
  }
  EXPECT_EQ(open(changed("attention_bias", true), w)->layers[1].q_bias.size(), 8u);
  w.add("model.layers.0.self_attn.o_proj.bias", {8});
  expect_error("UNSUPPORTED", {"model.layers.0.self_attn.o_proj.bias", "[8]"}, [&] { open(changed("attention_bias", true), w); });
}

TEST(Checkpoint, SlidingWindows) {
  json mistral = changed("model_type", "mistral");
  EXPECT_EQ(open(mistral)->config.windows, (std::vector<int32_t>{4096, 4096}));  // absent: transformers' default, not null's
  mistral["sliding_window"] = 24;
  EXPECT_EQ(open(mistral)->config.family, "mistral");
  EXPECT_EQ(open(mistral)->config.windows, (std::vector<int32_t>{24, 24}));
  mistral["sliding_window"] = nullptr;
  EXPECT_EQ(open(mistral)->config.windows, (std::vector<int32_t>{0, 0}));
  mistral["sliding_window"] = 0;
  expect_error("BAD_CHECKPOINT", {"sliding_window is 0"}, [&] { open(mistral); });

  const auto windows = [](const json& keys) {
    json config = changed("model_type", "qwen3");
    config.update(keys);
    SafetensorsWriter w = tiny_tensors();
    for (const std::string layer : {"0", "1"}) {
      const std::string attention = "model.layers." + layer + ".self_attn.";
      w.add(attention + "q_norm.weight", {4}).add(attention + "k_norm.weight", {4});
    }
    return open(config, w)->config.windows;
  };
  EXPECT_EQ(windows({{"use_sliding_window", false}, {"sliding_window", 32}}), (std::vector<int32_t>{0, 0}));
  EXPECT_EQ(windows({{"use_sliding_window", true}, {"max_window_layers", 1}}), (std::vector<int32_t>{0, 4096}));
  EXPECT_EQ(windows({{"use_sliding_window", true}, {"sliding_window", 32}, {"max_window_layers", 1}}), (std::vector<int32_t>{0, 32}));
  EXPECT_EQ(windows({{"use_sliding_window", true}, {"sliding_window", 32}, {"layer_types", {"sliding_attention", "full_attention"}}}),
            (std::vector<int32_t>{32, 0}));
  expect_error("BAD_CHECKPOINT", {"layer_types", "sliding_window"},
               [&] { windows({{"layer_types", {"sliding_attention", "full_attention"}}}); });
  expect_error("UNSUPPORTED", {"layer_types", "linear_attention"},
               [&] { windows({{"layer_types", {"linear_attention", "full_attention"}}}); });
  expect_error("BAD_CHECKPOINT", {"layer_types", "2 layers"}, [&] { windows({{"layer_types", {"full_attention"}}}); });
}

TEST(Checkpoint, RefusesConfigsItCannotFollow) {
  const auto refuse = [](const json& config, const std::string& code, const std::vector<std::string>& parts) {
    expect_error(code, parts, [&] { open(config); });
  };
  refuse(changed("model_type", "gemma3"), "UNSUPPORTED", {"config.json", "\"gemma3\"", "llama, qwen2, qwen3, mistral"});
  refuse(changed("model_type", "qwen3_moe"), "UNSUPPORTED", {"\"qwen3_moe\""});
  refuse(without("model_type"), "BAD_CHECKPOINT", {"no model_type"});
  refuse(changed("hidden_act", "gelu"), "UNSUPPORTED", {"hidden_act is \"gelu\", supported: silu"});
  refuse(changed("mlp_bias", true), "UNSUPPORTED", {"mlp_bias"});
  refuse(changed("quantization_config", {{"quant_method", "gptq"}}), "UNSUPPORTED", {"quantization_config", "gptq"});
  refuse(changed("num_experts", 8), "UNSUPPORTED", {"num_experts", "8"});
  refuse(without("hidden_size"), "BAD_CHECKPOINT", {"no hidden_size"});
  refuse(changed("hidden_size", "8"), "BAD_CHECKPOINT", {"hidden_size is \"8\"", "whole number"});
  refuse(changed("hidden_size", 0), "BAD_CHECKPOINT", {"hidden_size is 0"});
  refuse(changed("hidden_size", -8), "BAD_CHECKPOINT", {"hidden_size is -8"});
  refuse(changed("hidden_size", 1e300), "BAD_CHECKPOINT", {"hidden_size is 1e+300"});
  refuse(changed("num_hidden_layers", UINT64_MAX), "BAD_CHECKPOINT", {"num_hidden_layers is 18446744073709551615"});
  refuse(changed("num_attention_heads", 3), "BAD_CHECKPOINT", {"width 8", "3 heads"});
  refuse(changed("num_key_value_heads", 3), "BAD_CHECKPOINT", {"3 key and value heads", "2"});
  refuse(changed("head_dim", 5), "UNSUPPORTED", {"head_dim is 5", "even"});
  refuse(changed("max_position_embeddings", 0), "BAD_CHECKPOINT", {"max_position_embeddings is 0"});
  refuse(changed("rms_norm_eps", -1), "BAD_CHECKPOINT", {"rms_norm_eps is -1"});
  refuse(changed("tie_word_embeddings", "yes"), "BAD_CHECKPOINT", {"tie_word_embeddings is \"yes\""});
}

TEST(Checkpoint, RefusesTensorsThatDoNotFitTheConfig) {
  expect_error("BAD_CHECKPOINT", {"model.embed_tokens.weight", "[5, 8]", "[6, 8]"}, [] { open(changed("vocab_size", 6)); });
  expect_error("BAD_CHECKPOINT", {"model.layers.0.mlp.gate_proj.weight", "[6, 8]", "[7, 8]"},
               [] { open(changed("intermediate_size", 7)); });
  expect_error("BAD_CHECKPOINT", {"no tensor model.layers.2.input_layernorm.weight", "[8]"}, [] { open(changed("num_hidden_layers", 3)); });
  expect_error("BAD_CHECKPOINT", {"no tensor lm_head.weight", "[5, 8]"}, [] { open(changed("tie_word_embeddings", false)); });
  expect_error("UNSUPPORTED", {"model.layers.1", "1 layers"}, [] { open(changed("num_hidden_layers", 1)); });
  expect_error("UNSUPPORTED", {"\"score.weight\"", "[2, 8]"}, [] { open(tiny_config(), tiny_tensors().add("score.weight", {2, 8})); });
}

TEST(Checkpoint, FoldersThatLackOrBreakFiles) {
  const Folder folder;
  const auto refuse = [&](const std::string& code, const std::vector<std::string>& parts) {
    expect_error(code, parts, [&] { Weights::open(folder.path()); });
  };
  expect_error("FILE_NOT_FOUND", {"/nowhere/at/all"}, [] { Weights::open("/nowhere/at/all"); });
  refuse("FILE_NOT_FOUND", {"config.json"});
  folder.write("config.json", tiny_config().dump());
  refuse("FILE_NOT_FOUND", {"model.safetensors", "model.safetensors.index.json", "*.bin"});
  folder.write("model.safetensors", "");
  refuse("BAD_CHECKPOINT", {"model.safetensors", "empty"});
  folder.write("model.safetensors", tiny_tensors().bytes());
  EXPECT_NO_THROW(Weights::open(folder.path()));
  folder.write("config.json", "{\"model_type\": ");
  refuse("BAD_CHECKPOINT", {"config.json", "not JSON"});
  folder.write("config.json", "{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}");
  refuse("BAD_CHECKPOINT", {"config.json", "nested deeper than 32"});
  folder.write("config.json", "[]");
  refuse("BAD_CHECKPOINT", {"config.json", "array", "object"});
  expect_error("UNSUPPORTED", {"weights.bin", ".gguf"}, [&] { Weights::open(folder.write("weights.bin", "x")); });
  expect_error("BAD_CHECKPOINT", {"m.gguf", "GGUF"}, [&] { Weights::open(folder.write("m.gguf", "hello")); });
}

TEST(Checkpoint, ShardsByIndex) {
  const Folder folder;
  folder.write("config.json", tiny_config().dump());
  SafetensorsWriter first, second;
  first.add("model.embed_tokens.weight", {5, 8}).add("model.norm.weight", {8});
  add_layer(first, 0);
  add_layer(second, 1);
  folder.write("model-1.safetensors", first.bytes());
  folder.write("model-2.safetensors", second.bytes());
  json map = {{"model.embed_tokens.weight", "model-1.safetensors"}, {"model.layers.1.mlp.up_proj.weight", "model-2.safetensors"}};
  const auto open = [&] {
    folder.write("model.safetensors.index.json", json({{"metadata", json::object()}, {"weight_map", map}}).dump());
    return Weights::open(folder.path());
  };
  {
    const auto weights = open();
    EXPECT_EQ(weights->checkpoint.files.size(), 2u);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(weights->layers[1].up.data), 192), floats(48, 8));
  }
  map["model.extra.weight"] = "model-2.safetensors";
  expect_error("BAD_CHECKPOINT", {"model-2.safetensors", "model.extra.weight", "index"}, open);
  map["model.extra.weight"] = "../model-3.safetensors";
  expect_error("BAD_CHECKPOINT", {"model.extra.weight", "../model-3.safetensors", "same folder"}, open);
  map["model.extra.weight"] = 7;
  expect_error("BAD_CHECKPOINT", {"model.extra.weight", "not a text"}, open);
  map["model.extra.weight"] = "model-3.safetensors";
  expect_error("FILE_NOT_FOUND", {"model-3.safetensors"}, open);
  folder.write("model-3.safetensors", SafetensorsWriter().add("model.norm.weight", {8}).bytes());
  expect_error("BAD_CHECKPOINT", {"model-3.safetensors", "model.norm.weight", "another file"}, open);
  map = json::object();
  expect_error("BAD_CHECKPOINT", {"weight_map is empty"}, open);
}

}  // namespace
}  // namespace latent4j::test
