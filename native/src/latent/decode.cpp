// decode.cpp: a rollout's tokens, and its end.
#include <algorithm>
#include <bit>

#include "base/cancel.h"
#include "base/error.h"
#include "base/trace.h"
#include "latent/rollout_state.h"

namespace latent4j {

void Rollout::State::decode(Clock::time_point start, l4j_rollout_figures& figures) {
  if (args_.max_new_tokens == 0) return;
  for (int32_t i = 0; i < args_.n_sequences; i++) active_.push_back(i);
  place_active(0);
  device_.download(queue_, ws_.undecoded.data(), ws_.hidden[0].data(), row(args_.n_sequences) * sizeof(float));
  progress(L4J_PHASE_DECODE, 0);
  for (int32_t step = 0; !active_.empty(); step++) {
    const Trace range("decode %d: %zu rows", step, active_.size());
    check_cancel(cancel(), "stopped before token ", step);
    const int32_t n = static_cast<int32_t>(active_.size());
    choose(step);
    device_.download(queue_, ws_.told.data(), ws_.outcome.data(), kChecks * sizeof(Outcome) + n * sizeof(int32_t));
    device_.mark(queue_, *ws_.token);
    const bool fed = !device_.host() && std::none_of(active_.begin(), active_.end(), [&](int32_t i) { return ends_surely(i, step); });
    if (fed) feed(n);
    if (step == 0) await(*ws_.thought);  // prompts may take long
    device_.wait(*ws_.token);
    refuse_bad(ws_.told.data());
    const auto tokens = std::count_if(told(), told() + n, [](int32_t token) { return token >= 0; });
    if (step == 0 && tokens > 0) {
      figures.first_token_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
    }
    for (int32_t slot = 0; slot < n; slot++) keep_token(active_[slot], step, told()[slot]);
    figures.new_tokens += tokens;
    progress(L4J_PHASE_DECODE, step + 1);
    const bool some_left = leave(step);
    for (int32_t i : active_) lengths_[i]++;
    if (fed) {
      if (some_left) close_ranks(step + 1);
      else side_ = 1 - side_;
    } else if (!active_.empty()) {
      if (some_left) place_active(step, true);
      feed(static_cast<int32_t>(active_.size()));
      side_ = 1 - side_;
    }
  }
}

void Rollout::State::choose(int32_t step) {
  const int32_t n = static_cast<int32_t>(active_.size()), vocab = config_.vocab;
  const bool keep_logits = step == 0 && args_.logits;
  const auto body = [&] {
    for (int32_t begin = 0; begin < n; begin += kLogitRows) {
      const int32_t rows = std::min(kLogitRows, n - begin);
      const MatmulTarget target[] = {{&model_.device_weights().output, nullptr, ws_.logits.data()}};
      ops_.matmul(queue_, {ws_.hidden[side_].data() + row(begin), rows, config_.d_model, target, 1});
      check_finite(ws_.logits.data(), ws_.places.data() + begin, rows, vocab, kLogits);
      if (keep_logits) {
        device_.download(queue_, args_.logits + static_cast<size_t>(begin) * vocab, ws_.logits.data(),
                         static_cast<size_t>(rows) * vocab * sizeof(float));
      }
      penalize(begin, rows);
      ops_.sample(queue_, {ws_.logits.data(), ws_.samples.data() + begin, rows, vocab, args_.temperature, args_.top_p, args_.top_k,
                           chosen() + begin, args_.min_p});
      remember(begin, rows);
    }
  };
  if (keep_logits) return body();  // no other step does that
  device_.enqueue(queue_, ws_.choose[side_], step_key(n), body);
}

void Rollout::State::feed(int32_t n) {
  device_.enqueue(queue_, ws_.feed[side_], step_key(n), [&] {
    const int32_t pass = device_.pass_rows();
    for (int32_t begin = 0; begin < n; begin += pass) {
      const int32_t rows = std::min(pass, n - begin);
      ops_.embed(queue_, {&model_.device_weights().embedding, chosen() + begin, rows, ws_.activations.x.data()});
      forward(ws_.places.data() + begin, rows, false, ws_.hidden[1 - side_].data() + row(begin));
    }
    ops_.advance(queue_, {ws_.places.data(), ws_.samples.data(), nullptr, n});
  });
}

ReplayKey Rollout::State::step_key(int32_t n) const {
  const uint64_t temperature = std::bit_cast<uint32_t>(args_.temperature);
  const uint64_t sampling = temperature << 32 | std::bit_cast<uint32_t>(args_.top_p);
  const uint64_t penalties = (penalizes_ ? 1 : 0) + (remembers_ ? 2 : 0);  // their numbers are the device's
  return {ws_.generation, static_cast<uint64_t>(n), static_cast<uint64_t>(longest_), sampling, static_cast<uint64_t>(args_.top_k),
          uint64_t{std::bit_cast<uint32_t>(args_.min_p)} << 32 | penalties};
}

void Rollout::State::place_active(int32_t step, bool tokens) {
  step_places_.clear();
  samples_.clear();
  for (int32_t i : active_) {
    // lengths_ counts the token that was chosen and is about to be fed.
    step_places_.push_back({i, lengths_[i] - (tokens ? 1 : 0)});
    samples_.push_back({seed(i), static_cast<uint64_t>(step)});
  }
  upload(ws_.places, step_places_);
  upload(ws_.samples, samples_);
  if (tokens) device_.upload(queue_, chosen(), left_tokens_.data(), left_tokens_.size() * sizeof(int32_t));
}

bool Rollout::State::leave(int32_t step) {
  const size_t n = active_.size();
  left_slots_.clear();
  left_tokens_.clear();
  size_t kept = 0;
  for (size_t slot = 0; slot < n; slot++) {
    const int32_t i = active_[slot];
    if (ended(i, step, told()[slot])) {
      const float* hidden = ws_.hidden[side_].data() + row(static_cast<int32_t>(slot));
      device_.download(queue_, ws_.results.data() + row(i), hidden, row(1) * sizeof(float));
      continue;
    }
    left_slots_.push_back(static_cast<int32_t>(slot));
    left_tokens_.push_back(told()[slot]);
    active_[kept++] = i;
  }
  active_.resize(kept);
  return kept < n;
}

void Rollout::State::close_ranks(int32_t step) {
  if (active_.empty()) return;
  upload(ws_.rows, left_slots_);
  ops_.copy_rows(queue_, {ws_.hidden[1 - side_].data(), ws_.rows.data(), nullptr, static_cast<int32_t>(active_.size()), config_.d_model,
                          ws_.hidden[side_].data()});
  place_active(step);
}

void Rollout::State::keep_token(int32_t i, int32_t step, int32_t token) {
  if (token < 0) {
    fed_all_[i] = true;
    return;
  }
  decoded_[i] = step + 1;
  if (args_.new_tokens) args_.new_tokens[static_cast<size_t>(i) * args_.max_new_tokens + step] = token;
  if (control_ && control_->n_new_tokens) publish(control_->n_new_tokens[i], step + 1);
}

bool Rollout::State::ended(int32_t i, int32_t step, int32_t token) const {
  int32_t reason = L4J_STOP_NONE;
  if (token < 0) {
    reason = L4J_STOP_NO_TOKEN;
  } else if (std::find(args_.end_tokens, args_.end_tokens + args_.n_end_tokens, token) != args_.end_tokens + args_.n_end_tokens) {
    reason = L4J_STOP_END_TOKEN;
  } else if (step + 1 == args_.max_new_tokens) {
    reason = L4J_STOP_LIMIT;
  } else if (step == room_[i]) {
    reason = L4J_STOP_CONTEXT;
  } else if (control_ && control_->stop && std::atomic_ref<int32_t>(control_->stop[i]).load(std::memory_order_relaxed)) {
    reason = L4J_STOP_ASKED;
  }
  if (reason != L4J_STOP_NONE && args_.stop_reasons) args_.stop_reasons[i] = reason;
  return reason != L4J_STOP_NONE;
}

// All that may fail comes before the first memory changes.
void Rollout::State::commit(const int32_t* keep) {
  const int32_t n = args_.n_sequences;
  std::vector<int32_t> written(n), cut, tokens;  // cut: sequences whose hidden state of what is written nobody has kept
  std::vector<RowPlace> places;
  for (int32_t i = 0; i < n; i++) {
    const int32_t kept = keep ? keep[i] : decoded_[i];
    L4J_CHECK(kept >= 0 && kept <= decoded_[i], "BAD_ARGUMENT", "keep[", i, "] is ", kept, ", expected 0 to ", decoded_[i],
              ", the tokens decoded");
    written[i] = n_tokens(i) + thought_steps_[i] + std::max(kept - 1, 0);
    if (kept == decoded_[i] && !fed_all_[i]) continue;
    if (kept <= 1) {
      std::copy_n(ws_.undecoded.data() + row(i), row(1), ws_.results.data() + row(i));
      continue;
    }
    L4J_CHECK(args_.new_tokens, "BAD_ARGUMENT", "new_tokens is null, expected the tokens of which sequence ", i, " keeps ", kept);
    cut.push_back(i);
    places.push_back({i, memories_[i]->length() + written[i] - 1});
    tokens.push_back(args_.new_tokens[static_cast<size_t>(i) * args_.max_new_tokens + kept - 2]);
  }
  replay_last(cut, places, tokens);
  for (int32_t i = 0; i < n; i++) {
    if (written[i] == 0) continue;
    memories_[i]->commit(written[i]);
    memories_[i]->set_hidden(ws_.results.data() + row(i), config_.d_model);
  }
}

void Rollout::State::replay_last(const std::vector<int32_t>& cut, const std::vector<RowPlace>& places,
                                 const std::vector<int32_t>& tokens) {
  if (cut.empty()) return;
  upload(ws_.places, places);
  upload(ws_.tokens, tokens);
  const int32_t n = static_cast<int32_t>(cut.size()), pass = device_.pass_rows();
  for (int32_t begin = 0; begin < n; begin += pass) {
    const int32_t rows = std::min(pass, n - begin);
    ops_.embed(queue_, {&model_.device_weights().embedding, ws_.tokens.data() + begin, rows, ws_.activations.x.data()});
    forward(ws_.places.data() + begin, rows, false, ws_.hidden[0].data() + row(begin));
  }
  for (int32_t k = 0; k < n; k++) {
    device_.download(queue_, ws_.results.data() + row(cut[k]), ws_.hidden[0].data() + row(k), row(1) * sizeof(float));
  }
  device_.mark(queue_, *ws_.ended);
  settle(*ws_.ended);
}

}  // namespace latent4j
