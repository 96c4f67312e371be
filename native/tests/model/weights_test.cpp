// Golden checkpoints and GGUF files bound to their places: exact config, exact values, sharing.
#include "model/weights.h"

#include <cmath>
#include <limits>

#include "model/checkpoint_writers.h"
#include "model/family.h"
#include "safetensors_reader.h"

namespace latent4j::test {
namespace {

std::string golden(const std::string& name) { return std::string(L4J_TEST_DATA) + "/golden/" + name; }

struct Shape {
  int32_t n_layers, d_model, n_heads, n_kv_heads, head_dim, d_ff, vocab, max_positions;
  bool operator==(const Shape&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << s.n_layers << ' ' << s.d_model << ' ' << s.n_heads << '/' << s.n_kv_heads << ' ' << s.head_dim << ' ' << s.d_ff << ' '
             << s.vocab << ' ' << s.max_positions;
}
Shape shape_of(const Config& c) { return {c.n_layers, c.d_model, c.n_heads, c.n_kv_heads, c.head_dim, c.d_ff, c.vocab, c.max_positions}; }

void expect_matrix(const Matrix& m, const TestTensor& expected, const std::string& name) {
  EXPECT_EQ(m.dtype, DType::BF16) << name;
  EXPECT_EQ((std::vector<int64_t>{m.rows, m.cols}), expected.shape) << name;
  ASSERT_EQ(m.row_bytes() * m.rows, expected.bytes.size()) << name;
  EXPECT_EQ(std::memcmp(m.data, expected.bytes.data(), expected.bytes.size()), 0) << name;
}

TEST(Weights, GoldenCheckpointsBindEveryTensor) {
  for (const std::string name : {"tiny-qwen3", "tiny-qwen3-untied", "tiny-qwen2", "tiny-llama3"}) {
    SCOPED_TRACE(name);
    auto tensors = read_safetensors(golden(name) + "/model.safetensors");
    const auto weights = Weights::open(golden(name));
    size_t bound = 2;
    const auto matrix = [&](const Matrix& m, const std::string& tensor) {
      ASSERT_TRUE(tensors.contains(tensor)) << tensor;
      expect_matrix(m, tensors.at(tensor), tensor);
      ++bound;
    };
    const auto vector = [&](const std::vector<float>& v, const std::string& tensor) {
      if (v.empty()) return;
      ASSERT_TRUE(tensors.contains(tensor)) << tensor;
      EXPECT_EQ(v, tensors.at(tensor).floats()) << tensor;
      ++bound;
    };
    expect_matrix(weights->embedding, tensors.at("model.embed_tokens.weight"), "embedding");
    EXPECT_EQ(weights->final_norm, tensors.at("model.norm.weight").floats());
    if (weights->config.tied_embeddings) {
      EXPECT_EQ(weights->output.data, weights->embedding.data);
    } else {
      matrix(weights->output, "lm_head.weight");
    }
    ASSERT_EQ(weights->layers.size(), 3u);
    for (int i = 0; i < 3; ++i) {
      const LayerWeights& w = weights->layers[i];
      const std::string at = "model.layers." + std::to_string(i) + ".", attention = at + "self_attn.", mlp = at + "mlp.";
      vector(w.attention_norm, at + "input_layernorm.weight");
      vector(w.mlp_norm, at + "post_attention_layernorm.weight");
      matrix(w.q, attention + "q_proj.weight");
      matrix(w.k, attention + "k_proj.weight");
      matrix(w.v, attention + "v_proj.weight");
      matrix(w.o, attention + "o_proj.weight");
      vector(w.q_bias, attention + "q_proj.bias");
      vector(w.k_bias, attention + "k_proj.bias");
      vector(w.v_bias, attention + "v_proj.bias");
      vector(w.q_norm, attention + "q_norm.weight");
      vector(w.k_norm, attention + "k_norm.weight");
      matrix(w.gate, mlp + "gate_proj.weight");
      matrix(w.up, mlp + "up_proj.weight");
      matrix(w.down, mlp + "down_proj.weight");
    }
    EXPECT_EQ(bound, tensors.size());
    EXPECT_EQ(weights->first_not_finite(), "");
  }
}

TEST(Weights, GoldenConfigs) {
  const Config qwen3 = Weights::open(golden("tiny-qwen3"))->config;
  EXPECT_EQ(qwen3.family, "qwen3");
  EXPECT_EQ(shape_of(qwen3), (Shape{3, 64, 4, 2, 32, 160, 512, 4096}));
  EXPECT_TRUE(qwen3.tied_embeddings);
  EXPECT_FLOAT_EQ(qwen3.rms_eps, 1e-6f);
  EXPECT_EQ(qwen3.rope.theta, 1e6);
  EXPECT_EQ(qwen3.rope.inv_freq.size(), 16u);
  EXPECT_FALSE(qwen3.rope.interleaved_input);
  EXPECT_EQ(qwen3.windows, (std::vector<int32_t>{0, 0, 0}));
  EXPECT_FALSE(Weights::open(golden("tiny-qwen3-untied"))->config.tied_embeddings);
  const Config qwen2 = Weights::open(golden("tiny-qwen2"))->config;
  EXPECT_EQ(qwen2.family, "qwen2");
  EXPECT_EQ(shape_of(qwen2), (Shape{3, 64, 4, 2, 16, 160, 512, 4096}));
  const Config llama = Weights::open(golden("tiny-llama3"))->config;
  EXPECT_EQ(llama.family, "llama");
  EXPECT_EQ(shape_of(llama), (Shape{3, 96, 6, 2, 16, 160, 512, 4096}));
  EXPECT_EQ(llama.rope.type, "llama3");
  EXPECT_EQ(llama.rope.theta, 5e5);
}

TEST(Weights, SameFilesOpenOnce) {
  const Folder folder;
  std::filesystem::copy(golden("tiny-qwen3"), folder.path() + "/a");
  std::filesystem::create_directory_symlink(folder.path() + "/a", folder.path() + "/b");
  std::filesystem::copy(golden("tiny-qwen3"), folder.path() + "/c");
  auto a = Weights::open(folder.path() + "/a");
  EXPECT_EQ(a, Weights::open(folder.path() + "/b"));
  EXPECT_NE(a, Weights::open(folder.path() + "/c"));
  const std::weak_ptr<const Weights> watched = a;
  std::filesystem::last_write_time(folder.path() + "/a/config.json", std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_NE(a, Weights::open(folder.path() + "/a"));  // other files now, though of the same names
  a.reset();
  EXPECT_TRUE(watched.expired());
}

// A GGUF model of one layer: d_model 8, 2 heads of 4, 1 kv head, d_ff 6, 5 tokens.
GgufWriter tiny_gguf(const std::string& architecture) {
  GgufWriter w;
  const std::string a = architecture + ".";
  w.text("general.architecture", architecture).u32(a + "block_count", 1).u32(a + "embedding_length", 8).u32(a + "attention.head_count", 2);
  w.u32(a + "attention.head_count_kv", 1).u32(a + "feed_forward_length", 6).u32(a + "context_length", 77).f32(a + "rope.freq_base", 100);
  w.f32(a + "attention.layer_norm_rms_epsilon", 0.25f);
  w.f32_tensor("token_embd.weight", {5, 8}).f32_tensor("output_norm.weight", {8});
  for (const auto& [name, shape] : std::vector<std::pair<std::string, std::vector<int64_t>>>{
           {"attn_norm", {8}}, {"attn_q", {8, 8}}, {"attn_k", {4, 8}}, {"attn_v", {4, 8}}, {"attn_output", {8, 8}}, {"ffn_norm", {8}},
           {"ffn_gate", {6, 8}}, {"ffn_up", {6, 8}}, {"ffn_down", {8, 6}}}) {
    w.f32_tensor("blk.0." + name + ".weight", shape);
  }
  return w;
}

std::shared_ptr<const Weights> open_gguf(const GgufWriter& writer) {
  const Folder folder;
  return Weights::open(folder.write("m.gguf", writer.bytes()));
}

std::string bytes_of(const Matrix& m) { return std::string(reinterpret_cast<const char*>(m.data), m.row_bytes() * m.rows); }

TEST(Weights, GgufLlama) {
  const auto w = open_gguf(tiny_gguf("llama"));
  EXPECT_EQ(w->config.family, "llama");
  EXPECT_EQ(shape_of(w->config), (Shape{1, 8, 2, 1, 4, 6, 5, 77}));
  EXPECT_TRUE(w->config.rope.interleaved_input);
  EXPECT_TRUE(w->config.tied_embeddings);
  EXPECT_FLOAT_EQ(w->config.rms_eps, 0.25f);
  EXPECT_EQ(w->config.rope.inv_freq, (std::vector<double>{1, 0.1}));
  EXPECT_EQ(w->output.data, w->embedding.data);
  EXPECT_EQ(bytes_of(w->embedding), floats(40, 1));
  const LayerWeights& layer = w->layers.at(0);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(layer.attention_norm.data()), 32), floats(8, 3));
  EXPECT_EQ(bytes_of(layer.q), floats(64, 4));
  EXPECT_EQ(bytes_of(layer.k), floats(32, 5));
  EXPECT_EQ(bytes_of(layer.v), floats(32, 6));
  EXPECT_EQ(bytes_of(layer.o), floats(64, 7));
  EXPECT_EQ(bytes_of(layer.gate), floats(48, 9));
  EXPECT_EQ(bytes_of(layer.up), floats(48, 10));
  EXPECT_EQ(bytes_of(layer.down), floats(48, 11));
  EXPECT_EQ(layer.down.rows, 8);
  EXPECT_TRUE(layer.q_bias.empty() && layer.q_norm.empty());
}

TEST(Weights, GgufLlamaWithRopeFactorsOutputAndWindow) {
  GgufWriter w = tiny_gguf("llama");
  std::string factors;
  append(factors, 1.0f);
  append(factors, 8.0f);
  w.tensor("rope_freqs.weight", {2}, 0, factors, w.end()).f32_tensor("output.weight", {5, 8}).u32("llama.attention.sliding_window", 24);
  const auto weights = open_gguf(w);
  EXPECT_EQ(weights->config.rope.type, "llama3");
  EXPECT_EQ(weights->config.rope.inv_freq, (std::vector<double>{1, 0.0125}));
  EXPECT_FALSE(weights->config.tied_embeddings);
  EXPECT_NE(weights->output.data, weights->embedding.data);
  EXPECT_EQ(weights->config.windows, std::vector<int32_t>{24});
}

TEST(Weights, GgufQwen2NeedsItsBiases) {
  expect_error("BAD_CHECKPOINT", {"blk.0.attn_q.bias", "[8]"}, [] { open_gguf(tiny_gguf("qwen2")); });
  GgufWriter w = tiny_gguf("qwen2");
  w.f32_tensor("blk.0.attn_q.bias", {8}).f32_tensor("blk.0.attn_k.bias", {4}).f32_tensor("blk.0.attn_v.bias", {4});
  const auto weights = open_gguf(w);
  EXPECT_EQ(weights->config.family, "qwen2");
  EXPECT_FALSE(weights->config.rope.interleaved_input);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(weights->layers[0].k_bias.data()), 16), floats(4, 13));
}

