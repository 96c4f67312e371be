// golden_test.cpp: the exact numbers of tests/data/golden, through the bridge: chain, merge and single, on every CPU level, with 1 and 2
// threads, alone and in a ragged batch, with both memory types.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "engine.h"
#include "kernels/cpu/dispatch.h"
#include "safetensors_reader.h"

namespace latent4j::test {
namespace {

constexpr int32_t kLatentSteps = 6, kGreedyTokens = 16;
constexpr double kF32Tolerance = 1e-3, kBf16Tolerance = 3e-2;
// tiny-llama3's random weights make rounding larger from step to step: the golden numbers of its third agent are themselves 7e-3 off what
// f64 gives, so no other order of sums meets them to 1e-3. Its first agent's still must be met.
// tiny-mistral-swa does less of it, beyond 1e-3 only on a level without fused multiply-add. Thoughts of `soft` amplify nothing.
constexpr double kAmplifiedTolerance = 3e-2, kMistralTolerance = 3e-3;
const char* const kCheckpoints[] = {"tiny-qwen3", "tiny-qwen3-untied", "tiny-qwen2", "tiny-llama3", "tiny-mistral-swa"};

struct Tagged {
  int32_t alignment;
  const char* tag;
};
constexpr Tagged kMaps[] = {{L4J_ALIGN_IDENTITY, "identity"}, {L4J_ALIGN_RIDGE, "ridge"}};
constexpr Tagged kAlignments[] = {{L4J_ALIGN_IDENTITY, "identity"}, {L4J_ALIGN_RIDGE, "ridge"}, {L4J_ALIGN_SOFT, "soft"}};

class Golden {
 public:
  Golden(const std::string& checkpoint, const OpenOptions& options)
      : checkpoint_(checkpoint), tensors_(read_safetensors(golden_path(checkpoint) + "/golden.safetensors")),
        model(open_model(golden_path(checkpoint), options)), info(nlohmann::json::parse(l4j_model_info(model.get()))) {
    tensors_.merge(read_safetensors(golden_path(checkpoint) + "/soft.safetensors"));
    d = info["d_model"];
    vocab = info["vocab"];
    tolerance = options.memory_type == L4J_MEMORY_F32 ? kF32Tolerance : kBf16Tolerance;
    for (int i = 0; i < 4; i++) prompts.push_back(ints("prompt_ids." + std::to_string(i)));
  }

  std::vector<float> floats(const std::string& name) const { return tensors_.at(name).floats(); }
  std::vector<int32_t> ints(const std::string& name) const {
    const auto values = tensors_.at(name).floats();
    return {values.begin(), values.end()};
  }

  void expect_close(const std::vector<float>& actual, const std::string& name, double within = 0) const {
    const auto expected = floats(name);
    ASSERT_EQ(actual.size(), expected.size()) << name;
    EXPECT_LE(relative_error(actual.data(), expected.data(), expected.size()), std::max(within, tolerance)) << name;
  }

  // soft.safetensors holds no prompts, keys and values.
  bool has(const std::string& name) const { return tensors_.count(name) != 0; }

  // For what comes after the first agent's thoughts.
  double amplified() const {
    return checkpoint_ == "tiny-llama3" ? kAmplifiedTolerance : checkpoint_ == "tiny-mistral-swa" ? kMistralTolerance : 0;
  }

  void expect_memory(const MemoryHandle& memory, const std::string& prefix) const {
    const size_t n_kv = info["n_kv_heads"], head_dim = info["head_dim"], layers = info["n_layers"];
    const size_t layer_size = n_kv * l4j_memory_length(memory.get()) * head_dim;
    std::vector<float> keys(layers * layer_size), values(layers * layer_size);
    for (size_t l = 0; l < layers; l++) {
      l4j_memory_read(memory.get(), static_cast<int32_t>(l), &keys[l * layer_size], &values[l * layer_size], static_cast<int64_t>(layer_size));
    }
    expect_close(keys, prefix + ".keys", amplified());
    expect_close(values, prefix + ".values", amplified());
  }

  void expect_judger(const MemoryHandle& memory, const std::string& prefix) const {
    RolloutCall judger;
    judger.max_new_tokens = kGreedyTokens;
    judger.add(memory, prompts[3]).run(model, d, vocab);
    expect_close(judger.logits, prefix + "logits");
    if (tolerance == kF32Tolerance) {
      EXPECT_EQ(judger.tokens[0], ints(prefix + "tokens"));
    }
    EXPECT_EQ(judger.stop_reasons[0], L4J_STOP_LIMIT);
  }

