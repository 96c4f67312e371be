// rollout_test.cpp: what a rollout does at its edges: errors that lose nothing, limits, cancellation, forks, several threads.
#include "latent/rollout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine.h"
#include "latent/tiny_checkpoint.h"

namespace latent4j::test {
namespace {

class RolloutTest : public testing::Test {
 protected:
  RolloutTest() { reopen({}); }

  void reopen(const OpenOptions& options) {
    model_ = open_model(golden_path("tiny-qwen3"), options);
    const auto info = nlohmann::json::parse(l4j_model_info(model_.get()));
    d_ = info["d_model"];
    vocab_ = info["vocab"];
    context_ = info["max_positions"];
  }

  std::vector<int32_t> prompt(int32_t n, int32_t first = 5) const {
    std::vector<int32_t> out(n);
    for (int32_t i = 0; i < n; i++) out[i] = (first + 7 * i) % vocab_;
    return out;
  }

  RolloutCall run(const MemoryHandle& memory, std::vector<int32_t> tokens, int32_t latent_steps, int32_t max_new = 0) {
    RolloutCall call;
    call.latent_steps = latent_steps;
    call.max_new_tokens = max_new;
    call.add(memory, std::move(tokens)).run(model_, d_, vocab_);
    return call;
  }

  ModelHandle model_;
  int32_t d_ = 0, vocab_ = 0, context_ = 0;
};

TEST_F(RolloutTest, LatentStepsAddExactlyAsManyPositions) {
  const auto memory = new_memory(model_);
  run(memory, prompt(9), 5);
  EXPECT_EQ(l4j_memory_length(memory.get()), 14);
  run(memory, {}, 3);
  EXPECT_EQ(l4j_memory_length(memory.get()), 17);
}

// One call of prompt, steps and tokens is the same as the three one after the other.
TEST_F(RolloutTest, StagesInOneCallOrInThree) {
  const auto whole = new_memory(model_), staged = new_memory(model_);
  const auto at_once = run(whole, prompt(20), 6, 8);
  run(staged, prompt(20), 0);
  run(staged, {}, 2);
  run(staged, {}, 4);
  const auto last = run(staged, {}, 0, 8);
  EXPECT_EQ(at_once.logits, last.logits);
  EXPECT_EQ(at_once.tokens, last.tokens);
  EXPECT_EQ(l4j_memory_length(whole.get()), l4j_memory_length(staged.get()));
}

TEST_F(RolloutTest, AForkGoesItsOwnWay) {
  const auto original = new_memory(model_);
  run(original, prompt(21), 2);
  const MemoryHandle fork(l4j_memory_fork(original.get())), control(l4j_memory_fork(original.get()));
  run(fork, prompt(11, 90), 4);
  EXPECT_EQ(l4j_memory_length(original.get()), 23);
  const auto expected = run(control, prompt(5, 3), 3, 6), actual = run(original, prompt(5, 3), 3, 6);
  EXPECT_EQ(actual.logits, expected.logits);
  EXPECT_EQ(actual.tokens, expected.tokens);
}

TEST_F(RolloutTest, ErrorsNameTheValueAndLoseNothing) {
  const auto memory = new_memory(model_);
  run(memory, prompt(10), 2);
  const int64_t free_pages = l4j_model_free_pages(model_.get());
  std::string text;
  EXPECT_EQ(code_of([&] { run(memory, {1, vocab_, 2}, 0); }, &text), "BAD_TOKEN");
  EXPECT_NE(text.find("token 512 at index 1"), std::string::npos) << text;
  EXPECT_EQ(code_of([&] { run(memory, {-1}, 0); }), "BAD_TOKEN");
  EXPECT_EQ(code_of([&] { run(memory, prompt(context_), 0); }, &text), "CONTEXT_EXCEEDED");
  EXPECT_NE(text.find("the context holds 4096"), std::string::npos) << text;
  EXPECT_EQ(code_of([&] { run(memory, prompt(3), -1); }), "BAD_ARGUMENT");
  EXPECT_EQ(l4j_memory_length(memory.get()), 12);
  EXPECT_EQ(l4j_model_free_pages(model_.get()), free_pages);
  const auto empty = new_memory(model_);
  EXPECT_EQ(code_of([&] { run(empty, {}, 3); }), "NO_HIDDEN_STATE");
  EXPECT_EQ(code_of([&] {
              RolloutCall twice;
              twice.add(memory, prompt(2)).add(memory, prompt(2)).run(model_, d_, vocab_);
            }),
            "BAD_ARGUMENT");
  run(memory, prompt(3), 1);
  EXPECT_EQ(l4j_memory_length(memory.get()), 16);
}

// A checkpoint in which `row` of a table, the input or the output embedding, is not a number.
TinyCheckpoint broken_in(TinyCheckpoint checkpoint, const std::string& table, int32_t row) {
  const int32_t d = checkpoint.shape.d_model;
  checkpoint.tensors.at(table).values[static_cast<size_t>(row) * d] = std::numeric_limits<float>::quiet_NaN();
  return checkpoint;
}

struct Sequence {
  std::vector<int32_t> before, prompt;
};

// What a rollout of these sequences says of numbers that are not finite; of a sound checkpoint its tokens are kept.
std::string not_finite(const TinyCheckpoint& checkpoint, const std::vector<Sequence>& sequences, int32_t latent_steps, int32_t max_new,
                       std::vector<std::vector<int32_t>>* tokens = nullptr) {
  const Folder folder;
  checkpoint.write(folder);
  const auto model = open_model(folder.path());
  const TinyShape& s = checkpoint.shape;
  std::vector<MemoryHandle> memories;
  RolloutCall call;
  call.latent_steps = latent_steps;
  call.max_new_tokens = max_new;
  for (const Sequence& sequence : sequences) {
    memories.push_back(new_memory(model));
    if (!sequence.before.empty()) RolloutCall().add(memories.back(), sequence.before).run(model, s.d_model, s.vocab);
    call.add(memories.back(), sequence.prompt);
  }
  std::string text;
  const std::string code = code_of([&] { call.run(model, s.d_model, s.vocab); }, &text);
  EXPECT_EQ(code, tokens ? "" : "NOT_FINITE") << text;
  if (tokens) *tokens = call.tokens;
  return text;
}

TEST_F(RolloutTest, WhatIsNotFiniteIsNamedByItsToken) {
  const TinyCheckpoint sound({.head_dim = 16});
  const int32_t bad = sound.shape.vocab - 1;
  const TinyCheckpoint bad_input = broken_in(sound, "model.embed_tokens.weight", bad), bad_output = broken_in(sound, "lm_head.weight", bad);
  const std::string in_first = not_finite(bad_input, {{{}, {1, 2, 3, bad}}, {{}, {3, bad, 4}}}, 0, 0);
  const std::string in_second = not_finite(bad_input, {{{1, 2, 3}, {5, bad}}, {{}, {1, 2, 3, 4, 5, bad}}}, 0, 3);
  if (test_device() == "cpu") {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "the hidden state at position 1 of sequence 1 (prompt token 1)", in_first);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "the hidden state at position 4 of sequence 0 (prompt token 1)", in_second);
  } else {
    for (const std::string& text : {in_first, in_second}) {
      EXPECT_PRED_FORMAT2(testing::IsSubstring, "the hidden states of the prompts, seen first at position ", text);
    }
  }
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "the logits for position 6 of sequence 1 (new token 0)",
                      not_finite(bad_output, {{{}, {1, 2, 3, 4, 5}}, {{9}, {6, 7, 8}}}, 2, 3));

  // A token that was chosen and whose own embedding is bad: the hidden state where it stands.
  const std::vector<int32_t> prompt = {1, 2, 3};
  std::vector<std::vector<int32_t>> tokens;
  not_finite(sound, {{{}, prompt}}, 0, 6, &tokens);
  std::vector<int32_t> seen = prompt;
  for (size_t i = 0; i + 1 < tokens[0].size(); i++) {
    const int32_t token = tokens[0][i];
    if (std::find(seen.begin(), seen.end(), token) == seen.end()) {
      const std::string place = "position " + std::to_string(3 + i) + " of sequence 0 (new token " + std::to_string(i) + ")";
      EXPECT_PRED_FORMAT2(testing::IsSubstring, "the hidden state at " + place,
                          not_finite(broken_in(sound, "model.embed_tokens.weight", token), {{{}, prompt}}, 0, 6));
    }
    seen.push_back(token);
  }
  EXPECT_GT(seen.size(), prompt.size());
}