TEST(Weights, GgufQwen3NeedsItsNorms) {
  expect_error("BAD_CHECKPOINT", {"blk.0.attn_q_norm.weight", "[4]"}, [] { open_gguf(tiny_gguf("qwen3")); });
  GgufWriter w = tiny_gguf("qwen3");
  w.u32("qwen3.attention.key_length", 4).u32("qwen3.attention.value_length", 4).u32("qwen3.rope.dimension_count", 4);
  w.f32_tensor("blk.0.attn_q_norm.weight", {4}).f32_tensor("blk.0.attn_k_norm.weight", {4});
  EXPECT_EQ(open_gguf(w)->layers[0].k_norm.size(), 4u);
}

TEST(Weights, GgufRefusesWhatItDoesNotKnow) {
  expect_error("UNSUPPORTED", {"\"phi3\"", "llama, qwen2, qwen3"}, [] { open_gguf(tiny_gguf("phi3")); });
  expect_error("UNSUPPORTED", {"llama.expert_count", "8", "dense"}, [] { open_gguf(tiny_gguf("llama").u32("llama.expert_count", 8)); });
  expect_error("UNSUPPORTED", {"llama.rope.dimension_count", "2", "4"},
               [] { open_gguf(tiny_gguf("llama").u32("llama.rope.dimension_count", 2)); });
  expect_error("UNSUPPORTED", {"blk.0.attn_output.bias"}, [] { open_gguf(tiny_gguf("llama").f32_tensor("blk.0.attn_output.bias", {8})); });
  expect_error("UNSUPPORTED", {"blk.1.attn_norm.weight", "1 layers"},
               [] { open_gguf(tiny_gguf("llama").f32_tensor("blk.1.attn_norm.weight", {8})); });
  expect_error("BAD_CHECKPOINT", {"rope_freqs.weight", "[3]", "[2]"},
               [] { open_gguf(tiny_gguf("llama").f32_tensor("rope_freqs.weight", {3})); });
  GgufWriter norm = tiny_gguf("qwen3");
  norm.tensor("blk.0.attn_q_norm.weight", {32}, 8, std::string(34, 'x'), norm.end()).u32("qwen3.attention.key_length", 32);
  expect_error("BAD_CHECKPOINT", {"blk.0.attn_q.weight", "[8, 8]", "[64, 8]"}, [&] { open_gguf(norm); });
}

