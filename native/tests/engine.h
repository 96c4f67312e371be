// engine.h: the bridge's handles for tests, closed by themselves, and a rollout in one expression.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "latent4j.h"

namespace latent4j::test {

struct CloseModel {
  void operator()(l4j_model* m) const { l4j_model_close(m); }
};
struct CloseMemory {
  void operator()(l4j_memory* m) const { l4j_memory_close(m); }
};
using ModelHandle = std::unique_ptr<l4j_model, CloseModel>;
using MemoryHandle = std::unique_ptr<l4j_memory, CloseMemory>;

inline std::string golden_path(const std::string& checkpoint) { return std::string(L4J_TEST_DATA) + "/golden/" + checkpoint; }

// The device that tests run on: L4J_TEST_DEVICE, else the CPU.
inline std::string test_device() {
  const char* device = std::getenv("L4J_TEST_DEVICE");
  return device ? device : "cpu";
}

struct OpenOptions {
  int32_t n_threads = 2, page_size = 16, memory_type = L4J_MEMORY_F32;
  int64_t memory_positions = 4096;
  std::string level = {}, device = test_device();
};

inline ModelHandle open_model(const std::string& path, const OpenOptions& o = {}) {
  const l4j_model_options options{o.n_threads, o.page_size, o.memory_type, o.memory_positions, o.level.empty() ? nullptr : o.level.c_str(),
                                  o.device.c_str()};
  return ModelHandle(l4j_model_open(path.c_str(), &options, nullptr));
}

inline MemoryHandle new_memory(const ModelHandle& model) { return MemoryHandle(l4j_memory_create(model.get())); }

// The whole transaction.
inline void run_and_commit(const ModelHandle& model, l4j_rollout_args& args, l4j_control* control = nullptr,
                           l4j_rollout_figures* figures = nullptr, const int32_t* keep = nullptr) {
  l4j_rollout_run(model.get(), &args, control, figures);
  const std::unique_ptr<l4j_rollout_args, void (*)(l4j_rollout_args*)> closing(&args, l4j_rollout_close);
  l4j_rollout_commit(&args, keep, args.n_sequences);
}

// A rollout's arguments, its arrays and its results.
struct RolloutCall {
  std::vector<l4j_memory*> memories;
  std::vector<std::vector<int32_t>> prompts;
  int32_t latent_steps = 0, alignment = L4J_ALIGN_IDENTITY, max_new_tokens = 0;
  l4j_soft soft{};
  l4j_think_stop think_stop{};
  int32_t look = L4J_LOOK_NONE;
  float temperature = 0, top_p = 1;
  int32_t top_k = 0;
  float min_p = 0;
  l4j_penalties penalties{1, 0, 0, 0, nullptr, nullptr, 0, 0};
  std::vector<int32_t> suppressed, suppressed_first;
  std::vector<uint64_t> seeds;
  std::vector<int32_t> end_tokens;
  std::vector<int32_t> keep;  // empty: all tokens

  std::vector<float> prompt_hidden, latents, latent_hidden, logits;
  std::vector<l4j_thought> thoughts;
  std::vector<int32_t> thought_steps, think_ends;
  std::vector<std::vector<int32_t>> tokens;
  std::vector<int32_t> stop_reasons, stop;
  l4j_control control{};
  l4j_rollout_figures figures{};

  RolloutCall& add(const MemoryHandle& memory, std::vector<int32_t> prompt) {
    memories.push_back(memory.get());
    prompts.push_back(std::move(prompt));
    return *this;
  }

  void run(const ModelHandle& model, int32_t d_model, int32_t vocab) {
    const int32_t n = static_cast<int32_t>(memories.size());
    const size_t steps = std::max(latent_steps, 0), most_tokens = std::max(max_new_tokens, 0);  // negative ones are the bridge's to refuse
    std::vector<int32_t> flat, offsets{0}, counts(n), new_tokens(n * most_tokens);
    for (const auto& prompt : prompts) {
      flat.insert(flat.end(), prompt.begin(), prompt.end());
      offsets.push_back(static_cast<int32_t>(flat.size()));
    }
    prompt_hidden.assign(flat.size() * d_model, 0);
    latents.assign(n * steps * d_model, 0);
    latent_hidden = latents;
    thoughts.assign(look == L4J_LOOK_NONE ? 0 : n * steps, {});
    thought_steps.assign(n, -1);
    think_ends.assign(n, -1);
    logits.assign(max_new_tokens > 0 ? static_cast<size_t>(n) * vocab : 0, 0);
    stop_reasons.assign(n, 0);
    stop.resize(n, 0);
    control.n_new_tokens = counts.data();
    control.stop = stop.data();
    l4j_rollout_args args{};
    args.n_sequences = n;
    args.memories = memories.data();
    args.tokens = flat.data();
    args.token_offsets = offsets.data();
    args.n_latent_steps = latent_steps;
    args.alignment = alignment;
    args.soft = soft;
    args.think_stop = think_stop;
    args.look = look;
    args.thoughts = thoughts.empty() ? nullptr : thoughts.data();
    args.latent_steps = thought_steps.data();
    args.think_ends = think_ends.data();
    args.max_new_tokens = max_new_tokens;
    args.temperature = temperature;
    args.top_p = top_p;
    args.top_k = top_k;
    args.min_p = min_p;
    penalties.suppressed = suppressed.data();
    penalties.n_suppressed = static_cast<int32_t>(suppressed.size());
    penalties.suppressed_first = suppressed_first.data();
    penalties.n_suppressed_first = static_cast<int32_t>(suppressed_first.size());
    args.penalties = &penalties;
    args.seeds = seeds.empty() ? nullptr : seeds.data();
    args.end_tokens = end_tokens.data();
    args.n_end_tokens = static_cast<int32_t>(end_tokens.size());
    args.prompt_hidden = prompt_hidden.data();
    args.latents = latents.data();
    args.latent_hidden = latent_hidden.data();
    args.logits = logits.empty() ? nullptr : logits.data();
    args.new_tokens = new_tokens.data();
    args.stop_reasons = stop_reasons.data();
    run_and_commit(model, args, &control, &figures, keep.empty() ? nullptr : keep.data());
    tokens.clear();
    for (int32_t i = 0; i < n; i++) {
      const auto begin = new_tokens.begin() + static_cast<ptrdiff_t>(i * most_tokens);
      tokens.emplace_back(begin, begin + counts[i]);
    }
    control.n_new_tokens = control.stop = nullptr;
  }
};

// Runs `statement` and returns the code of the Error it throws, "" if none.
template <typename Statement>
std::string code_of(const Statement& statement, std::string* text = nullptr) {
  try {
    statement();
  } catch (const Error& e) {
    if (text) *text = e.what();
    return e.code();
  }
  return "";
}

// Largest |actual - expected| over the largest |expected|.
inline double relative_error(const float* actual, const float* expected, size_t n) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < n; i++) {
    const double difference = std::abs(static_cast<double>(actual[i]) - expected[i]);
    worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return worst / largest;
}

}  // namespace latent4j::test