TEST_F(RolloutTest, OutOfPagesLeavesTheBatchAsItWas) {
  reopen({2, 16, L4J_MEMORY_F32, 64, ""});
  const auto first = new_memory(model_), second = new_memory(model_);
  RolloutCall call;
  call.latent_steps = 4;
  std::string text;
  EXPECT_EQ(code_of([&] { call.add(first, prompt(30)).add(second, prompt(31)).run(model_, d_, vocab_); }, &text), "OUT_OF_PAGES");
  EXPECT_NE(text.find("need 3, free 1"), std::string::npos) << text;
  EXPECT_EQ(l4j_memory_length(first.get()), 0);
  EXPECT_EQ(l4j_model_free_pages(model_.get()), 4);
  run(first, prompt(60), 4);
  EXPECT_EQ(l4j_memory_length(first.get()), 64);
}

TEST_F(RolloutTest, DecodingStopsAtTheContext) {
  const auto memory = new_memory(model_);
  const auto call = run(memory, prompt(context_ - 3), 0, 20);
  EXPECT_EQ(call.tokens[0].size(), 4u);
  EXPECT_EQ(call.stop_reasons[0], L4J_STOP_CONTEXT);
  EXPECT_EQ(l4j_memory_length(memory.get()), context_);
}

TEST_F(RolloutTest, EndTokenEndsOneSequenceOnly) {
  const auto alone = new_memory(model_);
  const auto reference = run(alone, prompt(12), 0, 12);
  const auto first = new_memory(model_), second = new_memory(model_);
  RolloutCall call;
  call.max_new_tokens = 12;
  call.end_tokens = {reference.tokens[0][4]};
  const std::vector<int32_t>& all = reference.tokens[0];
  const size_t expected = std::find(all.begin(), all.end(), all[4]) - all.begin() + 1;
  call.add(first, prompt(12)).add(second, prompt(15, 40)).run(model_, d_, vocab_);
  EXPECT_EQ(call.tokens[0].size(), expected);
  EXPECT_EQ(call.stop_reasons[0], L4J_STOP_END_TOKEN);
  EXPECT_EQ(static_cast<size_t>(call.figures.new_tokens), call.tokens[0].size() + call.tokens[1].size());
}

