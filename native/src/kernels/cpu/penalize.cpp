// penalize.cpp: logits by what their sequences have read and decoded.
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

constexpr float kNever = -__builtin_inff();

void lower_repeated(float* logits, const History& history, const Penalties& penalties) {
  for (int i = 0; i < history.n_distinct; i++) {
    const TokenTally tally = history.tallies[i];
    float x = logits[tally.token];
    x = x > 0 ? x / penalties.repetition : x * penalties.repetition;
    if (tally.decoded > 0) x = x - penalties.frequency * static_cast<float>(tally.decoded) - penalties.presence;
    logits[tally.token] = x;
  }
}

// Where the last size - 1 tokens stand in the history before, the token after them is not to come again.
void ban_repeated(float* logits, const History& history, int size) {
  const int prefix = size - 1;
  if (history.n_tokens <= prefix) return;
  const int32_t* last = history.tokens + history.n_tokens - prefix;
  for (int begin = 0; begin + prefix < history.n_tokens; begin++) {
    int same = 0;
    while (same < prefix && history.tokens[begin + same] == last[same]) same++;
    if (same == prefix) logits[history.tokens[begin + prefix]] = kNever;
  }
}

void penalize_row(const PenalizeArgs& args, int row) {
  const Penalties& penalties = *args.penalties;
  float* logits = args.logits + static_cast<size_t>(row) * args.vocab;
  if (args.histories) {
    const History& history = args.histories[args.places[row].sequence];
    lower_repeated(logits, history, penalties);
    if (penalties.no_repeat_ngram > 0) ban_repeated(logits, history, penalties.no_repeat_ngram);
  }
  for (int i = 0; i < penalties.n_suppressed; i++) logits[penalties.suppressed[i]] = kNever;
  if (args.rows[row].step > 0) return;
  for (int i = 0; i < penalties.n_suppressed_first; i++) logits[penalties.suppressed_first[i]] = kNever;
}

}  // namespace

void penalize(Queue& queue, const PenalizeArgs& args) {
  queue.threads->run(args.n, [&](int row, int) { penalize_row(args, row); });
}

}  // namespace latent4j::cpu::L4J_LEVEL
