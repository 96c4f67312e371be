#include "latent/rollout.h"

#include <algorithm>
#include <bit>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/trace.h"
#include "latent/rollout_state.h"

namespace latent4j {

namespace {

constexpr int32_t kStepsAhead = 2;     // latent steps, or passes over prompts, enqueued beyond the one that a device runs: it never starves
constexpr int32_t kLengthStep = 1024;  // a recorded step serves every length up to the next multiple
static_assert(kStepsAhead < std::tuple_size_v<decltype(Workspace::steps)>, "a mark would be used again before it is looked at");
constexpr std::chrono::microseconds kLook{20};
constexpr Outcome kNone = ~Outcome{0};

}  // namespace

Rollout::State::~State() {
  try {
    device_.finish(queue_);
  } catch (const std::exception&) {  // run() said it already, or the device is lost
  }
  for (Memory* memory : memories_) memory->trim();
}

void Rollout::State::run(l4j_rollout_figures& figures) {
  const auto start = Clock::now();
  check();
  const Trace agent("agent: %d sequences, %d prompt tokens, %d latent steps, up to %d new tokens", args_.n_sequences,
                    args_.token_offsets[args_.n_sequences], args_.n_latent_steps, args_.max_new_tokens);
  prepare();
  prefill();
  device_.mark(queue_, *ws_.prefilled);
  think();
  device_.mark(queue_, *ws_.thought);
  decode(start, figures);
  device_.mark(queue_, *ws_.ended);
  conclude();
  figures.prompt_tokens = args_.token_offsets[args_.n_sequences];
  for (int32_t steps : thought_steps_) figures.latent_steps += steps;
  figures.prefill_ns = device_.ns_between(*ws_.start, *ws_.prefilled);
  figures.think_ns = device_.ns_between(*ws_.prefilled, *ws_.thought);
  figures.decode_ns = device_.ns_between(*ws_.thought, *ws_.ended);
}

void Rollout::State::check() {
  model_.weights().check_files();
  for (int32_t i = 0; i < args_.n_sequences; i++) {
    const bool goes_on = args_.n_latent_steps > 0 || args_.max_new_tokens > 0;
    L4J_CHECK(n_tokens(i) > 0 || !goes_on || !memories_[i]->hidden().empty(), "NO_HIDDEN_STATE", "sequence ", i,
              " has no prompt and its memory of ", memories_[i]->length(),
              " positions has no last hidden state; prefill something first");
    const int64_t needed = int64_t{memories_[i]->length()} + n_tokens(i) + args_.n_latent_steps;
    L4J_CHECK(needed <= config_.max_positions, "CONTEXT_EXCEEDED", "sequence ", i, " needs ", needed, " positions (",
              memories_[i]->length(), " in memory, ", n_tokens(i), " prompt tokens, ", args_.n_latent_steps,
              " latent steps), the context holds ", config_.max_positions);
  }
  // Last: offsets that are absurd have been refused before anything is read by them.
  for (int32_t i = 0; i < args_.n_sequences; i++) {
    for (int32_t t = args_.token_offsets[i]; t < args_.token_offsets[i + 1]; t++) {
      L4J_CHECK(args_.tokens[t] >= 0 && args_.tokens[t] < config_.vocab, "BAD_TOKEN", "token ", args_.tokens[t], " at index ",
                t - args_.token_offsets[i], " of sequence ", i, ", expected 0 to ", config_.vocab - 1);
    }
  }
}

void Rollout::State::prepare() {
  const int32_t n = args_.n_sequences, most_tokens = args_.max_new_tokens;
  device_.mark(queue_, *ws_.start);
  lengths_.resize(n);
  room_.resize(n);
  decoded_.resize(n);
  fed_all_.resize(n);
  thought_steps_.assign(n, args_.n_latent_steps);
  think_ends_.assign(n, L4J_THINK_END_STEPS);
  for (int32_t i = 0; i < n; i++) {
    Memory& memory = *memories_[i];
    lengths_[i] = memory.length();
    const int32_t fixed = n_tokens(i) + args_.n_latent_steps;
    // A token's keys are written when the next one is decoded, so max_new_tokens tokens take one position less.
    room_[i] = std::min(std::max(most_tokens - 1, 0), config_.max_positions - memory.length() - fixed);
    memory.reserve(fixed + room_[i], &queue_);
    memory.reserve_hidden(config_.d_model);
    longest_ = std::max(longest_, lengths_[i] + fixed + room_[i]);
  }
  if (!device_.host()) longest_ = (longest_ + kLengthStep - 1) / kLengthStep * kLengthStep;
  const int32_t widest = std::min(std::max(args_.token_offsets[n], n), device_.pass_rows());
  if (widest > ws_.activations.rows) ws_.generation++;
  ws_.activations.reserve(config_, widest);
  for (int32_t side = 0; side < (most_tokens > 0 ? 2 : 1); side++) reserve(ws_.hidden[side], row(n));
  reserve(ws_.results, row(n));
  if (most_tokens > 0) reserve(ws_.undecoded, row(n));
  reserve(ws_.outcome, kChecks + (n + 1) / 2);
  reserve(ws_.told, kChecks + (n + 1) / 2);
  reserve(ws_.places, std::max(args_.token_offsets[n], n));
  reserve(ws_.tokens, args_.token_offsets[n]);
  reserve(ws_.rows, 2 * static_cast<size_t>(n));
  reserve(ws_.samples, n);
  if (most_tokens > 0) reserve(ws_.logits, static_cast<size_t>(std::min(n, kLogitRows)) * config_.vocab);
  if (args_.latents) reserve(ws_.latents, row(n) * args_.n_latent_steps);
  if (args_.latent_hidden) reserve(ws_.latent_hidden, row(n) * args_.n_latent_steps);
  upload_tables();
  prepare_penalties();
  for (int32_t i = 0; i < n; i++) {
    const auto& hidden = memories_[i]->hidden();
    if (!hidden.empty()) device_.upload(queue_, ws_.hidden[0].data() + row(i), hidden.data(), row(1) * sizeof(float));
  }
  device_.fill(queue_, ws_.outcome.data(), 0xff, kChecks * sizeof(Outcome));
  if (control_ && control_->n_new_tokens) {
    for (int32_t i = 0; i < n; i++) publish(control_->n_new_tokens[i], 0);
  }
}

void Rollout::State::upload_tables() {
  std::vector<size_t> begins;
  for (Memory* memory : memories_) {
    begins.push_back(pages_.size());
    pages_.insert(pages_.end(), memory->addresses().begin(), memory->addresses().end());
  }
  // In strides: a memory that grows from rollout to rollout would void what was recorded each time.
  reserve(ws_.pages, std::bit_ceil(pages_.size()));
  upload(ws_.pages, pages_);
  for (size_t begin : begins) tables_.push_back(ws_.pages.data() + begin);
  upload(ws_.tables, tables_);
}

void Rollout::State::progress(l4j_phase phase, int32_t step) {
  if (!control_) return;
  publish(control_->step, step);
  publish(control_->phase, phase);
}

void Rollout::State::forward(const RowPlace* places, int32_t n, bool prefill, float* out) {
  const PassRows rows{places, n, {ws_.tables.data(), &model_.pool()->layout()}, longest_, prefill};
  decoder_.forward(queue_, ws_.activations, rows, out, device_.host() ? cancel() : nullptr);
  check_finite(out, places, n, config_.d_model, kHiddenStates);
}

void Rollout::State::check_finite(const float* x, const RowPlace* places, int32_t n, int32_t d, Check check) {
  ops_.check_finite(queue_, {x, places, n, d, ws_.outcome.data() + check});
  if (device_.host()) refuse_bad(ws_.outcome.data());
}

void Rollout::State::refuse_bad(const Outcome* first_bad) const {
  const Outcome hidden = first_bad[kHiddenStates], logits = first_bad[kLogits];
  const bool of_logits = logits >> 32 <= hidden >> 32;
  const Outcome bad = of_logits ? logits : hidden;
  if (bad == kNone) return;
  const auto sequence = static_cast<int32_t>(bad & 0xffffffff), position = static_cast<int32_t>(bad >> 32);
  const std::string culprit = model_.weights().first_not_finite(cancel());
  // A GPU multiplies positions of prompts together, and 0 times what is not finite is not either.
  const bool together = !device_.host() && position < memories_[sequence]->length() + n_tokens(sequence);
  const char* what = of_logits  ? "the logits for position "
                     : together ? "the hidden states of the prompts, seen first at position "
                                : "the hidden state at position ";
  throw Error("NOT_FINITE", concat("a number is not finite in ", what, position, " of sequence ", sequence, " (",
                                   what_stands_at(sequence, position), "); ",
                                   culprit.empty() ? "all weights are finite, the activations overflowed" : "weights: " + culprit));
}

std::string Rollout::State::what_stands_at(int32_t i, int32_t position) const {
  int32_t index = position - memories_[i]->length();  // which holds nothing of this rollout yet
  if (index < n_tokens(i)) return concat("prompt token ", index);
  index -= n_tokens(i);
  return index < thought_steps_[i] ? concat("latent step ", index) : concat("new token ", index - thought_steps_[i]);
}

void Rollout::State::prefill() {
  const int32_t total = args_.token_offsets[args_.n_sequences], pass = device_.pass_rows();
  progress(L4J_PHASE_PREFILL, 0);
  if (total == 0) return;
  const Trace range("prefill: %d rows", total);
  for (int32_t i = 0; i < args_.n_sequences; i++) {
    for (int32_t t = 0; t < n_tokens(i); t++) prompt_places_.push_back({i, lengths_[i] + t});
    lengths_[i] += n_tokens(i);
    if (n_tokens(i) > 0) ends_.push_back((args_.token_offsets[i + 1] - 1) % pass);
  }
  const size_t n_ends = ends_.size();
  for (int32_t i = 0; i < args_.n_sequences; i++) {
    if (n_tokens(i) > 0) ends_.push_back(i);
  }
  upload(ws_.places, prompt_places_);
  upload(ws_.rows, ends_);
  device_.upload(queue_, ws_.tokens.data(), args_.tokens, total * sizeof(int32_t));
  float* out = ws_.activations.h.data();
  size_t end = 0;  // of ends_: those of the passes so far
  for (int32_t begin = 0; begin < total; begin += pass) {
    check_cancel(cancel(), "stopped before position ", begin, " of the prompts");
    const int32_t n = std::min(pass, total - begin);
    ops_.embed(queue_, {&model_.device_weights().embedding, ws_.tokens.data() + begin, n, ws_.activations.x.data()});
    forward(ws_.places.data() + begin, n, true, out);
    if (args_.prompt_hidden) device_.download(queue_, args_.prompt_hidden + row(begin), out, row(n) * sizeof(float));
    const size_t first = end;
    while (end < n_ends && args_.token_offsets[ends_[n_ends + end] + 1] <= begin + n) end++;
    ops_.copy_rows(queue_, {out, ws_.rows.data() + first, ws_.rows.data() + n_ends + first, static_cast<int32_t>(end - first),
                            config_.d_model, ws_.hidden[0].data()});
    progress(L4J_PHASE_PREFILL, std::min(total, keep_pace(begin / pass) * pass));
  }
}

int32_t Rollout::State::keep_pace(int32_t step) {
  const int32_t ahead = device_.host() ? 0 : kStepsAhead, n_marks = static_cast<int32_t>(ws_.steps.size());
  device_.mark(queue_, *ws_.steps[step % n_marks]);
  if (step < ahead) return 0;
  await(*ws_.steps[(step - ahead) % n_marks]);
  return step + 1 - ahead;
}

void Rollout::State::await(Mark& mark) {
  while (!device_.reached(mark)) {
    check_cancel(cancel(), "stopped while ", device_.id(), " worked");
    std::this_thread::sleep_for(kLook);
  }
}

void Rollout::State::conclude() {
  if (args_.max_new_tokens == 0) device_.download(queue_, ws_.results.data(), ws_.hidden[0].data(), row(args_.n_sequences) * sizeof(float));
  settle(*ws_.ended);
  progress(L4J_PHASE_IDLE, 0);
}

void Rollout::State::settle(Mark& end) {
  device_.download(queue_, ws_.told.data(), ws_.outcome.data(), kChecks * sizeof(Outcome));
  await(end);
  device_.finish(queue_);
  refuse_bad(ws_.told.data());
}

Rollout::Rollout(Model& model, std::vector<Memory*> memories, const l4j_rollout_args& args, l4j_control* control)
    : state_(std::make_unique<State>(model, std::move(memories), args, control)) {}

Rollout::~Rollout() = default;

void Rollout::run(l4j_rollout_figures& figures) {
  figures = {};
  state_->run(figures);
}

void Rollout::commit(const int32_t* keep) { state_->commit(keep); }

}  // namespace latent4j