TEST_F(RolloutTest, CancelStopsAtOnceAndKeepsTheMemory) {
  const auto memory = new_memory(model_);
  run(memory, prompt(10), 0);
  RolloutCall call;
  call.latent_steps = 3000;
  std::thread canceller([&] {
    while (std::atomic_ref<int32_t>(call.control.step).load(std::memory_order_acquire) < 5) std::this_thread::yield();
    std::atomic_ref<int32_t>(call.control.cancel).store(1);
  });
  EXPECT_EQ(code_of([&] { call.add(memory, {}).run(model_, d_, vocab_); }), "CANCELLED");
  canceller.join();
  EXPECT_LT(call.control.step, 3000);
  EXPECT_EQ(l4j_memory_length(memory.get()), 10);
  run(memory, {}, 2);
  EXPECT_EQ(l4j_memory_length(memory.get()), 12);
}

// Of a ragged batch each sequence keeps another number of its tokens: its memory is what exactly these tokens leave, to the bit.
TEST_F(RolloutTest, ACommitKeepsAsManyTokensAsItIsTold) {
  const std::vector<int32_t> keep{0, 1, 2, 5, 9};
  for (const bool from_hidden : {false, true}) {
    std::vector<MemoryHandle> memories;
    RolloutCall batch;
    batch.max_new_tokens = 9, batch.latent_steps = from_hidden ? 0 : 2, batch.keep = keep;
    for (size_t i = 0; i < keep.size(); i++) {
      memories.push_back(new_memory(model_));
      if (from_hidden) run(memories[i], prompt(7 + static_cast<int32_t>(i)), 1);
      batch.add(memories[i], from_hidden ? std::vector<int32_t>{} : prompt(7 + static_cast<int32_t>(i)));
    }
    batch.run(model_, d_, vocab_);
    for (size_t i = 0; i < keep.size(); i++) {
      const auto exact = new_memory(model_);
      const auto own = prompt(7 + static_cast<int32_t>(i));
      if (from_hidden) run(exact, own, 1);
      if (keep[i] > 0 || !from_hidden) run(exact, from_hidden ? std::vector<int32_t>{} : own, batch.latent_steps, keep[i]);
      ASSERT_EQ(l4j_memory_length(memories[i].get()), l4j_memory_length(exact.get())) << i;
      std::vector<float> hidden(d_), expected(d_);
      l4j_memory_hidden(memories[i].get(), hidden.data(), d_);
      l4j_memory_hidden(exact.get(), expected.data(), d_);
      EXPECT_EQ(hidden, expected) << i;
      EXPECT_EQ(run(memories[i], {}, 2, 4).logits, run(exact, {}, 2, 4).logits) << i;
    }
  }
}

