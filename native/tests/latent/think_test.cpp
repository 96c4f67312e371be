// think_test.cpp: how a rollout thinks: the alignment soft and its settings, when sequences stop, what is seen of a thought.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <thread>

#include "engine.h"
#include "latent/tiny_checkpoint.h"
#include "safetensors_reader.h"

namespace latent4j::test {
namespace {

constexpr int32_t kWidth = 64, kVocab = 512, kLayers = 3, kKvHeads = 2, kHeadDim = 32, kContext = 4096;  // tiny-qwen3

std::vector<int32_t> prompt(int32_t n, int32_t first = 5) {
  std::vector<int32_t> out(n);
  for (int32_t i = 0; i < n; i++) out[i] = (first + 7 * i) % kVocab;
  return out;
}

// The part of `all` that is the i-th of n sequences'.
template <typename T>
std::vector<T> part_of(const std::vector<T>& all, size_t i, size_t n) {
  const size_t size = all.size() / n;
  return {all.begin() + i * size, all.begin() + (i + 1) * size};
}

struct ThinkTest : testing::Test {
  using Setting = std::function<void(RolloutCall&)>;
  ModelHandle model = open_model(golden_path("tiny-qwen3"));

  RolloutCall call_of(const Setting& set, int32_t steps, int32_t alignment = L4J_ALIGN_SOFT) const {
    RolloutCall call;
    call.latent_steps = steps;
    call.alignment = alignment;
    if (set) set(call);
    return call;
  }

  RolloutCall think(const MemoryHandle& memory, const std::vector<int32_t>& tokens, int32_t steps, const Setting& set = {},
                    int32_t alignment = L4J_ALIGN_SOFT) {
    RolloutCall call = call_of(set, steps, alignment);
    call.add(memory, tokens).run(model, kWidth, kVocab);
    return call;
  }
  RolloutCall think(const std::vector<int32_t>& tokens, int32_t steps, const Setting& set = {}, int32_t alignment = L4J_ALIGN_SOFT) {
    return think(new_memory(model), tokens, steps, set, alignment);
  }

  // Keys, values and the last hidden state.
  std::vector<float> content(const MemoryHandle& memory) const {
    const size_t n = static_cast<size_t>(kKvHeads) * l4j_memory_length(memory.get()) * kHeadDim;
    std::vector<float> all(2 * n * kLayers + kWidth);
    for (int32_t layer = 0; layer < kLayers; layer++) {
      float* keys = all.data() + 2 * n * layer;
      l4j_memory_read(memory.get(), layer, keys, keys + n, static_cast<int64_t>(n));
    }
    l4j_memory_hidden(memory.get(), all.data() + 2 * n * kLayers, kWidth);
    return all;
  }
};

using Rule = l4j_think_stop;

// After how many steps a sequence stops of which all thoughts were seen, by the definition, and why.
std::pair<int32_t, int32_t> expected_end(const std::vector<l4j_thought>& thoughts, const Rule& rule, const std::vector<int32_t>& ends) {
  int32_t low = 0;
  for (size_t step = 0; step < thoughts.size(); step++) {
    const l4j_thought& seen = thoughts[step];
    const auto at = static_cast<int32_t>(step);
    if (rule.at_end_token && std::count(ends.begin(), ends.end(), seen.tokens[0])) return {at, L4J_THINK_END_TOKEN};
    low = seen.entropy < rule.entropy_below ? low + 1 : 0;
    if (rule.entropy_below > 0 && low >= std::max(1, rule.entropy_steps)) return {at, L4J_THINK_END_ENTROPY};
    if (rule.cosine_above > 0 && step > 0 && seen.step_cosine > rule.cosine_above) return {at, L4J_THINK_END_FIXED_POINT};
  }
  return {static_cast<int32_t>(thoughts.size()), L4J_THINK_END_STEPS};
}

struct StopTest : ThinkTest {
  static constexpr int32_t kSteps = 7;
  const std::vector<std::vector<int32_t>> prompts = {prompt(9), prompt(1, 90), prompt(30, 200), prompt(12, 41), prompt(5, 300)};
  std::set<std::pair<int32_t, int32_t>> outcomes;  // (steps, end) that occurred

