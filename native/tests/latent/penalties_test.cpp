// penalties_test.cpp: what a sequence has read and decoded changes what it decodes next: by a reference, by the definition, in batches.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "engine.h"

namespace latent4j::test {
namespace {

// <|im_start|>user\nhello there<|im_end|>\n<|im_start|>assistant\n
const std::vector<int32_t> kHelloThere = {1,  89, 87, 262, 203, 264, 80, 80, 83, 263, 76,  262,
                                          73, 2,  203, 1,  69,  87,  87, 77, 265, 274, 88, 203};

class PenaltiesTest : public testing::Test {
 protected:
  PenaltiesTest() : model_(open_model(golden_path("tiny-llama3"))) {
    const auto info = nlohmann::json::parse(l4j_model_info(model_.get()));
    d_ = info["d_model"];
    vocab_ = info["vocab"];
  }

  std::vector<int32_t> prompt(int32_t n, int32_t first) const {
    std::vector<int32_t> out(n);
    for (int32_t i = 0; i < n; i++) out[i] = (first + 7 * i) % vocab_;
    return out;
  }

  void run(RolloutCall& call) const { call.run(model_, d_, vocab_); }

  // Greedy tokens by the definition, one rollout a token, none of which knows a penalty. What `memory` holds is not of the history.
  std::vector<int32_t> by_definition(const RolloutCall& settings, const MemoryHandle& memory, const std::vector<int32_t>& prompt) {
    std::vector<int32_t> history = prompt, decoded, fed = prompt;
    while (decoded.size() < static_cast<size_t>(settings.max_new_tokens)) {
      RolloutCall one;
      one.max_new_tokens = 1;
      run(one.add(memory, fed));
      std::vector<float> logits = one.logits;
      penalize(settings, history, decoded, logits);
      const auto token = static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
      history.push_back(token);
      decoded.push_back(token);
      fed = {token};
    }
    return decoded;
  }

  static void penalize(const RolloutCall& settings, const std::vector<int32_t>& history, const std::vector<int32_t>& decoded,
                       std::vector<float>& logits) {
    const l4j_penalties& p = settings.penalties;
    for (int32_t token : std::set<int32_t>(history.begin(), history.end())) {
      float& x = logits[token];
      x = x > 0 ? x / p.repetition : x * p.repetition;
    }
    for (int32_t token : std::set<int32_t>(decoded.begin(), decoded.end())) {
      logits[token] -= p.frequency * static_cast<float>(std::count(decoded.begin(), decoded.end(), token)) + p.presence;
    }
    const auto prefix = p.no_repeat_ngram - 1;
    for (auto at = history.begin(); prefix >= 0 && history.end() - at > prefix; at++) {
      if (std::equal(at, at + prefix, history.end() - prefix)) logits[at[prefix]] = -INFINITY;
    }
    for (int32_t token : settings.suppressed) logits[token] = -INFINITY;
    for (int32_t token : decoded.empty() ? settings.suppressed_first : std::vector<int32_t>{}) logits[token] = -INFINITY;
  }

