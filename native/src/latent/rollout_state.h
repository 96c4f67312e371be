// rollout_state.h: a rollout on its way. rollout.cpp holds what all phases share and the prompts; think.cpp the thoughts; decode.cpp the
// tokens, and the commit, which may keep fewer of them; penalties.cpp what earlier tokens do to the next one.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "latent/rollout.h"

namespace latent4j {

constexpr uint64_t kDefaultSeed = 42;
constexpr int32_t kLogitRows = 32;  // rows of logits at a time: a row is up to 600 KiB

// How a rollout thinks: its arguments with what they leave open decided.
struct Thinking {
  Thinking() = default;
  Thinking(const l4j_rollout_args& args, AlignmentKind kind, int32_t vocab);

  AlignmentKind kind = AlignmentKind::identity;
  float share = 0;  // of soft in a thought
  int32_t top_k = 0, candidates = 0;  // tokens that soft mixes, that are looked for
  float temperature = 1, noise = 0;
  int32_t entropy_steps = 1;
  bool stops = false;  // by what is seen of a thought
  l4j_look look = L4J_LOOK_NONE;

  bool compares() const { return stops || look != L4J_LOOK_NONE; }
  // In every step, whether it is looked at or not.
  bool sees_logits() const { return share > 0 || stops || look == L4J_LOOK_ALL; }
};

// Everything is enqueued on the workspace's queue. On the CPU that is when it runs; a GPU runs behind. The host needs no result of a pass
// or latent step, but keeps at most kStepsAhead of them ahead (keep_pace); it waits once per decoded token, and for all at the end.
class Rollout::State {
 public:
  State(Model& model, std::vector<Memory*> memories, const l4j_rollout_args& args, l4j_control* control)
      : model_(model), memories_(std::move(memories)), args_(args), control_(control), config_(model.config()), ops_(model.ops()),
        decoder_(model.device_weights(), model.ops()), lease_(model), ws_(*lease_), device_(ws_.device), queue_(ws_.queue) {}

  // Gives back what was reserved and not committed; not before the device has let go of it.
  ~State();

  void run(l4j_rollout_figures& figures);
  void commit(const int32_t* keep);

 private:
  using Clock = std::chrono::steady_clock;
  // What is checked to be finite: each has a cell of the outcome for the first place where it was not.
  enum Check { kHiddenStates, kLogits, kChecks };

  static void publish(int32_t& cell, int32_t value) { std::atomic_ref<int32_t>(cell).store(value, std::memory_order_release); }
  int32_t n_tokens(int32_t i) const { return args_.token_offsets[i + 1] - args_.token_offsets[i]; }
  int32_t* cancel() const { return control_ ? &control_->cancel : nullptr; }
  size_t row(int32_t i) const { return static_cast<size_t>(i) * config_.d_model; }
  int32_t* chosen() const { return reinterpret_cast<int32_t*>(ws_.outcome.data() + kChecks); }
  const int32_t* told() const { return reinterpret_cast<const int32_t*>(ws_.told.data() + kChecks); }

  template <typename T>
  void reserve(Buffer<T>& buffer, size_t n) {
    if (n <= buffer.capacity()) return;
    ws_.generation++;  // first: what was recorded is void even if there is no room
    buffer.reserve(n);
  }
  template <typename T>
  void upload(Buffer<T>& to, const std::vector<T>& from) {
    reserve(to, from.size());
    device_.upload(queue_, to.data(), from.data(), from.size() * sizeof(T));
  }

  // Everything that can be wrong with the arguments, before anything changes.
  void check();

  // Pages for every position that may be written, at once: a rollout that starts does not run out of pages.
  void prepare();
  void upload_tables();
  void progress(l4j_phase phase, int32_t step);

  // One pass over the first n rows of the activations, standing at `places`; their outputs go to `out` [n, d_model].
  void forward(const RowPlace* places, int32_t n, bool prefill, float* out);

  void check_finite(const float* x, const RowPlace* places, int32_t n, int32_t d, Check check);

  // What came first: logits for a position come of the hidden state before it, and a thought and its hidden state there come of them.
  void refuse_bad(const Outcome* first_bad) const;
  std::string what_stands_at(int32_t i, int32_t position) const;

  // All prompts end to end, in passes, whichever sequence their rows belong to.
  void prefill();

