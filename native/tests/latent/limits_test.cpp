// limits_test.cpp: numbers at the ends of their types, and batches and ranges of unusual make, through the bridge.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "engine.h"

namespace latent4j::test {
namespace {

constexpr int32_t kMost = INT32_MAX, kWidth = 64, kVocab = 512;

struct LimitsTest : testing::Test {
  ModelHandle model = open_model(golden_path("tiny-qwen3"));
  MemoryHandle memory = new_memory(model);

  RolloutCall run(const MemoryHandle& into, std::vector<int32_t> prompt, int32_t latent_steps = 0) {
    RolloutCall call;
    call.latent_steps = latent_steps;
    call.add(into, std::move(prompt)).run(model, kWidth, kVocab);
    return call;
  }

  l4j_rollout_args arguments(const int32_t* tokens, const int32_t* offsets) {
    l4j_rollout_args args{};
    args.n_sequences = 1;
    args.memories = &pointer_;
    args.tokens = tokens;
    args.token_offsets = offsets;
    args.top_p = 1;
    return args;
  }

  std::string code(l4j_rollout_args args) {
    return code_of([&] { run_and_commit(model, args); });
  }

  MemoryHandle assembled(std::vector<l4j_range> ranges, bool rotate = true) {
    return MemoryHandle(l4j_memory_assemble(model.get(), ranges.data(), static_cast<int32_t>(ranges.size()), rotate));
  }

  std::vector<float> keys(const MemoryHandle& of, std::vector<float>* values = nullptr) {
    std::vector<float> k(size_t{2} * 32 * l4j_memory_length(of.get())), v(k.size());
    l4j_memory_read(of.get(), 1, k.data(), v.data(), static_cast<int64_t>(k.size()));
    if (values) *values = v;
    return k;
  }

 private:
  l4j_memory* pointer_ = memory.get();
};

TEST_F(LimitsTest, CountsAtTheEndOfTheirType) {
  const int32_t tokens[] = {5, 6, 7}, offsets[] = {0, 3}, absurd[] = {0, kMost}, falling[] = {0, -1}, late[] = {1, 3};
  const int64_t free_pages = l4j_model_free_pages(model.get());
  auto args = arguments(tokens, offsets);
  args.n_latent_steps = kMost;
  EXPECT_EQ(code(args), "CONTEXT_EXCEEDED");
  EXPECT_EQ(code(arguments(tokens, absurd)), "CONTEXT_EXCEEDED");  // refused before a token beyond the array is looked at
  EXPECT_EQ(code(arguments(tokens, falling)), "BAD_ARGUMENT");
  EXPECT_EQ(code(arguments(tokens, late)), "BAD_ARGUMENT");
  EXPECT_EQ(l4j_model_free_pages(model.get()), free_pages);

  args = arguments(tokens, offsets);
  args.max_new_tokens = kMost;
  int32_t stop = 1, reason = 0, count = 0;
  l4j_control control{};
  control.stop = &stop;
  control.n_new_tokens = &count;
  args.stop_reasons = &reason;
  run_and_commit(model, args, &control);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(reason, L4J_STOP_ASKED);
  EXPECT_EQ(l4j_memory_length(memory.get()), 3);
  EXPECT_EQ(l4j_model_free_pages(model.get()), free_pages - 1) << "what was reserved for the tokens that did not come is given back";
}

// Allowed, and so no reason for a number that is none, nor to stop.
TEST_F(LimitsTest, SettingsOfThoughtsAtTheEndOfTheirType) {
  const int32_t tokens[] = {5, 6, 7}, offsets[] = {0, 3}, end = kVocab - 1;
  const float tiny = std::numeric_limits<float>::denorm_min(), huge = std::numeric_limits<float>::max();
  const l4j_soft ends[] = {{64, tiny, 0, 1}, {64, huge, 0, 1}, {64, 1, huge, tiny}, {64, tiny, huge, 1}, {1, huge, tiny, 0.5f}};
  for (const l4j_soft& soft : ends) {
    for (const int32_t alignment : {L4J_ALIGN_SOFT, L4J_ALIGN_IDENTITY}) {
      auto args = arguments(tokens, offsets);
      std::vector<float> latents(3 * kWidth, NAN);
      l4j_thought thoughts[3];
      int32_t steps = -1;
      args.n_latent_steps = 3, args.alignment = alignment, args.soft = soft, args.think_stop = {huge, kMost, 1, kMost};
      args.end_tokens = &end, args.n_end_tokens = 1;
      args.look = L4J_LOOK_ALL, args.latents = latents.data(), args.thoughts = thoughts, args.latent_steps = &steps;
      EXPECT_EQ(code(args), "");
      EXPECT_EQ(steps, 3);
      for (const float x : latents) ASSERT_TRUE(std::isfinite(x));
    }
  }
}

TEST_F(LimitsTest, NullHandlesAreRefused) {
  const int32_t tokens[] = {5}, offsets[] = {0, 1};
  auto args = arguments(tokens, offsets);
  args.look = L4J_LOOK_LAST;
  EXPECT_EQ(code(args), "") << "without a step there is nothing to look at";
  args.n_latent_steps = 1;
  EXPECT_EQ(code(args), "BAD_ARGUMENT") << "no array of thoughts";
  l4j_memory* none = nullptr;
  args.memories = &none;
  EXPECT_EQ(code(args), "BAD_ARGUMENT");
  EXPECT_EQ(code_of([&] { assembled({{nullptr, 0, 0}}); }), "BAD_ARGUMENT");
}

TEST_F(LimitsTest, RangesOfUnusualMake) {
  run(memory, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20});
  l4j_memory* const m = memory.get();
  EXPECT_EQ(l4j_memory_length(assembled({}).get()), 0);
  EXPECT_EQ(l4j_memory_length(assembled({{m, 7, 7}, {m, 20, 20}, {m, 0, 0}}).get()), 0);
  EXPECT_EQ(keys(assembled({{m, 0, 0}, {m, 0, 20}, {m, 16, 16}})), keys(memory));
  for (const l4j_range& wrong : {l4j_range{m, -1, 3}, {m, 4, 3}, {m, 0, 21}, {m, kMost, kMost}, {m, INT32_MIN, kMost}}) {
    EXPECT_EQ(code_of([&] { assembled({wrong}); }), "BAD_ARGUMENT") << wrong.begin << " to " << wrong.end;
  }
  EXPECT_EQ(code_of([&] { assembled(std::vector<l4j_range>(300, {m, 0, 20})); }), "CONTEXT_EXCEEDED");