  ModelHandle model_;
  int32_t d_ = 0, vocab_ = 0;
};

// The numbers are of numpy in double precision; without the penalty the 14th token is another.
TEST_F(PenaltiesTest, RepetitionPenaltyOfTheReference) {
  std::vector<std::vector<int32_t>> tokens;
  for (const float repetition : {1.3f, 1.0f}) {
    const auto memory = new_memory(model_);
    RolloutCall call;
    call.max_new_tokens = 20;
    call.penalties.repetition = repetition;
    run(call.add(memory, kHelloThere));
    tokens.push_back(call.tokens[0]);
  }
  EXPECT_EQ(tokens[0], (std::vector<int32_t>{463, 170, 286, 281, 458, 151, 46,  427, 278, 339,
                                             445, 454, 332, 496, 111, 98,  427, 288, 97,  417}));
  EXPECT_EQ(tokens[1], (std::vector<int32_t>{463, 170, 286, 281, 458, 151, 46,  427, 278, 339,
                                             445, 454, 332, 332, 496, 111, 286, 169, 134, 134}));
}

TEST_F(PenaltiesTest, EachTokenIsTheLikeliestByDefinition) {
  std::vector<RolloutCall> settings(7);
  settings[0].penalties.repetition = 1.8f;
  settings[1].penalties.presence = 1.5f;
  settings[2].penalties.frequency = 0.8f;
  settings[3].penalties.repetition = 0.7f, settings[3].penalties.frequency = -0.5f, settings[3].penalties.presence = 2;
  settings[4].penalties.repetition = 0.5f, settings[4].penalties.no_repeat_ngram = 2;
  settings[5].penalties.repetition = 0.5f, settings[5].penalties.no_repeat_ngram = 3, settings[5].suppressed = {463, 170, 332};
  settings[6].suppressed_first = {463}, settings[6].suppressed = {286};
  std::set<std::vector<int32_t>> kinds;
  for (size_t i = 0; i < settings.size(); i++) {
    RolloutCall& call = settings[i];
    call.max_new_tokens = 24;
    // One goes on from a memory, one from a thought, the others begin.
    const auto memory = new_memory(model_);
    RolloutCall before;
    before.latent_steps = i == 2 ? 1 : 0;
    if (i == 0 || i == 2) run(before.add(memory, prompt(15, 460)));
    const MemoryHandle twin(l4j_memory_fork(memory.get()));
    const auto own = i == 2 ? std::vector<int32_t>{} : kHelloThere;
    run(call.add(memory, own));
    EXPECT_EQ(call.tokens[0], by_definition(call, twin, own)) << "settings " << i;
    kinds.insert(call.tokens[0]);
  }
  EXPECT_EQ(kinds.size(), settings.size());
}

// Sequences leave one after the other; each decodes what it decodes alone, also when its batch runs again, with other penalties in between.
TEST_F(PenaltiesTest, ABatchDecodesWhatEachDecodesAlone) {
  const int32_t n = test_device() == "cpu" ? 70 : 5;  // more than rows of logits at a time
  const auto rollout = [&](const std::vector<int32_t>& members, float presence, std::vector<std::vector<int32_t>>& tokens) {
    std::vector<MemoryHandle> memories;
    RolloutCall call;
    call.max_new_tokens = 30;
    call.temperature = 0.8f, call.top_p = 0.95f, call.min_p = 0.02f;
    call.penalties.repetition = 1.2f, call.penalties.presence = presence, call.penalties.no_repeat_ngram = 2;
    call.suppressed_first = {463};
    for (int32_t token = 0; token < vocab_; token += 16) call.end_tokens.push_back(token);
    for (int32_t i : members) {
      memories.push_back(new_memory(model_));
      call.seeds.push_back(100 + i);
      call.add(memories.back(), prompt(3 + i % 40, 11 * i));
    }
    run(call);
    tokens = call.tokens;
  };
  std::vector<int32_t> all(n);
  for (int32_t i = 0; i < n; i++) all[i] = i;
  std::vector<std::vector<int32_t>> together, other, again, alone;
  rollout(all, 0.6f, together);
  rollout(all, -0.6f, other);
  rollout(all, 0.6f, again);
  EXPECT_EQ(again, together);
  EXPECT_NE(other, together);
  std::set<size_t> lengths;
  for (int32_t i = 0; i < n; i++) {
    rollout({i}, 0.6f, alone);
    EXPECT_EQ(alone[0], together[i]) << i;
  }
  for (const auto& tokens : together) lengths.insert(tokens.size());
  EXPECT_GT(lengths.size(), 3u);
}

TEST_F(PenaltiesTest, CapturedLogitsAreTheModelsOwn) {
  RolloutCall plain, penalized;
  for (RolloutCall* call : {&plain, &penalized}) {
    const auto memory = new_memory(model_);
    call->max_new_tokens = 2;
    if (call == &penalized) call->penalties.repetition = 1.5f, call->suppressed = {463};
    run(call->add(memory, kHelloThere));
  }
  EXPECT_EQ(penalized.logits, plain.logits);
  EXPECT_NE(penalized.tokens, plain.tokens);
}

TEST_F(PenaltiesTest, MinPDrawsNothingThatIsUnlikely) {
  RolloutCall greedy, drawn, close;
  for (RolloutCall* call : {&greedy, &drawn, &close}) {
    const auto memory = new_memory(model_);
    call->max_new_tokens = 20;
    call->temperature = call == &greedy ? 0 : 2;
    call->min_p = call == &close ? 1 : 0;
    run(call->add(memory, kHelloThere));
  }
  EXPECT_NE(drawn.tokens, greedy.tokens);
  EXPECT_EQ(close.tokens, greedy.tokens);
}

// Near the end of the context, thoughts that are not thought leave their positions to tokens: histories have room for those too.
TEST_F(PenaltiesTest, HistoriesHoldTheTokensInThePlaceOfThoughts) {
  const int32_t left = 120, context = nlohmann::json::parse(l4j_model_info(model_.get()))["max_positions"];
  OpenOptions options;
  options.memory_positions = 3 * context;
  const auto model = open_model(golden_path("tiny-llama3"), options);
  const auto first = new_memory(model);
  RolloutCall whole;
  whole.add(first, prompt(context - left - static_cast<int32_t>(kHelloThere.size()), 5)).run(model, d_, vocab_);
  std::vector<RolloutCall> calls(2);
  for (RolloutCall& call : calls) {
    const MemoryHandle one(l4j_memory_fork(first.get())), other(l4j_memory_fork(first.get()));
    call.penalties.repetition = 1.3f, call.penalties.frequency = 0.5f, call.penalties.no_repeat_ngram = 2;
    call.max_new_tokens = 2 * left;
    if (&call == &calls[1]) call.latent_steps = left - 1, call.think_stop.entropy_below = 1e9f;  // that is none
    call.add(one, kHelloThere).add(other, prompt(static_cast<int32_t>(kHelloThere.size()), 90)).run(model, d_, vocab_);
    EXPECT_EQ(call.stop_reasons, (std::vector<int32_t>{L4J_STOP_CONTEXT, L4J_STOP_CONTEXT}));
  }
  EXPECT_EQ(calls[1].thought_steps, (std::vector<int32_t>{0, 0}));
  EXPECT_EQ(calls[1].tokens, calls[0].tokens);
}

// What may be decoded is used up after a few tokens: the sequence ends there, its companion goes on, and the memory is as after any end.
TEST_F(PenaltiesTest, WhereNoTokenIsLeftTheSequenceEnds) {
  const std::vector<int32_t> own = prompt(6, 460), other = prompt(9, 30);
  for (const float temperature : {0.0f, 0.7f}) {
    for (const size_t n_left : {0u, 1u, 2u, 4u}) {
      RolloutCall call;
      call.max_new_tokens = 12;
      call.temperature = temperature;
      call.penalties.no_repeat_ngram = 1;  // of the prompt, too
      std::set<int32_t> left;  // of what one prompt and not the other holds
      for (const int32_t token : other) {
        if (left.size() < n_left && std::find(own.begin(), own.end(), token) == own.end()) left.insert(token);
      }
      std::set<int32_t> open = left;
      for (const int32_t token : own) open.insert(token);
      for (int32_t token = 0; token < vocab_; token++) {
        if (!open.count(token)) call.suppressed.push_back(token);
      }
      const auto memory = new_memory(model_), companion = new_memory(model_);
      run(call.add(memory, own).add(companion, other));
      ASSERT_EQ(call.stop_reasons, (std::vector<int32_t>{L4J_STOP_NO_TOKEN, L4J_STOP_NO_TOKEN}));
      EXPECT_EQ(std::set<int32_t>(call.tokens[0].begin(), call.tokens[0].end()), left);
      EXPECT_EQ(call.tokens[0].size(), n_left);
      EXPECT_EQ(call.tokens[1].size(), own.size());
      EXPECT_EQ(call.figures.new_tokens, static_cast<int64_t>(n_left + own.size()));
      EXPECT_EQ(l4j_memory_length(memory.get()), static_cast<int32_t>(own.size() + std::max<size_t>(n_left, 1) - 1));

      // As if those tokens had been the prompt's: the same next logits after the last one.
      const auto twin = new_memory(model_);
      std::vector<int32_t> read = own;
      if (n_left > 1) read.insert(read.end(), call.tokens[0].begin(), call.tokens[0].end() - 1);
      RolloutCall prefilled, next, expected;
      run(prefilled.add(twin, read));
      next.max_new_tokens = expected.max_new_tokens = 1;
      run(next.add(memory, {}));
      run(expected.add(twin, {}));
      ASSERT_EQ(next.logits.size(), expected.logits.size());
      for (size_t i = 0; i < next.logits.size(); i++) ASSERT_NEAR(next.logits[i], expected.logits[i], 2e-2) << i;
    }
  }
}

TEST_F(PenaltiesTest, WhatIsOutsideItsRangeIsNamed) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::string text;
  const auto refused = [&](const auto& set) {
    const auto memory = new_memory(model_);
    RolloutCall call;
    call.max_new_tokens = 1;
    set(call);
    return code_of([&] { run(call.add(memory, kHelloThere)); }, &text);
  };
  for (const float value : {0.0f, -1.0f, nan, INFINITY}) {
    EXPECT_EQ(refused([&](RolloutCall& c) { c.penalties.repetition = value; }), "BAD_ARGUMENT") << value;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "repetition penalty", text);
  }
  for (const float value : {2.1f, -2.1f, nan}) {
    EXPECT_EQ(refused([&](RolloutCall& c) { c.penalties.presence = value; }), "BAD_ARGUMENT") << value;
    EXPECT_EQ(refused([&](RolloutCall& c) { c.penalties.frequency = value; }), "BAD_ARGUMENT") << value;
  }
  for (const float value : {-0.1f, 1.1f, nan}) EXPECT_EQ(refused([&](RolloutCall& c) { c.min_p = value; }), "BAD_ARGUMENT") << value;
  EXPECT_EQ(refused([&](RolloutCall& c) { c.penalties.no_repeat_ngram = -1; }), "BAD_ARGUMENT");
  EXPECT_EQ(refused([&](RolloutCall& c) { c.suppressed = {3, vocab_}; }), "BAD_TOKEN");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "token 512 at index 1 of suppressed", text);
  EXPECT_EQ(refused([&](RolloutCall& c) { c.suppressed_first = {-1}; }), "BAD_TOKEN");
  EXPECT_EQ(refused([&](RolloutCall& c) {
              for (int32_t token = 0; token < vocab_; token++) (token % 2 ? c.suppressed : c.suppressed_first).push_back(token);
            }),
            "BAD_ARGUMENT");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "all 512 tokens are suppressed", text);
}

}  // namespace
}  // namespace latent4j::test
