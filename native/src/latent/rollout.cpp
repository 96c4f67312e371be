#include "latent/rollout.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>

#include "base/error.h"

namespace latent4j {

namespace {

constexpr int32_t kPassRows = 256;   // rows of one forward pass: activations stay in cache, weights are read once for all of them
constexpr int32_t kLogitRows = 32;   // rows of logits at a time: a row is up to 600 KiB
constexpr uint64_t kDefaultSeed = 42;

using Clock = std::chrono::steady_clock;

int64_t ns_since(Clock::time_point start) { return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count(); }

// By the exponent's bits, so that the loop vectorizes.
bool all_finite(const float* values, size_t n) {
  uint32_t bad = 0;
  for (size_t i = 0; i < n; i++) bad |= (std::bit_cast<uint32_t>(values[i]) & 0x7f800000u) == 0x7f800000u;
  return bad == 0;
}

void publish(int32_t& cell, int32_t value) { std::atomic_ref<int32_t>(cell).store(value, std::memory_order_release); }

class Rollout {
 public:
  Rollout(Model& model, const std::vector<Memory*>& memories, const l4j_rollout_args& args, l4j_control* control)
      : model_(model), memories_(memories), args_(args), control_(control), config_(model.config()),
        decoder_(model.weights(), model.ops()), queue_(model.queue()), workspace_(model) {}

  // Gives back what was reserved and not committed, whether run() returned or threw.
  ~Rollout() {
    for (Memory* memory : memories_) memory->trim();
  }

  void run(l4j_rollout_figures& figures) {
    const auto start = Clock::now();
    check();
    prepare();
    prefill();
    figures.prefill_ns = ns_since(start);
    const auto think_start = Clock::now();
    think();
    figures.think_ns = ns_since(think_start);
    const auto decode_start = Clock::now();
    decode(start, figures);
    figures.decode_ns = ns_since(decode_start);
    commit();
    figures.prompt_tokens = args_.token_offsets[args_.n_sequences];
    figures.latent_steps = static_cast<int64_t>(args_.n_latent_steps) * args_.n_sequences;
  }

 private:
  int32_t n_tokens(int32_t i) const { return args_.token_offsets[i + 1] - args_.token_offsets[i]; }
  float* last(int32_t i) { return last_.data() + static_cast<size_t>(i) * config_.d_model; }

  // Everything that can be wrong with the arguments, before anything changes.
  void check() {
    for (int32_t i = 0; i < args_.n_sequences; i++) {
      const bool goes_on = args_.n_latent_steps > 0 || args_.max_new_tokens > 0;
      L4J_CHECK(n_tokens(i) > 0 || !goes_on || !memories_[i]->hidden().empty(), "NO_HIDDEN_STATE", "sequence ", i,
                " has no prompt and its memory of ", memories_[i]->length(),
                " positions has no last hidden state; prefill something first");
      const int64_t needed = int64_t{memories_[i]->length()} + n_tokens(i) + args_.n_latent_steps;
      L4J_CHECK(needed <= config_.max_positions, "CONTEXT_EXCEEDED", "sequence ", i, " needs ", needed, " positions (",
                memories_[i]->length(), " in memory, ", n_tokens(i), " prompt tokens, ", args_.n_latent_steps, " latent steps), the context holds ",
                config_.max_positions);
    }
    // Last: offsets that are absurd have been refused before anything is read by them.
    for (int32_t i = 0; i < args_.n_sequences; i++) {
      for (int32_t t = args_.token_offsets[i]; t < args_.token_offsets[i + 1]; t++) {
        L4J_CHECK(args_.tokens[t] >= 0 && args_.tokens[t] < config_.vocab, "BAD_TOKEN", "token ", args_.tokens[t], " at index ",
                  t - args_.token_offsets[i], " of sequence ", i, ", expected 0 to ", config_.vocab - 1);
      }
    }
  }

