// rollout_bridge.cpp: checks a rollout's arguments, takes its memories, runs it and lets go of them.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "bridge/handles.h"
#include "latent/rollout.h"

using namespace latent4j;

namespace {

void check_thinking(const l4j_rollout_args& args) {
  L4J_CHECK(args.alignment >= L4J_ALIGN_IDENTITY && args.alignment <= L4J_ALIGN_AUTO, "BAD_ARGUMENT", "alignment ", args.alignment,
            ", expected 0 (identity), 1 (ridge), 2 (random), 3 (none), 4 (soft) or 5 (auto)");
  const l4j_soft& soft = args.soft;
  L4J_CHECK(soft.top_k >= 0 && soft.top_k <= kMostLikely, "BAD_ARGUMENT", "soft.top_k ", soft.top_k, ", expected 0 (10) to ", kMostLikely);
  L4J_CHECK(std::isfinite(soft.temperature) && soft.temperature >= 0, "BAD_ARGUMENT", "soft.temperature ", soft.temperature,
            ", expected 0 (1) or more");
  L4J_CHECK(std::isfinite(soft.noise) && soft.noise >= 0, "BAD_ARGUMENT", "soft.noise ", soft.noise, ", expected 0 (none) or more");
  L4J_CHECK(soft.share >= 0 && soft.share <= 1, "BAD_ARGUMENT", "soft.share ", soft.share, ", expected 0 to 1");
  L4J_CHECK(soft.share == 0 || args.alignment != L4J_ALIGN_AUTO, "BAD_ARGUMENT", "soft.share ", soft.share,
            " with the alignment auto, expected one that it is to be blended with");
  const l4j_think_stop& stop = args.think_stop;
  L4J_CHECK(std::isfinite(stop.entropy_below) && stop.entropy_below >= 0, "BAD_ARGUMENT", "think_stop.entropy_below ", stop.entropy_below,
            ", expected 0 (off) or more");
  L4J_CHECK(stop.entropy_steps >= 0, "BAD_ARGUMENT", "think_stop.entropy_steps ", stop.entropy_steps, ", expected 0 (1) or more");
  L4J_CHECK(stop.cosine_above >= 0 && stop.cosine_above <= 1, "BAD_ARGUMENT", "think_stop.cosine_above ", stop.cosine_above,
            ", expected 0 (off) to 1");
  L4J_CHECK(args.look >= L4J_LOOK_NONE && args.look <= L4J_LOOK_ALL, "BAD_ARGUMENT", "look ", args.look,
            ", expected 0 (none), 1 (last) or 2 (all)");
  L4J_CHECK(args.look == L4J_LOOK_NONE || args.thoughts || args.n_latent_steps == 0, "BAD_ARGUMENT", "look ", args.look,
            " without an array of thoughts to write to");
}

void mark_suppressed(const char* name, const int32_t* tokens, int32_t n, std::vector<bool>& suppressed) {
  L4J_CHECK(n >= 0, "BAD_ARGUMENT", "n_", name, " ", n, ", expected 0 or more");
  const auto vocab = static_cast<int32_t>(suppressed.size());
  for (int32_t i = 0; i < n; i++) {
    L4J_CHECK(tokens[i] >= 0 && tokens[i] < vocab, "BAD_TOKEN", "token ", tokens[i], " at index ", i, " of ", name, ", expected 0 to ",
              vocab - 1);
    suppressed[tokens[i]] = true;
  }
}

void check(const Model& model, const l4j_penalties& penalties) {
  L4J_CHECK(std::isfinite(penalties.repetition) && penalties.repetition > 0, "BAD_ARGUMENT", "repetition penalty ", penalties.repetition,
            ", expected more than 0; 1 is off");
  L4J_CHECK(std::abs(penalties.presence) <= 2, "BAD_ARGUMENT", "presence penalty ", penalties.presence, ", expected -2 to 2");
  L4J_CHECK(std::abs(penalties.frequency) <= 2, "BAD_ARGUMENT", "frequency penalty ", penalties.frequency, ", expected -2 to 2");
  L4J_CHECK(penalties.no_repeat_ngram >= 0, "BAD_ARGUMENT", "no_repeat_ngram ", penalties.no_repeat_ngram, ", expected 0 (off) or more");
  std::vector<bool> suppressed(model.config().vocab);
  mark_suppressed("suppressed", penalties.suppressed, penalties.n_suppressed, suppressed);
  mark_suppressed("suppressed_first", penalties.suppressed_first, penalties.n_suppressed_first, suppressed);
  L4J_CHECK(std::find(suppressed.begin(), suppressed.end(), false) != suppressed.end(), "BAD_ARGUMENT", "all ", suppressed.size(),
            " tokens are suppressed, expected one at least to be left");
}

void check(const Model& model, const l4j_rollout_args& args) {
  L4J_CHECK(args.n_sequences >= 1, "BAD_ARGUMENT", "n_sequences ", args.n_sequences, ", expected 1 or more");
  L4J_CHECK(args.n_latent_steps >= 0, "BAD_ARGUMENT", "n_latent_steps ", args.n_latent_steps, ", expected 0 or more");
  L4J_CHECK(args.max_new_tokens >= 0, "BAD_ARGUMENT", "max_new_tokens ", args.max_new_tokens, ", expected 0 or more");
  check_thinking(args);
  L4J_CHECK(std::isfinite(args.temperature) && args.temperature >= 0, "BAD_ARGUMENT", "temperature ", args.temperature,
            ", expected 0 (greedy) or more");
  L4J_CHECK(args.max_new_tokens == 0 || args.temperature == 0 || (args.top_p > 0 && args.top_p <= 1), "BAD_ARGUMENT", "top_p ", args.top_p,
            ", expected more than 0, at most 1");
  L4J_CHECK(args.top_k >= 0, "BAD_ARGUMENT", "top_k ", args.top_k, ", expected 0 (off) or more");
  L4J_CHECK(args.min_p >= 0 && args.min_p <= 1, "BAD_ARGUMENT", "min_p ", args.min_p, ", expected 0 (off) to 1");
  if (args.penalties) check(model, *args.penalties);
  L4J_CHECK(args.n_end_tokens >= 0, "BAD_ARGUMENT", "n_end_tokens ", args.n_end_tokens, ", expected 0 or more");
  L4J_CHECK(!args.think_stop.at_end_token || args.n_latent_steps == 0 || args.n_end_tokens > 0, "BAD_ARGUMENT",
            "think_stop.at_end_token without end tokens, expected one at least");
  L4J_CHECK(args.token_offsets[0] == 0, "BAD_ARGUMENT", "token_offsets begins with ", args.token_offsets[0], ", expected 0");
  for (int32_t i = 0; i < args.n_sequences; i++) {
    L4J_CHECK(args.token_offsets[i] <= args.token_offsets[i + 1], "BAD_ARGUMENT", "token_offsets falls from ", args.token_offsets[i],
              " to ", args.token_offsets[i + 1], " at sequence ", i);
    L4J_CHECK(args.memories[i], "BAD_ARGUMENT", "memory of sequence ", i, " is null, expected a memory of this model");
    L4J_CHECK(args.memories[i]->model.get() == &model, "BAD_ARGUMENT", "memory of sequence ", i,
              " is of another model instance; hand it over first");
  }
}

// The memories of the sequences, each only once.
std::vector<Memory*> distinct(const l4j_rollout_args& args) {
  std::vector<Memory*> memories;
  for (int32_t i = 0; i < args.n_sequences; i++) memories.push_back(args.memories[i]->memory.get());
  std::vector<Memory*> sorted = memories;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) {
    const auto first = std::find(memories.begin(), memories.end(), *twice), second = std::find(first + 1, memories.end(), *twice);
    throw Error("BAD_ARGUMENT", concat("one memory stands for sequences ", first - memories.begin(), " and ", second - memories.begin(),
                                       ", expected one for each; fork it first"));
  }
  return memories;
}

}  // namespace