  Setting settings(const Rule& rule, int32_t look, const std::vector<int32_t>& ends) const {
    return [=](RolloutCall& call) {
      call.think_stop = rule;
      call.look = look;
      call.end_tokens = ends;
      call.max_new_tokens = 5;
      call.soft.noise = 0.3f;
    };
  }

  // All sequences, to the end of their steps.
  std::vector<std::vector<l4j_thought>> thoughts_without_stops(int32_t alignment) {
    std::vector<std::vector<l4j_thought>> thoughts;
    for (size_t i = 0; i < prompts.size(); i++) {
      auto set = settings({}, L4J_LOOK_ALL, {});
      thoughts.push_back(think(prompts[i], kSteps, [&](RolloutCall& c) { set(c), c.seeds = {i}; }, alignment).thoughts);
    }
    return thoughts;
  }

  // What one of the batch got is what a rollout of exactly its steps gets alone, to the bit, and what it did not think is not written.
  void expect_exactly(const RolloutCall& batch, size_t i, const MemoryHandle& memory, int32_t steps, const std::vector<int32_t>& ends) {
    const auto exact_memory = new_memory(model);
    auto set = settings({}, L4J_LOOK_ALL, ends);
    const auto exact = think(exact_memory, prompts[i], steps, [&](RolloutCall& c) { set(c), c.seeds = {i}; }, batch.alignment);
    const auto padded = [&](const std::vector<float>& rows) {
      std::vector<float> all = rows;
      all.resize(size_t{kSteps} * kWidth);
      return all;
    };
    EXPECT_EQ(part_of(batch.latents, i, prompts.size()), padded(exact.latents));
    EXPECT_EQ(part_of(batch.latent_hidden, i, prompts.size()), padded(exact.latent_hidden));
    EXPECT_EQ(part_of(batch.logits, i, prompts.size()), exact.logits);
    EXPECT_EQ(batch.tokens[i], exact.tokens[0]);
    EXPECT_EQ(batch.stop_reasons[i], exact.stop_reasons[0]);
    EXPECT_EQ(content(memory), content(exact_memory));
    std::vector<l4j_thought> thoughts(batch.look == L4J_LOOK_NONE ? 0 : kSteps);
    for (int32_t step = batch.look == L4J_LOOK_LAST ? std::max(0, steps - 1) : 0; step < steps && !thoughts.empty(); step++) {
      thoughts[step] = exact.thoughts[step];
    }
    if (thoughts.empty()) return;
    const auto own = part_of(batch.thoughts, i, prompts.size());
    EXPECT_EQ(std::memcmp(own.data(), thoughts.data(), thoughts.size() * sizeof(l4j_thought)), 0);
  }

  void expect_stops(const Rule& rule, int32_t look, int32_t alignment, const std::vector<int32_t>& ends,
                    const std::vector<std::vector<l4j_thought>>& known) {
    SCOPED_TRACE(testing::Message() << "entropy below " << rule.entropy_below << " for " << rule.entropy_steps << " cosine above "
                                    << rule.cosine_above << " end tokens " << rule.at_end_token << " look " << look);
    std::vector<MemoryHandle> memories;
    RolloutCall batch = call_of(settings(rule, look, ends), kSteps, alignment);
    for (size_t i = 0; i < prompts.size(); i++) {
      memories.push_back(new_memory(model));
      batch.add(memories[i], prompts[i]).seeds.push_back(i);
    }
    batch.run(model, kWidth, kVocab);
    int64_t all = 0;
    for (size_t i = 0; i < prompts.size(); i++) {
      SCOPED_TRACE(testing::Message() << "sequence " << i);
      const auto [steps, end] = expected_end(known[i], rule, ends);
      EXPECT_EQ(batch.thought_steps[i], steps);
      EXPECT_EQ(batch.think_ends[i], end);
      expect_exactly(batch, i, memories[i], steps, ends);
      outcomes.insert({steps, end});
      all += steps;
    }
    EXPECT_EQ(batch.figures.latent_steps, all);
  }

  bool some(const std::function<bool(int32_t)>& of_steps, int32_t end) const {
    return std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& o) { return o.second == end && of_steps(o.first); });
  }
};