  // Pages for every position that may be written, at once: a rollout that starts does not run out of pages.
  void prepare() {
    const int32_t n = args_.n_sequences;
    last_.reserve(static_cast<size_t>(n) * config_.d_model);
    lengths_.resize(n);
    room_.resize(n);
    tables_.resize(n);
    for (int32_t i = 0; i < n; i++) {
      Memory& memory = *memories_[i];
      lengths_[i] = memory.length();
      const int32_t fixed = n_tokens(i) + args_.n_latent_steps;
      // A token's keys are written when the next one is decoded, so max_new_tokens tokens take one position less.
      room_[i] = std::min(std::max(args_.max_new_tokens - 1, 0), config_.max_positions - memory.length() - fixed);
      memory.reserve(fixed + room_[i]);
      memory.reserve_hidden(config_.d_model);
      if (!memory.hidden().empty()) std::copy(memory.hidden().begin(), memory.hidden().end(), last(i));
    }
    for (int32_t i = 0; i < n; i++) {
      tables_[i] = memories_[i]->view().pages;
      longest_ = std::max(longest_, lengths_[i] + n_tokens(i) + args_.n_latent_steps + room_[i]);
    }
    const int32_t widest = std::max(args_.token_offsets[n], n);
    workspace_->reserve(config_, std::min(widest, kPassRows));
    if (control_ && control_->n_new_tokens) {
      for (int32_t i = 0; i < n; i++) publish(control_->n_new_tokens[i], 0);
    }
  }

  void progress(l4j_phase phase, int32_t step) {
    if (!control_) return;
    publish(control_->step, step);
    publish(control_->phase, phase);
  }

  // One pass over the workspace's first n rows. Their outputs are in workspace_->h, and in last(i) for the rows of `sequences`.
  void forward(int32_t n, bool prefill) {
    decoder_.forward(queue_, *workspace_, n, {tables_.data(), &model_.pool()->layout()}, longest_, prefill, control_ ? &control_->cancel : nullptr);
    const float* h = workspace_->h.data();
    for (int32_t r = 0; r < n; r++) {
      if (!all_finite(h + static_cast<size_t>(r) * config_.d_model, config_.d_model)) not_finite("hidden state", workspace_->places[r]);
    }
  }

  [[noreturn]] void not_finite(const char* what, RowPlace place) const {
    const std::string culprit = model_.weights().first_not_finite();
    throw Error("NOT_FINITE", concat(what, " of sequence ", place.sequence, " at position ", place.position, " is not finite; ",
                                     culprit.empty() ? "all weights are finite, the activations overflowed" : "weights: " + culprit));
  }

  // All prompts end to end, in passes of up to kPassRows rows, whichever sequence they belong to.
  void prefill() {
    const int32_t total = args_.token_offsets[args_.n_sequences];
    progress(L4J_PHASE_PREFILL, 0);
    int32_t sequence = 0;
    for (int32_t begin = 0; begin < total; begin += kPassRows) {
      const int32_t n = std::min(kPassRows, total - begin);
      for (int32_t r = 0; r < n; r++) {
        while (begin + r >= args_.token_offsets[sequence + 1]) sequence++;
        workspace_->places[r] = {sequence, lengths_[sequence] + begin + r - args_.token_offsets[sequence]};
      }
      model_.ops().embed(queue_, {&model_.weights().embedding, args_.tokens + begin, n, workspace_->x.data()});
      forward(n, true);
      const float* h = workspace_->h.data();
      if (args_.prompt_hidden) {
        std::copy_n(h, static_cast<size_t>(n) * config_.d_model, args_.prompt_hidden + static_cast<size_t>(begin) * config_.d_model);
      }
      for (int32_t r = 0; r < n; r++) {
        const int32_t i = workspace_->places[r].sequence;
        const bool last_row = begin + r + 1 == args_.token_offsets[i + 1];
        if (last_row) std::copy_n(h + static_cast<size_t>(r) * config_.d_model, config_.d_model, last(i));
      }
      progress(L4J_PHASE_PREFILL, begin + n);
    }
    for (int32_t i = 0; i < args_.n_sequences; i++) lengths_[i] += n_tokens(i);
  }