struct l4j_run {
  std::shared_ptr<Model> model;
  l4j_rollout_args args;          // its arrays are the caller's
  std::vector<MemoryLock> locks;  // outlive the rollout, which gives pages back
  std::optional<Rollout> rollout;
};

void l4j_rollout_run(l4j_model* model, l4j_rollout_args* args, l4j_control* control, l4j_rollout_figures* figures) {
  guarded([&] {
    L4J_CHECK(!args->run, "BAD_ARGUMENT", "these arguments belong to a rollout that was not closed");
    check(*model->model, *args);
    auto run = std::make_unique<l4j_run>();
    run->model = model->model;
    run->args = *args;
    const std::vector<Memory*> memories = distinct(*args);
    for (Memory* memory : memories) run->locks.emplace_back(*memory, MemoryLock::Mode::write);
    run->rollout.emplace(*run->model, memories, run->args, control);
    l4j_rollout_figures ignored;
    run->rollout->run(figures ? *figures : ignored);
    args->run = run.release();
  });
}

void l4j_rollout_commit(l4j_rollout_args* args, const int32_t* keep, int32_t n_keep) {
  guarded([&] {
    L4J_CHECK(args->run, "BAD_ARGUMENT", "these arguments belong to no rollout that has run");
    L4J_CHECK(!keep || n_keep == args->run->args.n_sequences, "BAD_ARGUMENT", "keep has ", n_keep, " elements, expected ",
              args->run->args.n_sequences);
    args->run->rollout->commit(keep);
  });
}

void l4j_rollout_close(l4j_rollout_args* args) { delete std::exchange(args->run, nullptr); }