  // The same memory twice, overlapping: its values stand in both places.
  std::vector<float> own, twice;
  keys(memory, &own);
  const auto overlapping = assembled({{m, 0, 20}, {m, 5, 15}, {m, 0, 20}});
  keys(overlapping, &twice);
  ASSERT_EQ(l4j_memory_length(overlapping.get()), 50);
  for (int32_t head = 0; head < 2; head++) {
    const float *from = own.data() + head * 20 * 32, *to = twice.data() + head * 50 * 32;
    EXPECT_EQ(std::memcmp(to, from, 20 * 32 * 4), 0);
    EXPECT_EQ(std::memcmp(to + 20 * 32, from + 5 * 32, 10 * 32 * 4), 0);
    EXPECT_EQ(std::memcmp(to + 30 * 32, from, 20 * 32 * 4), 0);
  }
}

// More sequences than rows of a pass, and than rows of logits: each gets what it would get alone.
TEST_F(LimitsTest, ThousandsOfSequences) {
  constexpr int32_t kSequences = 2500;
  model = open_model(golden_path("tiny-qwen3"), {.page_size = 4, .memory_positions = 16 * kSequences});
  std::vector<MemoryHandle> memories;
  RolloutCall call;
  call.latent_steps = 1;
  call.max_new_tokens = 2;
  const auto prompt = [](int32_t i) { return std::vector<int32_t>(1 + i % 4, (7 * i) % kVocab); };
  for (int32_t i = 0; i < kSequences; i++) call.add(memories.emplace_back(new_memory(model)), prompt(i));
  call.run(model, kWidth, kVocab);
  for (const int32_t i : {0, 31, 32, 255, 256, 1499, kSequences - 1}) {
    const auto own = new_memory(model);
    RolloutCall alone;
    alone.latent_steps = 1;
    alone.max_new_tokens = 2;
    alone.add(own, prompt(i)).run(model, kWidth, kVocab);
    EXPECT_EQ(call.tokens[i], alone.tokens[0]) << i;
    EXPECT_EQ(std::memcmp(call.logits.data() + size_t{kVocab} * i, alone.logits.data(), sizeof(float) * kVocab), 0) << i;
    EXPECT_EQ(keys(memories[i]), keys(own)) << i;
  }
}

}  // namespace
}  // namespace latent4j::test