TEST(Weights, VectorsOfEveryFloatTypeBecomeF32) {
  GgufWriter w = tiny_gguf("qwen3");
  const uint16_t half[] = {0x3c00, 0xc100, 0x0001, 0x7bff}, brain[] = {0x3f80, 0xc020, 0x0001, 0x7f7f};
  w.tensor("blk.0.attn_q_norm.weight", {4}, 1, std::string(reinterpret_cast<const char*>(half), 8), w.end());
  w.tensor("blk.0.attn_k_norm.weight", {4}, 30, std::string(reinterpret_cast<const char*>(brain), 8), w.end());
  const auto weights = open_gguf(w);
  EXPECT_EQ(weights->layers[0].q_norm, (std::vector<float>{1, -2.5f, std::ldexp(1.0f, -24), 65504}));
  EXPECT_EQ(weights->layers[0].k_norm, (std::vector<float>{1, -2.5f, std::ldexp(1.0f, -133), 0x1.fep127f}));
}

TEST(Weights, FirstNotFiniteNamesTensorAndPlace) {
  using Limits = std::numeric_limits<float>;
  for (const auto& [bad, text] : {std::pair{Limits::quiet_NaN(), "nan"}, {Limits::infinity(), "inf"}}) {
    std::string file = tiny_gguf("llama").bytes();
    const std::string up = floats(48, 10);
    const size_t at = file.find(up);
    ASSERT_NE(at, std::string::npos);
    std::memcpy(file.data() + at + 4 * (3 * 8 + 5), &bad, 4);
    const Folder folder;
    EXPECT_EQ(Weights::open(folder.write("m.gguf", file))->first_not_finite(),
              std::string("tensor blk.0.ffn_up.weight holds ") + text + " at [3, 5]");
  }
  int32_t cancel = 1;
  expect_error("CANCELLED", {"not finite"}, [&] { Weights::open(golden("tiny-qwen3"))->first_not_finite(&cancel); });
}