TEST_F(RolloutTest, NobodyTouchesTheMemoriesBetweenRunAndClose) {
  const auto memory = new_memory(model_);
  run(memory, prompt(10), 1);
  std::vector<float> before(d_), hidden(d_);
  l4j_memory_hidden(memory.get(), before.data(), d_);
  const int64_t free_pages = l4j_model_free_pages(model_.get());
  const auto tokens = prompt(20);
  const int32_t offsets[] = {0, 20}, keep[] = {4}, too_many[] = {4, 4};
  std::vector<int32_t> new_tokens(8);
  l4j_memory* pointer = memory.get();
  for (const bool commits : {false, true}) {
    l4j_rollout_args args{};
    args.n_sequences = 1, args.memories = &pointer, args.tokens = tokens.data(), args.token_offsets = offsets;
    args.max_new_tokens = 3, args.top_p = 1, args.new_tokens = new_tokens.data();
    l4j_rollout_run(model_.get(), &args, nullptr, nullptr);
    EXPECT_EQ(l4j_memory_length(pointer), 11) << "nothing is in it before the commit";
    EXPECT_EQ(code_of([&] { l4j_memory_truncate(pointer, 0); }), "MEMORY_BUSY");
    EXPECT_EQ(code_of([&] { l4j_memory_hidden(pointer, hidden.data(), d_); }), "MEMORY_BUSY");
    EXPECT_EQ(code_of([&] { run(memory, prompt(3), 0); }), "MEMORY_BUSY");
    EXPECT_EQ(code_of([&] { l4j_rollout_run(model_.get(), &args, nullptr, nullptr); }), "BAD_ARGUMENT") << "not closed";
    EXPECT_EQ(code_of([&] { l4j_rollout_commit(&args, keep, 1); }), "BAD_ARGUMENT") << "4 of 3 tokens";
    EXPECT_EQ(code_of([&] { l4j_rollout_commit(&args, too_many, 2); }), "BAD_ARGUMENT");
    if (commits) l4j_rollout_commit(&args, nullptr, 1);
    l4j_rollout_close(&args);
    EXPECT_EQ(code_of([&] { l4j_rollout_commit(&args, nullptr, 1); }), "BAD_ARGUMENT") << "closed";
    l4j_memory_hidden(pointer, hidden.data(), d_);
    if (commits) {
      EXPECT_EQ(l4j_memory_length(pointer), 11 + 20 + 2);
    } else {
      EXPECT_EQ(l4j_memory_length(pointer), 11);
      EXPECT_EQ(hidden, before);
      EXPECT_EQ(l4j_model_free_pages(model_.get()), free_pages);
    }
  }
}

TEST_F(RolloutTest, ArraysThatAreTooSmallAreNotWrittenTo) {
  const auto memory = new_memory(model_);
  run(memory, prompt(10), 0);
  std::vector<float> keys(2 * 10 * 32, -7), values = keys;
  EXPECT_EQ(l4j_memory_read(memory.get(), 0, keys.data(), values.data(), 9), 10);
  EXPECT_EQ(keys, std::vector<float>(keys.size(), -7));
  EXPECT_EQ(l4j_memory_read(memory.get(), 0, keys.data(), values.data(), static_cast<int64_t>(keys.size())), 10);
  EXPECT_NE(keys, std::vector<float>(keys.size(), -7));
  std::vector<float> hidden(d_);
  EXPECT_EQ(code_of([&] { l4j_memory_hidden(memory.get(), hidden.data(), d_ - 1); }), "BAD_ARGUMENT");
  EXPECT_EQ(code_of([&] { l4j_model_align(model_.get(), L4J_ALIGN_IDENTITY, hidden.data(), 2, hidden.data(), d_); }), "BAD_ARGUMENT");
  EXPECT_EQ(code_of([&] { l4j_model_alignment(model_.get(), L4J_ALIGN_IDENTITY, hidden.data(), d_, nullptr, nullptr); }), "BAD_ARGUMENT");
}

// Threads on memories of their own get the numbers they would get alone; two threads on one memory are refused, not mixed up.
TEST_F(RolloutTest, ManyThreadsOneModel) {
  const auto reference_memory = new_memory(model_);
  const auto reference = run(reference_memory, prompt(25), 5, 8);
  const auto contended = new_memory(model_);
  std::atomic<int> busy{0}, ran{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int round = 0; round < 4; round++) {
        const auto memory = new_memory(model_);
        const auto call = run(memory, prompt(25), 5, 8);
        if (call.logits != reference.logits || call.tokens != reference.tokens) wrong++;
        const std::string code = code_of([&] { run(contended, prompt(20), 2); });
        if (code == "MEMORY_BUSY") busy++;
        if (code.empty()) ran++;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(busy + ran, 16);
  EXPECT_EQ(l4j_memory_length(contended.get()), ran * 22);
}

TEST_F(RolloutTest, SeedsDecideTheSampledTokens) {
  const auto sampled = [&](uint64_t seed) {
    const auto memory = new_memory(model_);
    RolloutCall call;
    call.max_new_tokens = 24;
    call.temperature = 1.5f;
    call.seeds = {seed};
    call.add(memory, prompt(8)).run(model_, d_, vocab_);
    return call.tokens[0];
  };
  EXPECT_EQ(sampled(1), sampled(1));
  EXPECT_NE(sampled(1), sampled(2));
}

}  // namespace
}  // namespace latent4j::test
