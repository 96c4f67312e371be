// resident_memory_test.cpp: weights stay in the mapped file. Reading all of them costs the file's pages and little else, a second instance
// nothing but its own pages and workspace. Not under sanitizers, whose shadow of what is read is resident too.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <fstream>
#include <string>

#include "engine.h"
#include "kernels/random_weights.h"
#include "model/checkpoint_writers.h"

namespace latent4j::test {
namespace {

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

constexpr int32_t kWidth = 256, kVocab = 65536, kLayers = 8, kFeedForward = 4096;

int64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) << 10;
  }
  return 0;
}

// A Llama checkpoint in bf16, random numbers that repeat after some thousand; 87 MB. Returns the size of its weights.
int64_t write_checkpoint(const Folder& folder) {
  nlohmann::json header = nlohmann::json::object();
  int64_t size = 0;
  const auto add = [&](const std::string& name, const std::vector<int64_t>& shape) {
    int64_t bytes = 2;
    for (const int64_t n : shape) bytes *= n;
    header[name + ".weight"] = {{"dtype", "BF16"}, {"shape", shape}, {"data_offsets", {size, size + bytes}}};
    size += bytes;
  };
  add("model.embed_tokens", {kVocab, kWidth});
  add("model.norm", {kWidth});
  for (int32_t i = 0; i < kLayers; i++) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    for (const char* norm : {"input_layernorm", "post_attention_layernorm"}) add(layer + norm, {kWidth});
    for (const char* square : {"q_proj", "k_proj", "v_proj", "o_proj"}) add(layer + "self_attn." + square, {kWidth, kWidth});
    for (const char* wide : {"gate_proj", "up_proj"}) add(layer + "mlp." + wide, {kFeedForward, kWidth});
    add(layer + "mlp.down_proj", {kWidth, kFeedForward});
  }
  std::string block;
  for (const float value : random_floats(8191, 1, 0.05f)) append(block, static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
  std::ofstream file(folder.path() + "/model.safetensors", std::ios::binary);
  file << safetensors(header.dump(), "");
  for (int64_t left = size; left > 0; left -= static_cast<int64_t>(block.size())) {
    file.write(block.data(), std::min(left, static_cast<int64_t>(block.size())));
  }
  folder.write("config.json", nlohmann::json{{"model_type", "llama"}, {"num_hidden_layers", kLayers}, {"hidden_size", kWidth},
                                             {"num_attention_heads", 4}, {"num_key_value_heads", 4}, {"intermediate_size", kFeedForward},
                                             {"vocab_size", kVocab}, {"max_position_embeddings", 1024}, {"rms_norm_eps", 1e-5},
                                             {"tie_word_embeddings", true}}.dump());
  return size;
}

// Prompt, alignment, latent steps and logits: every layer and, tied to the output, the whole embedding.
void read_every_weight(const ModelHandle& model) {
  const auto memory = new_memory(model);
  RolloutCall call;
  call.latent_steps = 2;
  call.max_new_tokens = 2;
  call.alignment = L4J_ALIGN_RIDGE;
  call.add(memory, {1, 2, 3, 4, 5, 6, 7, 8, 9}).run(model, kWidth, kVocab);
  EXPECT_EQ(call.tokens[0].size(), 2u);
}

TEST(ResidentMemory, IsTheFileOnceForAllInstances) {
  const Folder folder;
  const int64_t file = write_checkpoint(folder), before = resident_bytes();
  const auto first = open_model(folder.path(), {.memory_positions = 64});
  EXPECT_LT(resident_bytes() - before, file / 10);
  read_every_weight(first);
  const int64_t once = resident_bytes();
  EXPECT_GT(once - before, file / 10 * 9);  // else this test reads less than it claims
  EXPECT_LT(once - before, file + file / 10);
  const auto second = open_model(folder.path(), {.memory_positions = 64});
  read_every_weight(second);
  EXPECT_LT(resident_bytes() - once, file / 20);
}

#endif

}  // namespace
}  // namespace latent4j::test