// The middle one of what was seen of all thoughts.
float median(const std::vector<std::vector<l4j_thought>>& known, float l4j_thought::*what) {
  std::vector<float> seen;
  for (const auto& thoughts : known) {
    for (const l4j_thought& thought : thoughts) {
      if (!std::isnan(thought.*what)) seen.push_back(thought.*what);
    }
  }
  std::nth_element(seen.begin(), seen.begin() + seen.size() / 2, seen.end());
  return seen[seen.size() / 2];
}

TEST_F(StopTest, EachSequenceStopsByItselfAndDisturbsNoOther) {
  for (const int32_t alignment : {L4J_ALIGN_SOFT, L4J_ALIGN_IDENTITY}) {
    const auto known = thoughts_without_stops(alignment);
    const float entropy = median(known, &l4j_thought::entropy), cosine = median(known, &l4j_thought::step_cosine);
    const std::vector<int32_t> likely = {known[0][0].tokens[0], known[2][3].tokens[0], known[4][6].tokens[0]};
    expect_stops({entropy, 0, 0, 0}, L4J_LOOK_NONE, alignment, {}, known);
    expect_stops({entropy, 2, 0, 0}, L4J_LOOK_ALL, alignment, {}, known);
    expect_stops({entropy, 3, 0, 0}, L4J_LOOK_LAST, alignment, likely, known);
    expect_stops({0, 0, std::clamp(cosine, 0.01f, 1.0f), 0}, L4J_LOOK_NONE, alignment, {}, known);
    expect_stops({0, 0, 0, 1}, L4J_LOOK_LAST, alignment, likely, known);
    expect_stops({0.9f * entropy, 2, 0.99f, 1}, L4J_LOOK_ALL, alignment, likely, known);
    expect_stops({1e-6f, 1, 1, 1}, L4J_LOOK_ALL, alignment, {kVocab}, known);  // never
    expect_stops({1e6f, 0, 0, 0}, L4J_LOOK_ALL, alignment, {}, known);         // at once
  }
  const auto middle = [](int32_t steps) { return steps > 0 && steps < kSteps; };
  EXPECT_TRUE(some([](int32_t steps) { return steps == 0; }, L4J_THINK_END_ENTROPY));
  EXPECT_TRUE(some([](int32_t steps) { return steps == 0; }, L4J_THINK_END_TOKEN));
  EXPECT_TRUE(some([](int32_t steps) { return steps == kSteps; }, L4J_THINK_END_STEPS));
  for (const int32_t end : {L4J_THINK_END_ENTROPY, L4J_THINK_END_FIXED_POINT, L4J_THINK_END_TOKEN}) EXPECT_TRUE(some(middle, end)) << end;
}

// More sequences than rows of a pass, and than rows of logits; many stop at every step.
TEST_F(StopTest, HundredsOfSequences) {
  constexpr int32_t kSequences = 300;
  model = open_model(golden_path("tiny-qwen3"), {.memory_positions = 32 * kSequences});
  const auto own = [](int32_t i) { return prompt(1 + i % 4, 7 * i); };
  float bound = 0;  // none, then what half of the thoughts are below
  for (const bool stops : {false, true}) {
    const Setting set = [&](RolloutCall& c) { c.think_stop.entropy_below = bound, c.look = L4J_LOOK_ALL, c.max_new_tokens = 2; };
    std::vector<MemoryHandle> memories;
    RolloutCall batch = call_of(set, 3);
    for (int32_t i = 0; i < kSequences; i++) batch.add(memories.emplace_back(new_memory(model)), own(i));
    batch.run(model, kWidth, kVocab);
    for (const int32_t i : {0, 1, 30, 31, 32, 33, 100, 254, 255, 256, 257, kSequences - 1}) {
      const auto memory = new_memory(model);
      const auto alone = think(memory, own(i), 3, set);
      EXPECT_EQ(batch.thought_steps[i], alone.thought_steps[0]) << i;
      EXPECT_EQ(part_of(batch.latents, i, kSequences), alone.latents) << i;
      EXPECT_EQ(std::memcmp(batch.thoughts.data() + 3 * i, alone.thoughts.data(), 3 * sizeof(l4j_thought)), 0) << i;
      EXPECT_EQ(batch.tokens[i], alone.tokens[0]) << i;
      EXPECT_EQ(content(memories[i]), content(memory)) << i;
    }
    const std::set<int32_t> kinds(batch.thought_steps.begin(), batch.thought_steps.end());
    EXPECT_EQ(kinds.size(), stops ? 4u : 1u);
    bound = median({batch.thoughts}, &l4j_thought::entropy);
  }
}