  // The latent loop: no logits, no tokens, the aligned hidden state is the next input.
  void think() {
    if (args_.n_latent_steps == 0) return;
    const Alignment& alignment = model_.alignment(static_cast<AlignmentKind>(args_.alignment), control_ ? &control_->cancel : nullptr);
    const float* matrix = alignment.matrix.empty() ? nullptr : alignment.matrix.data();
    const int32_t d = config_.d_model;
    progress(L4J_PHASE_THINK, 0);
    for (int32_t step = 0; step < args_.n_latent_steps; step++) {
      for (int32_t begin = 0; begin < args_.n_sequences; begin += kPassRows) {
        const int32_t n = std::min(kPassRows, args_.n_sequences - begin);
        for (int32_t r = 0; r < n; r++) workspace_->places[r] = {begin + r, lengths_[begin + r]};
        model_.ops().align(queue_, {last(begin), matrix, alignment.target_norm, n, d, workspace_->x.data()});
        keep_steps(args_.latents, workspace_->x.data(), begin, n, step);
        forward(n, false);
        std::copy_n(workspace_->h.data(), static_cast<size_t>(n) * d, last(begin));
        keep_steps(args_.latent_hidden, workspace_->h.data(), begin, n, step);
      }
      for (int32_t& length : lengths_) length++;
      progress(L4J_PHASE_THINK, step + 1);
    }
  }

  // rows [n, d_model] of sequences begin.. into out [n_sequences, n_latent_steps, d_model] at `step`.
  void keep_steps(float* out, const float* rows, int32_t begin, int32_t n, int32_t step) const {
    if (!out) return;
    const size_t d = config_.d_model;
    for (int32_t r = 0; r < n; r++) std::copy_n(rows + r * d, d, out + (static_cast<size_t>(begin + r) * args_.n_latent_steps + step) * d);
  }

  // Sequences that ended leave the batch; the others go on without them.
  void decode(Clock::time_point start, l4j_rollout_figures& figures) {
    if (args_.max_new_tokens == 0) return;
    std::vector<int32_t> active(args_.n_sequences), tokens(args_.n_sequences);
    for (int32_t i = 0; i < args_.n_sequences; i++) active[i] = i;
    progress(L4J_PHASE_DECODE, 0);
    for (int32_t step = 0; !active.empty(); step++) {
      choose(active, step, tokens);
      if (step == 0) figures.first_token_ns = ns_since(start);
      for (size_t a = 0; a < active.size(); a++) keep_token(active[a], step, tokens[active[a]]);
      figures.new_tokens += static_cast<int64_t>(active.size());
      progress(L4J_PHASE_DECODE, step + 1);
      std::erase_if(active, [&](int32_t i) { return ended(i, step, tokens[i]); });
      feed(active, tokens);
    }
  }

