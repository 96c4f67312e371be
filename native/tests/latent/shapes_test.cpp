// shapes_test.cpp: whole models of awkward shapes against the definition, in every weight format, and with a weight that is not a number.
#include <gtest/gtest.h>

#include <limits>

#include "engine.h"
#include "kernels/cpu/dispatch.h"
#include "latent/tiny_checkpoint.h"

namespace latent4j::test {
namespace {

std::vector<int32_t> tokens_of(int32_t n, int32_t vocab) {
  std::vector<int32_t> out(n);
  for (int32_t i = 0; i < n; i++) out[i] = (i * i + 3 * i) % vocab;
  return out;
}

// Hidden states of `tokens`: the first n_batched of them in one call, the others one by one.
std::vector<float> run(const std::string& path, const OpenOptions& options, const TinyShape& s, const std::vector<int32_t>& tokens,
                       size_t n_batched) {
  const auto model = open_model(path, options);
  const auto memory = new_memory(model);
  std::vector<float> hidden;
  for (size_t at = 0; at < tokens.size(); at += at == 0 ? n_batched : 1) {
    RolloutCall call;
    const auto begin = tokens.begin() + static_cast<ptrdiff_t>(at);
    call.add(memory, {begin, begin + static_cast<ptrdiff_t>(at == 0 ? n_batched : 1)}).run(model, s.d_model, s.vocab);
    hidden.insert(hidden.end(), call.prompt_hidden.begin(), call.prompt_hidden.end());
  }
  return hidden;
}

void expect_definition(const TinyShape& s, const OpenOptions& options, int32_t n_tokens = 37) {
  SCOPED_TRACE(concat("heads ", s.n_heads, "/", s.n_kv_heads, " of ", s.head_dim, ", d_model ", s.d_model, ", d_ff ", s.d_ff, ", vocab ",
                      s.vocab, ", window ", s.window, ", page_size ", options.page_size, ", threads ", options.n_threads, " ",
                      options.level));
  const Folder folder;
  const TinyCheckpoint checkpoint(s);
  checkpoint.write(folder);
  const auto tokens = tokens_of(n_tokens, s.vocab);
  const auto expected = checkpoint.hidden(tokens), together = run(folder.path(), options, s, tokens, tokens.size());
  ASSERT_EQ(together.size(), expected.size());
  EXPECT_LT(relative_error(together.data(), expected.data(), expected.size()), 2e-5);
  EXPECT_EQ(run(folder.path(), options, s, tokens, 30), together) << "the last rows one by one";
}

TEST(Shapes, HeadSizes) {
  for (const int32_t head_dim : {2, 8, 24, 80, 96, 112}) {
    for (const std::string& level : cpu::levels()) expect_definition({.head_dim = head_dim}, {.level = level});
  }
}

TEST(Shapes, HeadsPerKeyHead) {
  for (int32_t group = 1; group <= 8; group++) expect_definition({.n_heads = 2 * group, .n_kv_heads = 2}, {.n_threads = group});
  expect_definition({.n_heads = 56, .n_kv_heads = 1, .head_dim = 4}, {});  // more queries than a tile of attention holds
}

TEST(Shapes, WidthsThatDivideNothing) {
  expect_definition({.d_model = 1, .d_ff = 1, .vocab = 1, .n_layers = 1}, {});
  expect_definition({.d_model = 15, .d_ff = 7, .vocab = 3}, {.n_threads = 8});
  expect_definition({.d_model = 37, .d_ff = 301, .vocab = 2, .window = 5}, {.n_threads = 3, .page_size = 1});
}

TEST(Shapes, PageSizes) {
  for (const int32_t page_size : {1, 2, 1024}) expect_definition({.head_dim = 16, .window = 20}, {.page_size = page_size}, 150);
}

// Each format's own model against the same numbers as f32, decoded by an op that the block test holds to ggml's definition.
TEST(Shapes, WholeModelsOfEveryGgufType) {
  constexpr uint32_t kGgufIds[kDTypes] = {0, 1, 30, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14};  // in DType's order
  const TinyShape s{.n_heads = 4, .n_kv_heads = 2, .head_dim = 64, .d_model = 256, .d_ff = 512, .vocab = 48, .n_layers = 2};
  const std::map<std::string, std::string> names = {
      {"input_layernorm", "attn_norm"}, {"self_attn.q_proj", "attn_q"}, {"self_attn.k_proj", "attn_k"}, {"self_attn.v_proj", "attn_v"},
      {"self_attn.q_norm", "attn_q_norm"}, {"self_attn.k_norm", "attn_k_norm"}, {"self_attn.o_proj", "attn_output"},
      {"post_attention_layernorm", "ffn_norm"}, {"mlp.gate_proj", "ffn_gate"}, {"mlp.up_proj", "ffn_up"}, {"mlp.down_proj", "ffn_down"}};
  for (int type = 0; type < kDTypes; type++) {
    SCOPED_TRACE(dtype_info(dtype_at(type)).name);
    const Folder folder;
    TinyCheckpoint twin(s);
    GgufWriter w;
    w.text("general.architecture", "qwen3").u32("qwen3.block_count", s.n_layers).u32("qwen3.embedding_length", s.d_model);
    w.u32("qwen3.attention.head_count", s.n_heads).u32("qwen3.attention.head_count_kv", s.n_kv_heads);
    w.u32("qwen3.attention.key_length", s.head_dim);
    w.u32("qwen3.feed_forward_length", s.d_ff).u32("qwen3.context_length", 4096).f32("qwen3.attention.layer_norm_rms_epsilon", 1e-6f);
    uint32_t seed = 1;
    const auto put = [&](const std::string& name, const std::string& gguf_name) {
      auto& tensor = twin.tensors.at(name);
      if (tensor.shape.size() == 1) {
        const std::string bytes(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
        w.tensor(gguf_name, tensor.shape, 0, bytes, w.end());
        return;
      }
      const auto rows = static_cast<int32_t>(tensor.shape[0]), cols = static_cast<int32_t>(tensor.shape[1]);
      const RandomWeight weight(dtype_at(type), rows, cols, seed++);
      for (int32_t i = 0; i < rows; i++) cpu::ops("").decode_row(weight.view(), i, tensor.values.data() + int64_t{i} * cols);
      const std::string bytes(reinterpret_cast<const char*>(weight.view().data), weight.view().row_bytes() * rows);
      w.tensor(gguf_name, tensor.shape, kGgufIds[type], bytes, w.end());
    };
    put("model.embed_tokens.weight", "token_embd.weight");
    put("lm_head.weight", "output.weight");
    put("model.norm.weight", "output_norm.weight");
    for (int32_t i = 0; i < s.n_layers; i++) {
      for (const auto& [name, gguf] : names) put(TinyCheckpoint::name(i, name), "blk." + std::to_string(i) + "." + gguf + ".weight");
    }
    const std::string file = folder.write("model.gguf", w.bytes());
    const auto tokens = tokens_of(20, s.vocab);
    const auto expected = twin.hidden(tokens), actual = run(file, {}, s, tokens, 12);
    ASSERT_EQ(actual.size(), expected.size());
    EXPECT_LT(relative_error(actual.data(), expected.data(), expected.size()), 1e-4);
  }
}

TEST(Shapes, AWeightThatIsNotANumberIsNamed) {
  const TinyShape s;
  const TinyCheckpoint sound(s);
  for (const auto& [name, tensor] : sound.tensors) {
    const Folder folder;
    TinyCheckpoint broken = sound;
    broken.tensors.at(name).values.back() = std::numeric_limits<float>::quiet_NaN();
    broken.write(folder);
    const auto model = open_model(folder.path());
    const auto memory = new_memory(model);
    const int64_t free_pages = l4j_model_free_pages(model.get());
    RolloutCall call;
    call.latent_steps = 1;
    call.max_new_tokens = 1;
    std::string text;
    EXPECT_EQ(code_of([&] { call.add(memory, {0, s.vocab - 1}).run(model, s.d_model, s.vocab); }, &text), "NOT_FINITE") << name;
    EXPECT_NE(text.find("tensor " + name + " holds nan"), std::string::npos) << text;
    EXPECT_EQ(l4j_memory_length(memory.get()), 0);
    EXPECT_EQ(l4j_model_free_pages(model.get()), free_pages);
    EXPECT_EQ(code_of([&] { l4j_memory_hidden(memory.get(), call.latents.data(), 0); }), "NO_HIDDEN_STATE");
  }
}

}  // namespace
}  // namespace latent4j::test