// Steps that were not thought leave their positions to tokens.
TEST_F(StopTest, AtTheContextsEnd) {
  model = open_model(golden_path("tiny-qwen3"), {.memory_positions = 2 * kContext});
  const auto early = new_memory(model), exact = new_memory(model);
  const Setting at_once = [](RolloutCall& c) { c.think_stop.entropy_below = 1e6f, c.max_new_tokens = 20; };
  const auto tokens = prompt(kContext - 6);
  const auto stopped = think(early, tokens, 5, at_once);
  const auto none = think(exact, tokens, 0, [](RolloutCall& c) { c.max_new_tokens = 20; });
  EXPECT_EQ(stopped.thought_steps[0], 0);
  EXPECT_EQ(stopped.tokens, none.tokens);
  EXPECT_EQ(stopped.stop_reasons[0], L4J_STOP_CONTEXT);
  EXPECT_EQ(l4j_memory_length(early.get()), kContext);
  EXPECT_EQ(none.thought_steps[0], 0) << "told without steps too";
  EXPECT_EQ(none.think_ends[0], L4J_THINK_END_STEPS);
}

TEST_F(StopTest, CancelEndsIt) {
  const auto memory = new_memory(model);
  think(memory, prompt(10), 0);
  RolloutCall call = call_of([](RolloutCall& c) { c.think_stop.entropy_below = 1e-6f; }, 3000);
  std::thread canceller([&] {
    while (std::atomic_ref<int32_t>(call.control.step).load(std::memory_order_acquire) < 3) std::this_thread::yield();
    std::atomic_ref<int32_t>(call.control.cancel).store(1);
  });
  EXPECT_EQ(code_of([&] { call.add(memory, {}).run(model, kWidth, kVocab); }), "CANCELLED");
  canceller.join();
  EXPECT_LT(call.control.step, 3000);
  EXPECT_EQ(l4j_memory_length(memory.get()), 10);
  think(memory, {}, 2);
  EXPECT_EQ(l4j_memory_length(memory.get()), 12);
}

TEST_F(ThinkTest, ArgmaxThinksTheGreedyTokens) {
  const auto thinking = new_memory(model), decoding = new_memory(model);
  const auto thought = think(thinking, prompt(9), 6, [](RolloutCall& c) { c.soft.top_k = 1, c.look = L4J_LOOK_ALL; });
  const auto decoded = think(decoding, prompt(9), 0, [](RolloutCall& c) { c.max_new_tokens = 7; });
  EXPECT_EQ(content(thinking), content(decoding));
  for (int32_t step = 0; step < 6; step++) {
    EXPECT_EQ(thought.thoughts[step].tokens[0], decoded.tokens[0][step]);
    EXPECT_EQ(thought.thoughts[step].nearest_token, decoded.tokens[0][step]);
    EXPECT_NEAR(thought.thoughts[step].nearest_cosine, 1, 1e-5f);
  }
}

TEST_F(ThinkTest, ABlendIsOfBoth) {
  const auto at = [](float share) { return [=](RolloutCall& c) { c.soft.share = share; }; };
  const auto soft = think(prompt(9), 4).latents;
  EXPECT_EQ(think(prompt(9), 4, at(0.3f)).latents, soft) << "ignored by soft";
  for (const int32_t alignment : {L4J_ALIGN_IDENTITY, L4J_ALIGN_RIDGE, L4J_ALIGN_NONE}) {
    const auto aligned = think(prompt(9), 4, {}, alignment).latents;
    EXPECT_EQ(think(prompt(9), 4, at(1), alignment).latents, soft);
    const auto blend = think(prompt(9), 4, at(0.25f), alignment).latents;
    for (int32_t i = 0; i < kWidth; i++) {  // of the first thought, which both make of one hidden state
      EXPECT_NEAR(blend[i], 0.25f * soft[i] + 0.75f * aligned[i], 1e-5f) << alignment;
    }
    EXPECT_NE(blend, aligned);
  }
}