  // The latent loop. Without stops nothing waits for the device; with them the host looks at each thought before it is run.
  void think();
  void reserve_thoughts();
  void think_all_steps();
  // To the caller's arrays: the rows of the steps that were done, and no others.
  void download_thoughts();
  ReplayKey think_key(int32_t n) const;
  // Tells the device where the thinkers stand before step `step`.
  void place_thinkers(int32_t step);
  // e [n, d_model] = the thoughts of hidden [n, d_model], which are rows `first` and on of the step; `looks`: and what is seen of them.
  void make_thoughts(const float* hidden, int32_t first, int32_t n, bool looks, float* e);
  // One pass over thoughts, the activations' first n rows; their outputs go to hidden [n, d_model].
  void run_thoughts(int32_t first, int32_t n, float* hidden);
  void latent_step(bool looks);
  void think_until_stopped();
  void step_thinkers(int32_t n);
  // Takes sequences that stop before `step` out of thinkers_; true if there were any.
  bool stop_thinkers(int32_t step);
  l4j_think_end think_end(int32_t i, const Thought& seen);
  uint64_t seed(int32_t i) const { return args_.seeds ? args_.seeds[i] : kDefaultSeed; }

  // After step `step` (pass, in the prompts) was enqueued: waits until the device is no more than kStepsAhead behind, so that it still ends
  // soon after a cancel. How many steps it has done for certain.
  int32_t keep_pace(int32_t step);

  // Until the device has got to `mark`, without keeping a core busy.
  void await(Mark& mark);

  // Sequences that ended leave the batch; the others go on without them. A device that runs behind is fed the chosen tokens before the host
  // has seen them: it works while the host looks, and what it wrote for a sequence that ended is not committed.
  void decode(Clock::time_point start, l4j_rollout_figures& figures);

  // One token for each active sequence from its last hidden state.
  void choose(int32_t step);

  // Penalties: settings and histories to the device, the prompts in them; then, in `choose`, before and after the rows of a chunk get their
  // tokens. Nothing where none is asked for. Histories are found by sequence, so that nothing moves when one leaves the batch.
  void prepare_penalties();
  void prepare_histories();
  void penalize(int32_t begin, int32_t rows);
  void remember(int32_t begin, int32_t rows);

  // The chosen tokens become the next position of each of the n active sequences.
  void feed(int32_t n);

  ReplayKey step_key(int32_t n) const;

  // Tells the device where the active sequences stand before step `step`; `tokens`: and what was chosen for them, one per slot of before.
  void place_active(int32_t step, bool tokens = false);

  // Takes sequences that ended after `step` out of active_, their hidden states to the host; true if there were any.
  bool leave(int32_t step);

  // After a feed for all: the hidden states of those that go on move together.
  void close_ranks(int32_t step);

  void keep_token(int32_t i, int32_t step, int32_t token);

  // Known before the token is: there is no position left for it.
  bool ends_surely(int32_t i, int32_t step) const { return step + 1 == args_.max_new_tokens || step == room_[i]; }

  bool ended(int32_t i, int32_t step, int32_t token) const;

  // Waits for the device; what it found bad is an error still.
  void conclude();
  void settle(Mark& end);
  // Feeds the last kept token of the sequences in `cut` once more, at its own position, where that changes nothing: for the hidden state.
  void replay_last(const std::vector<int32_t>& cut, const std::vector<RowPlace>& places, const std::vector<int32_t>& tokens);

  Model& model_;
  const std::vector<Memory*> memories_;
  const l4j_rollout_args& args_;
  l4j_control* control_;
  const Config& config_;
  const Ops& ops_;
  Decoder decoder_;
  Model::Lease lease_;
  Workspace& ws_;
  Device& device_;
  Queue& queue_;
  Thinking thinking_;
  DeviceAlignment alignment_;
  const float* embedding_scales_ = nullptr;
  int32_t longest_ = 0;                    // no position of any sequence reaches it
  int32_t side_ = 0;                       // of ws_.hidden: where the active sequences' last hidden states are
  std::vector<int32_t> lengths_;           // [n_sequences] positions written or about to be
  std::vector<int32_t> room_;              // [n_sequences] positions that decoded tokens may take
  std::vector<int32_t> decoded_;           // [n_sequences] tokens
  std::vector<bool> fed_all_;              // [n_sequences] there was none to follow the last token: the hidden state is beyond it
  std::vector<int32_t> thought_steps_;     // [n_sequences] latent steps, all of them until fewer are done
  std::vector<l4j_think_end> think_ends_;  // [n_sequences]
  std::vector<int32_t> low_entropy_;       // [n_sequences] steps in a row
  std::vector<int32_t> active_;            // sequences that decode, slot after slot
  // What is on its way to the device stays as it is here.
  std::vector<std::byte*> pages_;
  std::vector<std::byte* const*> tables_;
  std::vector<RowPlace> prompt_places_, think_places_, step_places_;
  std::vector<int32_t> ends_, kept_rows_, left_slots_, left_tokens_;
  std::vector<int32_t> thinkers_, going_on_;  // sequences that think, slot after slot; the slots before some of them stopped
  std::vector<SampleRow> samples_, think_samples_;

  bool penalizes_ = false, remembers_ = false;
  Penalties penalties_ = {};
  std::vector<History> histories_;   // [n_sequences]
  std::vector<TokenTally> tallies_;  // those of the prompts, end to end
};

}  // namespace latent4j
