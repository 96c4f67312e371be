// reference_test.cpp: real models against numbers computed plainly in float32 (tests/data/reference): the embedded SmolLM2, and
// Qwen2.5-Coder-0.5B where the environment variable L4J_QWEN_05B names its file.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine.h"

namespace latent4j::test {
namespace {

// Below this gap between the two best logits rounding may choose the other token, and the row says nothing from there on.
constexpr double kSmallGap = 0.05, kHiddenTolerance = 1e-3, kLogitTolerance = 1e-3;

struct Reference {
  std::string name, model, numbers;
};

std::vector<Reference> references() {
  const std::string data = L4J_TEST_DATA;
  std::vector<Reference> out{{"smollm2",
                              data + "/../../../java/smollm2/src/main/resources/org/latent4j/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                              data + "/reference/smollm2-135m-instruct-q4_1.reference.json"}};
  if (const char* qwen = std::getenv("L4J_QWEN_05B")) {
    out.push_back({"qwen25_coder_05b", qwen, data + "/reference/qwen2.5-coder-0.5b-instruct-q4_k_m.reference.json"});
  }
  return out;
}

class ReferenceTest : public testing::TestWithParam<Reference> {
 protected:
  void SetUp() override {
    std::ifstream in(GetParam().numbers);
    ASSERT_TRUE(in) << GetParam().numbers;
    reference_ = nlohmann::json::parse(in);
    model_ = open_model(GetParam().model);
    const auto info = nlohmann::json::parse(l4j_model_info(model_.get()));
    d_ = info["d_model"];
    vocab_ = info["vocab"];
  }

  // `tokens` must be the row's up to the first small gap at which they part.
  static void expect_tokens(const std::vector<int32_t>& tokens, const nlohmann::json& row) {
    const auto expected = row["greedy_ids"].get<std::vector<int32_t>>();
    const auto gaps = row["gaps"].get<std::vector<double>>();
    for (size_t i = 0; i < expected.size(); i++) {
      ASSERT_LT(i, tokens.size());
      if (tokens[i] == expected[i]) continue;
      EXPECT_LT(gaps[i], kSmallGap) << "token " << i << " is " << tokens[i] << ", expected " << expected[i];
      return;
    }
    EXPECT_EQ(tokens.size(), expected.size());
  }

  RolloutCall greedy(const MemoryHandle& memory, const nlohmann::json& ids, const nlohmann::json& row) {
    RolloutCall call;
    call.max_new_tokens = static_cast<int32_t>(row["greedy_ids"].size());
    call.add(memory, ids.get<std::vector<int32_t>>()).run(model_, d_, vocab_);
    return call;
  }

  nlohmann::json reference_;
  ModelHandle model_;
  int32_t d_ = 0, vocab_ = 0;
};

TEST_P(ReferenceTest, TargetNorm) {
  float target_norm = 0;
  l4j_model_alignment(model_.get(), L4J_ALIGN_IDENTITY, nullptr, 0, &target_norm, nullptr);
  EXPECT_NEAR(target_norm / reference_["target_norm"].get<double>(), 1, 1e-5);
}

TEST_P(ReferenceTest, GreedyTokensAndLogits) {
  for (const auto& row : reference_["prompts"]) {
    const auto memory = new_memory(model_);
    const auto call = greedy(memory, row["ids"], row);
    for (const auto& [id, logit] : row["best_logits"].items()) {
      EXPECT_NEAR(call.logits[std::stoi(id)] / logit.get<double>(), 1, kLogitTolerance) << row["prompt"] << " token " << id;
    }
    expect_tokens(call.tokens[0], row);
  }
}

TEST_P(ReferenceTest, LatentChain) {
  const auto& chain = reference_["chain"];
  const auto memory = new_memory(model_);
  RolloutCall call;
  call.latent_steps = chain["latent_steps"];
  call.add(memory, chain["first_ids"].get<std::vector<int32_t>>()).run(model_, d_, vocab_);
  std::vector<float> hidden(call.prompt_hidden.end() - d_, call.prompt_hidden.end());
  hidden.insert(hidden.end(), call.latent_hidden.begin(), call.latent_hidden.end());
  for (size_t i = 0; i < chain["hidden"].size(); i++) {
    const auto expected = chain["hidden"][i].get<std::vector<float>>();
    double error = 0, norm = 0;
    for (int32_t j = 0; j < d_; j++) {
      error += std::pow(hidden[i * d_ + j] - static_cast<double>(expected[j]), 2);
      norm += std::pow(static_cast<double>(expected[j]), 2);
    }
    EXPECT_LE(std::sqrt(error / norm), kHiddenTolerance) << "hidden " << i;
  }
  expect_tokens(greedy(memory, chain["second_ids"], chain).tokens[0], chain);
}

INSTANTIATE_TEST_SUITE_P(All, ReferenceTest, testing::ValuesIn(references()), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace latent4j::test