TEST_F(ThinkTest, NoiseIsOfTheSeed) {
  const auto thoughts = [&](float noise, uint64_t seed, const MemoryHandle& memory) {
    return think(memory, prompt(9), 4, [=](RolloutCall& c) { c.soft.noise = noise, c.seeds = {seed}; }).latents;
  };
  const auto fresh = [&](float noise, uint64_t seed) { return thoughts(noise, seed, new_memory(model)); };
  EXPECT_EQ(fresh(1, 7), fresh(1, 7));
  EXPECT_NE(fresh(1, 7), fresh(1, 8));
  EXPECT_NE(fresh(1, 7), fresh(0.5f, 7));
  EXPECT_EQ(fresh(0, 7), fresh(0, 8));
  EXPECT_NE(fresh(1, 7), fresh(0, 7));
  EXPECT_EQ(think(prompt(9), 4, [](RolloutCall& c) { c.soft.noise = 1; }).latents, fresh(1, 42)) << "without seeds it is 42";
  // One call or two: the numbers are of the position, not of the step in a call.
  const auto memory = new_memory(model);
  const Setting noisy = [](RolloutCall& c) { c.soft.noise = 1, c.seeds = {7}; };
  auto twice = think(memory, prompt(9), 2, noisy).latents;
  const auto rest = think(memory, {}, 2, noisy).latents;
  twice.insert(twice.end(), rest.begin(), rest.end());
  EXPECT_EQ(twice, fresh(1, 7));
}

TEST_F(ThinkTest, DefaultsOfWhatIsLeftOpen) {
  const auto plain = think(prompt(9), 4).latents;
  EXPECT_EQ(think(prompt(9), 4, [](RolloutCall& c) { c.soft = {10, 1, 0, 0}; }).latents, plain);
  EXPECT_NE(think(prompt(9), 4, [](RolloutCall& c) { c.soft.top_k = 64; }).latents, plain);
  EXPECT_NE(think(prompt(9), 4, [](RolloutCall& c) { c.soft.temperature = 0.6f; }).latents, plain);
}

TEST_F(ThinkTest, AutoIsWhatTheModelNeeds) {
  const auto untied = open_model(golden_path("tiny-qwen3-untied"));
  EXPECT_EQ(l4j_model_resolve_alignment(model.get(), nullptr), L4J_ALIGN_SOFT);
  EXPECT_EQ(l4j_model_resolve_alignment(untied.get(), nullptr), L4J_ALIGN_RIDGE);
  EXPECT_GT(l4j_model_alignment_distance(untied.get(), L4J_ALIGN_RIDGE), 0.1);
  EXPECT_EQ(think(prompt(9), 3, {}, L4J_ALIGN_AUTO).latents, think(prompt(9), 3).latents);
  model = open_model(golden_path("tiny-qwen3-untied"));
  EXPECT_EQ(think(prompt(9), 3, {}, L4J_ALIGN_AUTO).latents, think(prompt(9), 3, {}, L4J_ALIGN_RIDGE).latents);
  EXPECT_EQ(code_of([&] { l4j_model_alignment(model.get(), L4J_ALIGN_SOFT, nullptr, 0, nullptr, nullptr); }), "BAD_ARGUMENT");
  EXPECT_EQ(code_of([&] { l4j_model_alignment_distance(model.get(), L4J_ALIGN_AUTO); }), "BAD_ARGUMENT");
}