  RolloutCall thinker(int32_t alignment) const {
    RolloutCall call;
    call.latent_steps = kLatentSteps;
    call.alignment = alignment;
    return call;
  }

 private:
  std::string checkpoint_;
  std::map<std::string, TestTensor> tensors_;

 public:
  ModelHandle model;
  nlohmann::json info;
  int32_t d = 0, vocab = 0;
  double tolerance = 0;
  std::vector<std::vector<int32_t>> prompts;
};

struct Case {
  std::string checkpoint, level;
  int32_t n_threads, page_size;
};

std::vector<Case> cases() {
  std::vector<Case> out;
  for (const char* checkpoint : kCheckpoints) {
    for (const auto& level : cpu::levels()) {
      for (int32_t threads : {1, 2}) out.push_back({checkpoint, level, threads, 16});
    }
    out.push_back({checkpoint, "", 2, 4});
  }
  return out;
}

class GoldenTest : public testing::TestWithParam<Case> {
 protected:
  Golden golden_{GetParam().checkpoint,
                 {GetParam().n_threads, GetParam().page_size, L4J_MEMORY_F32, 4096, GetParam().level}};
};

TEST_P(GoldenTest, Single) {
  const auto memory = new_memory(golden_.model);
  golden_.expect_judger(memory, "single.");
}

TEST_P(GoldenTest, Chain) {
  for (const auto& [alignment, tag] : kAlignments) {
    const std::string prefix = std::string(tag) + ".chain";
    const auto memory = new_memory(golden_.model);
    for (int i = 0; i < 3; i++) {
      RolloutCall call = golden_.thinker(alignment);
      call.add(memory, golden_.prompts[i]).run(golden_.model, golden_.d, golden_.vocab);
      const std::string agent = "." + std::to_string(i);
      const double within = i == 0 || alignment == L4J_ALIGN_SOFT ? 0 : golden_.amplified();
      if (golden_.has(prefix + ".prompt_hidden" + agent)) golden_.expect_close(call.prompt_hidden, prefix + ".prompt_hidden" + agent, within);
      golden_.expect_close(call.latents, prefix + ".latents" + agent, within);
      golden_.expect_close(call.latent_hidden, prefix + ".hidden" + agent, within);
    }
    if (golden_.has(prefix + ".keys")) golden_.expect_memory(memory, prefix);
    golden_.expect_judger(memory, prefix + ".judger_");
  }
}

TEST_P(GoldenTest, MergeOfExpertsThatThoughtAsOneBatch) {
  for (const auto& [alignment, tag] : kAlignments) {
    const std::string prefix = std::string(tag) + ".merge";
    if (!golden_.has(prefix + ".judger_logits")) continue;
    std::vector<MemoryHandle> experts;
    std::vector<l4j_range> ranges;
    RolloutCall call = golden_.thinker(alignment);
    for (int i = 0; i < 3; i++) {
      experts.push_back(new_memory(golden_.model));
      call.add(experts[i], golden_.prompts[i]);
    }
    call.run(golden_.model, golden_.d, golden_.vocab);
    for (const auto& expert : experts) ranges.push_back({expert.get(), 0, l4j_memory_length(expert.get())});
    const MemoryHandle merged(l4j_memory_assemble(golden_.model.get(), ranges.data(), 3, true));
    if (golden_.has(prefix + ".keys")) golden_.expect_memory(merged, prefix);
    golden_.expect_judger(merged, prefix + ".judger_");
  }
}

TEST_P(GoldenTest, Alignment) {
  for (const auto& [alignment, tag] : kMaps) {
    std::vector<float> matrix(static_cast<size_t>(golden_.d) * golden_.d), target_norm(1);
    l4j_model_alignment(golden_.model.get(), alignment, matrix.data(), static_cast<int64_t>(matrix.size()), target_norm.data(), nullptr);
    golden_.expect_close(matrix, std::string(tag) + ".matrix");
    golden_.expect_close(target_norm, std::string(tag) + ".target_norm");
  }
}

// Bit for bit: what a sequence gets does not depend on its companions, whatever their lengths, nor on where the passes were cut.
TEST_P(GoldenTest, BatchEqualsAlone) {
  const size_t n = 4;
  std::vector<std::vector<int32_t>> prompts = golden_.prompts;
  for (int i = 0; i < 3; i++) prompts[1].insert(prompts[1].end(), golden_.prompts[0].begin(), golden_.prompts[0].end());
  while (prompts[2].size() < 300) prompts[2].insert(prompts[2].end(), golden_.prompts[3].begin(), golden_.prompts[3].end());
  prompts[3].resize(1);
  const auto make_call = [&](int32_t alignment) {
    RolloutCall call = golden_.thinker(alignment);
    call.soft.noise = 0.5f;
    call.look = L4J_LOOK_ALL;
    call.max_new_tokens = kGreedyTokens;
    call.temperature = 0.6f;
    call.top_p = 0.95f;
    return call;
  };
  for (const auto& [alignment, tag] : kAlignments) {
    SCOPED_TRACE(tag);
    RolloutCall batch = make_call(alignment);
    std::vector<MemoryHandle> memories;
    for (size_t i = 0; i < n; i++) {
      memories.push_back(new_memory(golden_.model));
      batch.add(memories[i], prompts[i]);
      batch.seeds.push_back(7 + i);
    }
    batch.run(golden_.model, golden_.d, golden_.vocab);
    for (size_t i = 0; i < n; i++) {
      const auto memory = new_memory(golden_.model);
      RolloutCall alone = make_call(alignment);
      alone.seeds = {7 + i};
      alone.add(memory, prompts[i]).run(golden_.model, golden_.d, golden_.vocab);
      const size_t steps = alone.latents.size();
      EXPECT_EQ(alone.latents, std::vector<float>(batch.latents.begin() + i * steps, batch.latents.begin() + (i + 1) * steps)) << i;
      EXPECT_EQ(std::memcmp(alone.thoughts.data(), batch.thoughts.data() + i * kLatentSteps, kLatentSteps * sizeof(l4j_thought)), 0) << i;
      const auto begin = batch.logits.begin() + i * golden_.vocab;
      EXPECT_EQ(alone.logits, std::vector<float>(begin, begin + golden_.vocab)) << i;
      EXPECT_EQ(alone.tokens[0], batch.tokens[i]) << i;
    }
  }
}

// With keys and values rounded to bf16: prompts and the first thought of every checkpoint. Later thoughts feed the rounding back, which
// only tiny-qwen3 bears: the others are as far off with nothing but keys and values rounded, in f64.
TEST(GoldenBf16Test, PromptsAndThoughts) {
  for (const char* checkpoint : kCheckpoints) {
    SCOPED_TRACE(checkpoint);
    const Golden golden(checkpoint, {2, 16, L4J_MEMORY_BF16, 4096, ""});
    const size_t thoughts = std::string(checkpoint) == "tiny-qwen3" ? kLatentSteps : 1;
    for (const auto& [alignment, tag] : kMaps) {
      const std::string prefix = std::string(tag) + ".chain.";
      const auto memory = new_memory(golden.model);
      RolloutCall call = golden.thinker(alignment);
      call.add(memory, golden.prompts[0]).run(golden.model, golden.d, golden.vocab);
      golden.expect_close(call.prompt_hidden, prefix + "prompt_hidden.0");
      const auto expected = golden.floats(prefix + "hidden.0");
      EXPECT_LE(relative_error(call.latent_hidden.data(), expected.data(), thoughts * golden.d), kBf16Tolerance) << prefix;
    }
    golden.expect_judger(new_memory(golden.model), "single.");
  }
}

TEST(GoldenBf16Test, ChainAndMergeOfTheStableCheckpoint) {
  const Golden golden("tiny-qwen3", {2, 16, L4J_MEMORY_BF16, 4096, ""});
  std::vector<MemoryHandle> experts;
  std::vector<l4j_range> ranges;
  const auto chain = new_memory(golden.model);
  for (int i = 0; i < 3; i++) {
    experts.push_back(new_memory(golden.model));
    for (const MemoryHandle* memory : {&chain, static_cast<const MemoryHandle*>(&experts.back())}) {
      RolloutCall call = golden.thinker(L4J_ALIGN_IDENTITY);
      call.add(*memory, golden.prompts[i]).run(golden.model, golden.d, golden.vocab);
    }
    ranges.push_back({experts[i].get(), 0, l4j_memory_length(experts[i].get())});
  }
  golden.expect_memory(chain, "identity.chain");
  golden.expect_judger(chain, "identity.chain.judger_");
  const MemoryHandle merged(l4j_memory_assemble(golden.model.get(), ranges.data(), 3, true));
  golden.expect_memory(merged, "identity.merge");
  golden.expect_judger(merged, "identity.merge.judger_");
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest, testing::ValuesIn(cases()), [](const auto& info) {
  const Case& c = info.param;
  std::string name = c.checkpoint + "_" + (c.level.empty() ? "best" : c.level) + "_" + std::to_string(c.n_threads) + "threads_page" +
                     std::to_string(c.page_size);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace latent4j::test
