// think.cpp: a rollout's latent steps: no tokens, the thought made of the last hidden state is the next input.
#include <algorithm>
#include <bit>
#include <numeric>

#include "base/cancel.h"
#include "base/error.h"
#include "base/trace.h"
#include "latent/rollout_state.h"

namespace latent4j {

static_assert(sizeof(Thought) == sizeof(l4j_thought) && offsetof(Thought, probabilities) == offsetof(l4j_thought, probabilities));

Thinking::Thinking(const l4j_rollout_args& args, AlignmentKind kind, int32_t vocab)
    : kind(kind), share(kind == AlignmentKind::soft ? 1 : args.soft.share), top_k(args.soft.top_k ? args.soft.top_k : 10),
      temperature(args.soft.temperature == 0 ? 1 : args.soft.temperature), noise(share > 0 ? args.soft.noise : 0),
      entropy_steps(std::max(args.think_stop.entropy_steps, 1)),
      stops(args.think_stop.entropy_below > 0 || args.think_stop.cosine_above > 0 || args.think_stop.at_end_token) {
  top_k = std::min(top_k, vocab);
  candidates = std::min(std::max(top_k, kThoughtTokens), vocab);
  // Which step is a sequence's last is known too late to look at that one alone.
  if (args.thoughts && args.look != L4J_LOOK_NONE) look = stops ? L4J_LOOK_ALL : static_cast<l4j_look>(args.look);
}

void Rollout::State::think() {
  const int32_t m = args_.n_latent_steps, n = args_.n_sequences;
  if (m > 0) {
    const AlignmentKind kind = model_.resolve(args_.alignment, cancel());
    thinking_ = Thinking(args_, kind, config_.vocab);
    if (kind != AlignmentKind::soft) alignment_ = model_.device_alignment(kind, cancel());
    if (thinking_.look != L4J_LOOK_NONE) embedding_scales_ = model_.embedding_scales(cancel());
    reserve_thoughts();
    thinkers_.resize(n);
    std::iota(thinkers_.begin(), thinkers_.end(), 0);
    place_thinkers(0);
    if (thinking_.compares()) device_.fill(queue_, ws_.thought_before.data(), 0, row(n) * sizeof(float));
    progress(L4J_PHASE_THINK, 0);
    if (thinking_.stops) think_until_stopped();
    else think_all_steps();
  }
  for (int32_t i = 0; i < n; i++) {
    lengths_[i] += thought_steps_[i];
    // What was not thought is room for tokens; it is reserved already.
    room_[i] = std::min(std::max(args_.max_new_tokens - 1, 0), room_[i] + m - thought_steps_[i]);
    if (args_.latent_steps) args_.latent_steps[i] = thought_steps_[i];
    if (args_.think_ends) args_.think_ends[i] = think_ends_[i];
  }
  download_thoughts();
}

void Rollout::State::think_all_steps() {
  const int32_t m = args_.n_latent_steps, n = args_.n_sequences;
  for (int32_t step = 0; step < m; step++) {
    const Trace range("latent step %d of %d: %d rows", step, m, n);
    check_cancel(cancel(), "stopped before latent step ", step);
    const bool looks = thinking_.look == L4J_LOOK_ALL || (thinking_.look == L4J_LOOK_LAST && step == m - 1);
    const auto body = [&] { latent_step(looks); };
    if (looks && thinking_.look == L4J_LOOK_LAST) body();  // no other step does that
    else device_.enqueue(queue_, ws_.think, think_key(n), body);
    progress(L4J_PHASE_THINK, keep_pace(step));
  }
}

void Rollout::State::download_thoughts() {
  const size_t m = args_.n_latent_steps;
  const auto fetch = [&](auto* to, const auto* from, size_t begin, size_t end, size_t width) {
    if (to && begin < end) device_.download(queue_, to + begin * width, from + begin * width, (end - begin) * width * sizeof(*from));
  };
  // All of it in one piece, unless some have done fewer steps: what then lies between theirs is of another rollout.
  const bool whole = std::all_of(think_ends_.begin(), think_ends_.end(), [](l4j_think_end end) { return end == L4J_THINK_END_STEPS; });
  const size_t pieces = whole ? 1 : think_ends_.size();
  for (size_t i = 0; i < pieces; i++) {
    const size_t begin = i * m, end = whole ? think_ends_.size() * m : begin + thought_steps_[i];
    fetch(args_.latents, ws_.latents.data(), begin, end, row(1));
    fetch(args_.latent_hidden, ws_.latent_hidden.data(), begin, end, row(1));
    if (args_.look == L4J_LOOK_ALL) fetch(args_.thoughts, reinterpret_cast<const l4j_thought*>(ws_.thoughts.data()), begin, end, 1);
  }
  for (size_t i = 0; args_.look == L4J_LOOK_LAST && i < thought_steps_.size(); i++) {
    const size_t end = i * m + thought_steps_[i];
    if (thought_steps_[i] > 0) fetch(args_.thoughts, reinterpret_cast<const l4j_thought*>(ws_.thoughts.data()), end - 1, end, 1);
  }
}

void Rollout::State::reserve_thoughts() {
  const size_t n = args_.n_sequences, all = n * args_.n_latent_steps;
  const bool looks = thinking_.look != L4J_LOOK_NONE;
  if (thinking_.sees_logits() || looks) {
    reserve(ws_.logits, std::min<size_t>(n, kLogitRows) * config_.vocab);
    reserve(ws_.likely_ids, std::min<size_t>(n, kLogitRows) * thinking_.candidates);
    reserve(ws_.likely_values, std::min<size_t>(n, kLogitRows) * thinking_.candidates);
  }
  if (looks) reserve(ws_.thoughts, all);
  if (thinking_.compares()) {
    reserve(ws_.thought_before, row(args_.n_sequences));
    reserve(ws_.thought_now, n);
  }
  if (thinking_.stops) {
    reserve(ws_.thought_next, row(args_.n_sequences));
    reserve(ws_.told_thoughts, n);
    reserve(ws_.hidden[1], row(args_.n_sequences));
    reserve(ws_.thinkers, n);
  }
}

ReplayKey Rollout::State::think_key(int32_t n) const {
  const auto bits = [](float x) { return uint64_t{std::bit_cast<uint32_t>(x)}; };
  const uint64_t kept = (args_.latents ? 1 : 0) + (args_.latent_hidden ? 2 : 0) + 4 * thinking_.look + (thinking_.stops ? 16 : 0);
  return {ws_.generation,
          static_cast<uint64_t>(n),
          static_cast<uint64_t>(longest_),
          static_cast<uint64_t>(thinking_.kind) << 32 | static_cast<uint64_t>(thinking_.top_k) << 8 | kept,
          bits(thinking_.temperature) << 32 | bits(thinking_.noise),
          bits(thinking_.share)};
}

void Rollout::State::place_thinkers(int32_t step) {
  think_places_.clear();
  think_samples_.clear();
  kept_rows_.clear();
  for (int32_t i : thinkers_) {
    const int32_t position = lengths_[i] + step;
    think_places_.push_back({i, position});
    // By position: what an agent draws does not repeat what the agents before it drew.
    think_samples_.push_back({seed(i), static_cast<uint64_t>(position)});
    kept_rows_.push_back(i * args_.n_latent_steps + step);
  }
  upload(ws_.places, think_places_);
  upload(ws_.samples, think_samples_);
  upload(ws_.rows, kept_rows_);
}

void Rollout::State::make_thoughts(const float* hidden, int32_t first, int32_t n, bool looks, float* e) {
  const int32_t d = config_.d_model, vocab = config_.vocab;
  const DeviceWeights& weights = model_.device_weights();
  if (thinking_.share < 1) ops_.align(queue_, {hidden, alignment_.matrix, alignment_.target_norm, n, d, e});
  const bool sees_logits = thinking_.sees_logits() || looks;
  for (int32_t begin = 0; begin < n && (sees_logits || thinking_.compares()); begin += kLogitRows) {
    const int32_t rows = std::min(kLogitRows, n - begin), at = first + begin;
    float* thought = e + row(begin);
    Thought* seen = thinking_.compares() ? ws_.thought_now.data() + at : nullptr;
    if (sees_logits) {
      const MatmulTarget logits[] = {{&weights.output, nullptr, ws_.logits.data()}};
      ops_.matmul(queue_, {hidden + row(begin), rows, d, logits, 1});
      check_finite(ws_.logits.data(), ws_.places.data() + at, rows, vocab, kLogits);
      ops_.likeliest(queue_, {ws_.logits.data(), rows, vocab, thinking_.candidates, ws_.likely_ids.data(), ws_.likely_values.data(), seen});
    }
    if (thinking_.share > 0) {
      ops_.mix(queue_, {&weights.embedding, ws_.likely_ids.data(), ws_.likely_values.data(), ws_.samples.data() + at, rows,
                        thinking_.top_k, thinking_.candidates, thinking_.temperature, thinking_.noise, 1 - thinking_.share,
                        thinking_.share, thought});
    }
    if (!thinking_.compares()) continue;
    ops_.compare(queue_, {thought, ws_.thought_before.data() + row(at), rows, d, seen});
    if (!looks) continue;
    const MatmulTarget products[] = {{&weights.embedding, nullptr, ws_.logits.data()}};
    ops_.matmul(queue_, {thought, rows, d, products, 1});
    ops_.nearest(queue_, {ws_.logits.data(), embedding_scales_, rows, vocab, seen});
    constexpr int32_t kFloats = sizeof(Thought) / sizeof(float);
    ops_.copy_rows(queue_, {reinterpret_cast<const float*>(seen), nullptr, ws_.rows.data() + at, rows, kFloats,
                            reinterpret_cast<float*>(ws_.thoughts.data())});
  }
}

void Rollout::State::run_thoughts(int32_t first, int32_t n, float* hidden) {
  const int32_t d = config_.d_model;
  const int32_t* kept = ws_.rows.data() + first;
  if (args_.latents) ops_.copy_rows(queue_, {ws_.activations.x.data(), nullptr, kept, n, d, ws_.latents.data()});
  forward(ws_.places.data() + first, n, false, hidden);
  if (args_.latent_hidden) ops_.copy_rows(queue_, {hidden, nullptr, kept, n, d, ws_.latent_hidden.data()});
}

void Rollout::State::latent_step(bool looks) {
  const int32_t n = args_.n_sequences, pass = device_.pass_rows();
  float* x = ws_.activations.x.data();
  for (int32_t begin = 0; begin < n; begin += pass) {
    const int32_t rows = std::min(pass, n - begin);
    float* hidden = ws_.hidden[0].data() + row(begin);
    make_thoughts(hidden, begin, rows, looks, x);
    if (thinking_.compares()) ops_.copy_rows(queue_, {x, nullptr, nullptr, rows, config_.d_model, ws_.thought_before.data() + row(begin)});
    run_thoughts(begin, rows, hidden);
  }
  ops_.advance(queue_, {ws_.places.data(), ws_.samples.data(), ws_.rows.data(), n});
}

void Rollout::State::think_until_stopped() {
  const int32_t m = args_.n_latent_steps, d = config_.d_model;
  low_entropy_.assign(args_.n_sequences, 0);
  const bool looks = thinking_.look != L4J_LOOK_NONE;
  ops_.copy_rows(queue_, {ws_.hidden[0].data(), nullptr, nullptr, args_.n_sequences, d, ws_.hidden[1].data()});
  for (int32_t step = 0; step < m && !thinkers_.empty(); step++) {
    int32_t n = static_cast<int32_t>(thinkers_.size());
    const Trace range("latent step %d of %d: %d rows", step, m, n);
    check_cancel(cancel(), "stopped before latent step ", step);
    device_.enqueue(queue_, ws_.ponder, think_key(n), [&] { make_thoughts(ws_.hidden[1].data(), 0, n, looks, ws_.thought_next.data()); });
    device_.download(queue_, ws_.told_thoughts.data(), ws_.thought_now.data(), n * sizeof(Thought));
    device_.mark(queue_, *ws_.token);
    if (step == 0) await(*ws_.prefilled);  // prompts may take long
    device_.wait(*ws_.token);
    const bool some_stop = stop_thinkers(step);
    n = static_cast<int32_t>(thinkers_.size());
    if (n == 0) break;
    if (some_stop) {
      place_thinkers(step);
      upload(ws_.thinkers, going_on_);
    }
    const int32_t* slots = some_stop ? ws_.thinkers.data() : nullptr;
    ops_.copy_rows(queue_, {ws_.thought_next.data(), slots, nullptr, n, d, ws_.thought_before.data()});
    device_.enqueue(queue_, ws_.think, think_key(n), [&] { step_thinkers(n); });
    upload(ws_.thinkers, thinkers_);
    ops_.copy_rows(queue_, {ws_.hidden[1].data(), nullptr, ws_.thinkers.data(), n, d, ws_.hidden[0].data()});
    progress(L4J_PHASE_THINK, step + 1);
  }
}

void Rollout::State::step_thinkers(int32_t n) {
  const int32_t pass = device_.pass_rows();
  for (int32_t begin = 0; begin < n; begin += pass) {
    const int32_t rows = std::min(pass, n - begin);
    ops_.copy_rows(queue_, {ws_.thought_before.data() + row(begin), nullptr, nullptr, rows, config_.d_model, ws_.activations.x.data()});
    run_thoughts(begin, rows, ws_.hidden[1].data() + row(begin));
  }
  ops_.advance(queue_, {ws_.places.data(), ws_.samples.data(), ws_.rows.data(), n});
}

bool Rollout::State::stop_thinkers(int32_t step) {
  going_on_.clear();
  size_t kept = 0;
  const size_t n = thinkers_.size();
  for (size_t slot = 0; slot < n; slot++) {
    const int32_t i = thinkers_[slot];
    const l4j_think_end end = think_end(i, ws_.told_thoughts.data()[slot]);
    if (end != L4J_THINK_END_STEPS) {
      thought_steps_[i] = step;
      think_ends_[i] = end;
      continue;
    }
    going_on_.push_back(static_cast<int32_t>(slot));
    thinkers_[kept++] = i;
  }
  thinkers_.resize(kept);
  return kept < n;
}

l4j_think_end Rollout::State::think_end(int32_t i, const Thought& seen) {
  const l4j_think_stop& stop = args_.think_stop;
  const int32_t* ends = args_.end_tokens + args_.n_end_tokens;
  if (stop.at_end_token && std::find(args_.end_tokens, ends, seen.tokens[0]) != ends) return L4J_THINK_END_TOKEN;
  if (stop.entropy_below > 0) {
    low_entropy_[i] = seen.entropy < stop.entropy_below ? low_entropy_[i] + 1 : 0;
    if (low_entropy_[i] >= thinking_.entropy_steps) return L4J_THINK_END_ENTROPY;
  }
  return stop.cosine_above > 0 && seen.step_cosine > stop.cosine_above ? L4J_THINK_END_FIXED_POINT : L4J_THINK_END_STEPS;
}

}  // namespace latent4j