// Everything that is seen, from the thoughts, the hidden states and the embeddings themselves, in double.
TEST_F(ThinkTest, WhatIsSeenIsWhatIs) {
  for (const char* checkpoint : {"tiny-qwen3", "tiny-qwen3-untied"}) {
    model = open_model(golden_path(checkpoint));
    auto tensors = read_safetensors(golden_path(checkpoint) + "/model.safetensors");
    const auto input = tensors.at("model.embed_tokens.weight").floats();
    const auto output = tensors.count("lm_head.weight") ? tensors.at("lm_head.weight").floats() : input;
    const auto dot = [](const float* a, const float* b) { return std::inner_product(a, a + kWidth, b, 0.0); };
    for (const int32_t alignment : {L4J_ALIGN_SOFT, L4J_ALIGN_IDENTITY, L4J_ALIGN_RIDGE}) {
      const auto call = think(prompt(9), 4, [](RolloutCall& c) { c.look = L4J_LOOK_ALL; }, alignment);
      for (int32_t step = 0; step < 4; step++) {
        const l4j_thought& seen = call.thoughts[step];
        const float* e = call.latents.data() + step * kWidth;
        const float* h = step == 0 ? call.prompt_hidden.data() + 8 * kWidth : call.latent_hidden.data() + (step - 1) * kWidth;
        std::vector<double> p(kVocab);
        for (int32_t i = 0; i < kVocab; i++) p[i] = std::exp(dot(h, output.data() + i * kWidth));
        const double sum = std::accumulate(p.begin(), p.end(), 0.0);
        double entropy = 0;
        int32_t nearest = 0;
        const auto cosine = [&](int32_t i) {
          const float* row = input.data() + i * kWidth;
          return dot(row, row) > 0 ? dot(e, row) / std::sqrt(dot(e, e) * dot(row, row)) : 0;
        };
        for (int32_t i = 0; i < kVocab; i++) {
          p[i] /= sum;
          entropy -= p[i] * std::log(p[i]);
          if (cosine(i) > cosine(nearest)) nearest = i;
        }
        EXPECT_NEAR(seen.entropy, entropy, 1e-4);
        EXPECT_NEAR(seen.norm, std::sqrt(dot(e, e)), 1e-4 * seen.norm);
        if (step == 0) EXPECT_TRUE(std::isnan(seen.step_cosine));
        else EXPECT_NEAR(seen.step_cosine, dot(e, e - kWidth) / std::sqrt(dot(e, e) * dot(e - kWidth, e - kWidth)), 1e-5);
        EXPECT_EQ(seen.nearest_token, nearest);
        EXPECT_NEAR(seen.nearest_cosine, cosine(nearest), 1e-5);
        EXPECT_EQ(seen.padding, 0);
        std::vector<int32_t> order(kVocab);
        std::iota(order.begin(), order.end(), 0);
        std::partial_sort(order.begin(), order.begin() + 5, order.end(), [&](int32_t a, int32_t b) { return p[a] > p[b]; });
        for (int32_t i = 0; i < 5; i++) {
          EXPECT_EQ(seen.tokens[i], order[i]);
          EXPECT_NEAR(seen.probabilities[i], p[order[i]], 1e-4);
        }
      }
    }
  }
}

TEST_F(ThinkTest, LookingChangesNothing) {
  for (const int32_t alignment : {L4J_ALIGN_SOFT, L4J_ALIGN_IDENTITY}) {
    std::vector<RolloutCall> calls;
    for (const int32_t look : {L4J_LOOK_NONE, L4J_LOOK_LAST, L4J_LOOK_ALL, L4J_LOOK_NONE}) {
      calls.push_back(think(prompt(9), 5, [=](RolloutCall& c) { c.look = look, c.max_new_tokens = 3; }, alignment));
      EXPECT_EQ(calls.back().latents, calls[0].latents);
      EXPECT_EQ(calls.back().logits, calls[0].logits);
    }
    std::vector<l4j_thought> last(5);
    last[4] = calls[2].thoughts[4];
    EXPECT_EQ(std::memcmp(calls[1].thoughts.data(), last.data(), 5 * sizeof(l4j_thought)), 0) << "nothing but the last is written";
  }
}

// A vocabulary below five tokens, and below the ten that soft takes.
TEST_F(ThinkTest, AVocabularyOfThree) {
  const TinyShape shape{.head_dim = 16, .vocab = 3};
  const Folder folder;
  TinyCheckpoint(shape).write(folder);
  const auto tiny = open_model(folder.path());
  const auto memory = new_memory(tiny);
  RolloutCall call = call_of([](RolloutCall& c) { c.look = L4J_LOOK_ALL; }, 2);
  call.add(memory, {0, 2, 1}).run(tiny, shape.d_model, shape.vocab);
  for (const l4j_thought& thought : call.thoughts) {
    EXPECT_NEAR(thought.probabilities[0] + thought.probabilities[1] + thought.probabilities[2], 1, 1e-5f);
    EXPECT_EQ(std::set<int32_t>(thought.tokens, thought.tokens + 3), (std::set<int32_t>{0, 1, 2}));
    EXPECT_EQ(thought.tokens[3], -1);
    EXPECT_EQ(thought.tokens[4], -1);
    EXPECT_EQ(thought.probabilities[3], 0);
  }
}

