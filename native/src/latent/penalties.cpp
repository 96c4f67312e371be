// penalties.cpp: what a rollout's earlier tokens do to the next one.
#include <algorithm>

#include "latent/rollout_state.h"

namespace latent4j {

void Rollout::State::prepare_penalties() {
  if (!args_.penalties || args_.max_new_tokens == 0) return;
  const l4j_penalties& asked = *args_.penalties;
  remembers_ = asked.repetition != 1 || asked.presence != 0 || asked.frequency != 0 || asked.no_repeat_ngram > 0;
  penalizes_ = remembers_ || asked.n_suppressed > 0 || asked.n_suppressed_first > 0;
  if (!penalizes_) return;
  PenaltyBuffers& buffers = ws_.penalties;
  reserve(buffers.settings, 1);
  // Where a recorded step finds these is told on the device, in settings and histories: they may move without voiding it.
  buffers.suppressed.reserve(static_cast<size_t>(asked.n_suppressed) + asked.n_suppressed_first);
  int32_t* suppressed = buffers.suppressed.data();
  device_.upload(queue_, suppressed, asked.suppressed, asked.n_suppressed * sizeof(int32_t));
  device_.upload(queue_, suppressed + asked.n_suppressed, asked.suppressed_first, asked.n_suppressed_first * sizeof(int32_t));
  penalties_ = {asked.repetition, asked.presence, asked.frequency, asked.no_repeat_ngram, suppressed, suppressed + asked.n_suppressed,
                asked.n_suppressed, asked.n_suppressed_first};
  device_.upload(queue_, buffers.settings.data(), &penalties_, sizeof(Penalties));
  if (remembers_) prepare_histories();
}

void Rollout::State::prepare_histories() {
  PenaltyBuffers& buffers = ws_.penalties;
  // Thoughts that are not thought leave their positions to tokens.
  const auto room_of = [&](int32_t i) {
    return static_cast<size_t>(n_tokens(i)) + std::min(args_.max_new_tokens, room_[i] + args_.n_latent_steps + 1);
  };
  size_t room = 0;
  for (int32_t i = 0; i < args_.n_sequences; i++) room += room_of(i);
  buffers.tokens.reserve(room);
  buffers.tallies.reserve(room);
  tallies_.reserve(args_.token_offsets[args_.n_sequences]);  // uploads go on from where they are
  size_t begin = 0;
  std::vector<int32_t> distinct;
  for (int32_t i = 0; i < args_.n_sequences; i++) {
    const int32_t* prompt = args_.tokens + args_.token_offsets[i];
    distinct.assign(prompt, prompt + n_tokens(i));
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    const History history = {buffers.tokens.data() + begin, buffers.tallies.data() + begin, n_tokens(i),
                             static_cast<int32_t>(distinct.size())};
    const size_t first = tallies_.size();
    for (int32_t token : distinct) tallies_.push_back({token, 0});
    device_.upload(queue_, history.tokens, prompt, history.n_tokens * sizeof(int32_t));
    device_.upload(queue_, history.tallies, tallies_.data() + first, history.n_distinct * sizeof(TokenTally));
    histories_.push_back(history);
    begin += room_of(i);
  }
  upload(buffers.histories, histories_);
}

void Rollout::State::penalize(int32_t begin, int32_t rows) {
  if (!penalizes_) return;
  const History* histories = remembers_ ? ws_.penalties.histories.data() : nullptr;
  ops_.penalize(queue_, {ws_.logits.data(), ws_.places.data() + begin, ws_.samples.data() + begin, ws_.penalties.settings.data(), histories,
                         rows, config_.vocab});
}

void Rollout::State::remember(int32_t begin, int32_t rows) {
  if (!remembers_) return;
  ops_.remember(queue_, {chosen() + begin, ws_.places.data() + begin, ws_.penalties.histories.data(), rows});
}

}  // namespace latent4j