int64_t resident_bytes() {
  int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

TEST(Weights, OpeningReadsNoMatrix) {
  constexpr int64_t kVocab = 1 << 25;  // 1 GiB of embeddings, a hole in a sparse file
  const Folder folder;
  const nlohmann::json header = {
      {"model.embed_tokens.weight", {{"dtype", "F32"}, {"shape", {kVocab, 8}}, {"data_offsets", {0, kVocab * 32}}}}};
  const std::string file = folder.write("model.safetensors", safetensors(header.dump(), ""));
  std::filesystem::resize_file(file, std::filesystem::file_size(file) + kVocab * 32);
  folder.write("config.json", "{\"model_type\": \"llama\"}");
  const int64_t before = resident_bytes();
  const Checkpoint checkpoint = Checkpoint::open(folder.path(), CheckpointFiles::find(folder.path()));
  EXPECT_EQ(checkpoint.tensors.at("model.embed_tokens.weight").bytes, size_t{kVocab} * 32);
  EXPECT_LT(resident_bytes() - before, int64_t{32} << 20);
}

TEST(Weights, TheEmbeddedModel) {
  const std::string path = std::string(L4J_TEST_DATA) +
                           "/../../../java/smollm2/src/main/resources/org/latent4j/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
  ASSERT_TRUE(std::filesystem::exists(path)) << path;
  const auto weights = Weights::open(path);
  EXPECT_EQ(weights->config.family, "llama");
  EXPECT_EQ(shape_of(weights->config), (Shape{30, 576, 9, 3, 64, 1536, 49152, 8192}));
  EXPECT_EQ(weights->embedding.dtype, DType::Q8_0);
  EXPECT_EQ(weights->layers[7].q.dtype, DType::Q4_1);
  EXPECT_TRUE(weights->config.rope.interleaved_input);
  EXPECT_EQ(weights->config.rope.theta, 1e5);
  EXPECT_EQ(weights->checkpoint.metadata.at("tokenizer.ggml.tokens").size(), 49152u);
  EXPECT_EQ(weights->first_not_finite(), "");
}

}  // namespace
}  // namespace latent4j::test