TEST_F(ThinkTest, WhatIsOutOfRangeIsNamed) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const auto memory = new_memory(model);
  const auto refused = [&](const std::string& named, const Setting& set, int32_t alignment = L4J_ALIGN_SOFT) {
    std::string text;
    EXPECT_EQ(code_of([&] { think(memory, prompt(3), 2, set, alignment); }, &text), "BAD_ARGUMENT") << named;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, named, text);
    EXPECT_EQ(l4j_memory_length(memory.get()), 0);
  };
  refused("alignment 6", {}, 6);
  refused("alignment -1", {}, -1);
  for (const int32_t k : {-1, 65}) refused("soft.top_k " + std::to_string(k), [=](RolloutCall& c) { c.soft.top_k = k; });
  for (const float wrong : {-1.0f, nan, inf}) {
    refused("soft.temperature ", [=](RolloutCall& c) { c.soft.temperature = wrong; });
    refused("soft.noise ", [=](RolloutCall& c) { c.soft.noise = wrong; });
    refused("soft.share ", [=](RolloutCall& c) { c.soft.share = wrong; });
    refused("think_stop.entropy_below ", [=](RolloutCall& c) { c.think_stop.entropy_below = wrong; });
    refused("think_stop.cosine_above ", [=](RolloutCall& c) { c.think_stop.cosine_above = wrong; });
  }
  refused("soft.share 1.5", [](RolloutCall& c) { c.soft.share = 1.5f; });
  refused("soft.share 0.5", [](RolloutCall& c) { c.soft.share = 0.5f; }, L4J_ALIGN_AUTO);
  refused("think_stop.entropy_steps -1", [](RolloutCall& c) { c.think_stop.entropy_steps = -1; });
  refused("think_stop.cosine_above 1.5", [](RolloutCall& c) { c.think_stop.cosine_above = 1.5f; });
  refused("think_stop.at_end_token without end tokens", [](RolloutCall& c) { c.think_stop.at_end_token = 1; });
  for (const int32_t look : {-1, 3}) refused("look " + std::to_string(look), [=](RolloutCall& c) { c.look = look; });
}

TEST_F(ThinkTest, LogitsThatAreNotFiniteAreNamed) {
  TinyCheckpoint checkpoint({.head_dim = 16});
  const TinyShape& s = checkpoint.shape;
  checkpoint.tensors.at("lm_head.weight").values.back() = std::numeric_limits<float>::quiet_NaN();
  const Folder folder;
  checkpoint.write(folder);
  const auto broken = open_model(folder.path());
  const std::vector<std::pair<int32_t, Setting>> cases = {
      {L4J_ALIGN_SOFT, {}},
      {L4J_ALIGN_IDENTITY, [](RolloutCall& c) { c.soft.share = 0.5f; }},
      {L4J_ALIGN_IDENTITY, [](RolloutCall& c) { c.think_stop.entropy_below = 0.1f; }},
      {L4J_ALIGN_IDENTITY, [](RolloutCall& c) { c.look = L4J_LOOK_ALL; }}};
  for (const auto& [alignment, set] : cases) {
    const auto memory = new_memory(broken);
    RolloutCall call = call_of(set, 3, alignment);
    std::string text;
    EXPECT_EQ(code_of([&] { call.add(memory, {1, 2, 3}).run(broken, s.d_model, s.vocab); }, &text), "NOT_FINITE");
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "the logits for position 3 of sequence 0 (latent step 0)", text);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "lm_head.weight holds nan", text);
    EXPECT_EQ(l4j_memory_length(memory.get()), 0);
  }
  // Thoughts that need no logits are none of their business.
  const auto memory = new_memory(broken);
  RolloutCall call = call_of({}, 3, L4J_ALIGN_IDENTITY);
  call.add(memory, {1, 2, 3}).run(broken, s.d_model, s.vocab);
  EXPECT_EQ(l4j_memory_length(memory.get()), 6);
}

}  // namespace
}  // namespace latent4j::test