  // One token for each active sequence from its last hidden state, into tokens[sequence].
  void choose(const std::vector<int32_t>& active, int32_t step, std::vector<int32_t>& tokens) {
    const size_t d = config_.d_model, vocab = config_.vocab;
    const int32_t n_active = static_cast<int32_t>(active.size());
    const int32_t most = std::min(n_active, kLogitRows);
    gathered_.reserve(most * d);
    logits_.reserve(most * vocab);
    for (int32_t begin = 0; begin < n_active; begin += kLogitRows) {
      const int32_t n = std::min(kLogitRows, n_active - begin);
      SampleRow rows[kLogitRows];
      int32_t chosen[kLogitRows];
      for (int32_t r = 0; r < n; r++) {
        const int32_t i = active[begin + r];
        std::copy_n(last(i), d, gathered_.data() + r * d);
        rows[r] = {args_.seeds ? args_.seeds[i] : kDefaultSeed, static_cast<uint64_t>(step)};
      }
      const MatmulTarget target[] = {{&model_.weights().output, nullptr, logits_.data()}};
      model_.ops().matmul(queue_, {gathered_.data(), n, config_.d_model, target, 1});
      for (int32_t r = 0; r < n; r++) {
        const int32_t i = active[begin + r];
        if (!all_finite(logits_.data() + r * vocab, vocab)) not_finite("logits", {i, lengths_[i] - 1});
      }
      if (step == 0 && args_.logits) std::copy_n(logits_.data(), n * vocab, args_.logits + begin * vocab);
      model_.ops().sample(queue_, {logits_.data(), rows, n, config_.vocab, args_.temperature, args_.top_p, args_.top_k, chosen});
      for (int32_t r = 0; r < n; r++) tokens[active[begin + r]] = chosen[r];
    }
  }

  void keep_token(int32_t i, int32_t step, int32_t token) {
    if (args_.new_tokens) args_.new_tokens[static_cast<size_t>(i) * args_.max_new_tokens + step] = token;
    if (control_ && control_->n_new_tokens) publish(control_->n_new_tokens[i], step + 1);
  }

  bool ended(int32_t i, int32_t step, int32_t token) const {
    int32_t reason = L4J_STOP_NONE;
    if (std::find(args_.end_tokens, args_.end_tokens + args_.n_end_tokens, token) != args_.end_tokens + args_.n_end_tokens) {
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

  // The chosen tokens become the next position of each active sequence.
  void feed(const std::vector<int32_t>& active, const std::vector<int32_t>& tokens) {
    const int32_t n_active = static_cast<int32_t>(active.size());
    for (int32_t begin = 0; begin < n_active; begin += kPassRows) {
      const int32_t n = std::min(kPassRows, n_active - begin);
      int32_t inputs[kPassRows];
      for (int32_t r = 0; r < n; r++) {
        const int32_t i = active[begin + r];
        inputs[r] = tokens[i];
        workspace_->places[r] = {i, lengths_[i]++};
      }
      model_.ops().embed(queue_, {&model_.weights().embedding, inputs, n, workspace_->x.data()});
      forward(n, false);
      for (int32_t r = 0; r < n; r++) {
        std::copy_n(workspace_->h.data() + static_cast<size_t>(r) * config_.d_model, config_.d_model, last(active[begin + r]));
      }
    }
  }

  void commit() {
    for (int32_t i = 0; i < args_.n_sequences; i++) {
      const int32_t written = lengths_[i] - memories_[i]->length();
      if (written == 0) continue;
      memories_[i]->commit(written);
      memories_[i]->set_hidden(last(i), config_.d_model);
    }
    progress(L4J_PHASE_IDLE, 0);
  }

  Model& model_;
  const std::vector<Memory*>& memories_;
  const l4j_rollout_args& args_;
  l4j_control* control_;
  const Config& config_;
  Decoder decoder_;
  Queue queue_;
  Model::Lease workspace_;
  FloatBuffer last_;               // [n_sequences, d_model] last hidden state of each
  FloatBuffer gathered_, logits_;  // [up to kLogitRows, d_model], [.., vocab]
  std::vector<int32_t> lengths_;   // [n_sequences] positions written so far
  std::vector<int32_t> room_;      // [n_sequences] positions that decoded tokens may take
  std::vector<std::byte* const*> tables_;  // [n_sequences] page tables
  int32_t longest_ = 0;            // no position of any sequence reaches it
};

}  // namespace

void rollout(Model& model, const std::vector<Memory*>& memories, const l4j_rollout_args& args, l4j_control* control,
             l4j_rollout_figures& figures) {
  figures = {};
  Rollout(model, memories, args, control).run(figures);
}

}  // namespace latent4j
