#include "latent/rollout.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/trace.h"

namespace latent4j {

namespace {

constexpr int32_t kLogitRows = 32;     // rows of logits at a time: a row is up to 600 KiB
constexpr uint64_t kDefaultSeed = 42;
constexpr int32_t kStepsAhead = 2;     // latent steps, or passes over prompts, enqueued beyond the one that a device runs: it never starves
constexpr int32_t kLengthStep = 1024;  // a recorded step serves every length up to the next multiple
static_assert(kStepsAhead < std::tuple_size_v<decltype(Workspace::steps)>, "a mark would be used again before it is looked at");
constexpr std::chrono::microseconds kLook{20};

// What is checked to be finite: each has a cell of the outcome for the first place where it was not.
enum Check { kHiddenStates, kLogits, kChecks };
constexpr Outcome kNone = ~Outcome{0};

using Clock = std::chrono::steady_clock;

void publish(int32_t& cell, int32_t value) { std::atomic_ref<int32_t>(cell).store(value, std::memory_order_release); }

// Everything is enqueued on the workspace's queue. On the CPU that is when it runs; a GPU runs behind. The host needs no result of a pass
// or latent step, but keeps at most kStepsAhead of them ahead (keep_pace); it waits once per decoded token, and for all at the end.
class Rollout {
 public:
  Rollout(Model& model, const std::vector<Memory*>& memories, const l4j_rollout_args& args, l4j_control* control)
      : model_(model), memories_(memories), args_(args), control_(control), config_(model.config()), ops_(model.ops()),
        decoder_(model.device_weights(), model.ops()), lease_(model), ws_(*lease_), device_(ws_.device), queue_(ws_.queue) {}

  // Gives back what was reserved and not committed, whether run() returned or threw; not before the device has let go of it.
  ~Rollout() {
    try {
      device_.finish(queue_);
    } catch (const std::exception&) {  // run() said it already, or the device is lost
    }
    for (Memory* memory : memories_) memory->trim();
  }

  void run(l4j_rollout_figures& figures) {
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
    figures.latent_steps = static_cast<int64_t>(args_.n_latent_steps) * args_.n_sequences;
    figures.prefill_ns = device_.ns_between(*ws_.start, *ws_.prefilled);
    figures.think_ns = device_.ns_between(*ws_.prefilled, *ws_.thought);
    figures.decode_ns = device_.ns_between(*ws_.thought, *ws_.ended);
  }

 private:
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
  void check() {
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

  // Pages for every position that may be written, at once: a rollout that starts does not run out of pages.
  void prepare() {
    const int32_t n = args_.n_sequences, most_tokens = args_.max_new_tokens;
    device_.mark(queue_, *ws_.start);
    lengths_.resize(n);
    room_.resize(n);
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
    for (int32_t i = 0; i < n; i++) {
      const auto& hidden = memories_[i]->hidden();
      if (!hidden.empty()) device_.upload(queue_, ws_.hidden[0].data() + row(i), hidden.data(), row(1) * sizeof(float));
    }
    device_.fill(queue_, ws_.outcome.data(), 0xff, kChecks * sizeof(Outcome));
    if (control_ && control_->n_new_tokens) {
      for (int32_t i = 0; i < n; i++) publish(control_->n_new_tokens[i], 0);
    }
  }

  void upload_tables() {
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

  void progress(l4j_phase phase, int32_t step) {
    if (!control_) return;
    publish(control_->step, step);
    publish(control_->phase, phase);
  }

  // One pass over the first n rows of the activations, standing at `places`; their outputs go to `out` [n, d_model].
  void forward(const RowPlace* places, int32_t n, bool prefill, float* out) {
    const PassRows rows{places, n, {ws_.tables.data(), &model_.pool()->layout()}, longest_, prefill};
    decoder_.forward(queue_, ws_.activations, rows, out, device_.host() ? cancel() : nullptr);
    check_finite(out, places, n, config_.d_model, kHiddenStates);
  }

  void check_finite(const float* x, const RowPlace* places, int32_t n, int32_t d, Check check) {
    ops_.check_finite(queue_, {x, places, n, d, ws_.outcome.data() + check});
    if (device_.host()) refuse_bad(ws_.outcome.data());
  }

  // Hidden states first: logits come from them, for the token after.
  void refuse_bad(const Outcome* first_bad) const {
    const Outcome bad = first_bad[kHiddenStates] != kNone ? first_bad[kHiddenStates] : first_bad[kLogits];
    if (bad == kNone) return;
    const auto sequence = static_cast<int32_t>(bad & 0xffffffff), position = static_cast<int32_t>(bad >> 32);
    const std::string culprit = model_.weights().first_not_finite(cancel());
    // A GPU multiplies positions of prompts together, and 0 times what is not finite is not either.
    const bool together = !device_.host() && position < memories_[sequence]->length() + n_tokens(sequence);
    const char* what = bad != first_bad[kHiddenStates] ? "the logits for position "
                       : together                      ? "the hidden states of the prompts, seen first at position "
                                                       : "the hidden state at position ";
    throw Error("NOT_FINITE", concat("a number is not finite in ", what, position, " of sequence ", sequence, " (",
                                     what_stands_at(sequence, position), "); ",
                                     culprit.empty() ? "all weights are finite, the activations overflowed" : "weights: " + culprit));
  }

  std::string what_stands_at(int32_t i, int32_t position) const {
    int32_t index = position - memories_[i]->length();  // which holds nothing of this rollout yet
    if (index < n_tokens(i)) return concat("prompt token ", index);
    index -= n_tokens(i);
    return index < args_.n_latent_steps ? concat("latent step ", index) : concat("new token ", index - args_.n_latent_steps);
  }

  // All prompts end to end, in passes, whichever sequence their rows belong to.
  void prefill() {
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

  // The latent loop: no logits, no tokens, the aligned hidden state is the next input.
  void think() {
    const int32_t m = args_.n_latent_steps, n = args_.n_sequences;
    if (m == 0) return;
    const auto kind = static_cast<AlignmentKind>(args_.alignment);
    alignment_ = model_.device_alignment(kind, cancel());
    for (int32_t i = 0; i < n; i++) {
      think_places_.push_back({i, lengths_[i]});
      kept_rows_.push_back(i * m);
      lengths_[i] += m;
    }
    upload(ws_.places, think_places_);
    upload(ws_.rows, kept_rows_);
    progress(L4J_PHASE_THINK, 0);
    const uint64_t kept = (args_.latents ? 1 : 0) + (args_.latent_hidden ? 2 : 0);
    const ReplayKey key{ws_.generation, static_cast<uint64_t>(n), static_cast<uint64_t>(longest_), static_cast<uint64_t>(kind), kept};
    for (int32_t step = 0; step < m; step++) {
      const Trace range("latent step %d of %d: %d rows", step, m, n);
      check_cancel(cancel(), "stopped before latent step ", step);
      device_.enqueue(queue_, ws_.think, key, [this] { latent_step(); });
      progress(L4J_PHASE_THINK, keep_pace(step));
    }
    if (args_.latents) device_.download(queue_, args_.latents, ws_.latents.data(), row(n) * m * sizeof(float));
    if (args_.latent_hidden) device_.download(queue_, args_.latent_hidden, ws_.latent_hidden.data(), row(n) * m * sizeof(float));
  }

  void latent_step() {
    const int32_t n = args_.n_sequences, pass = device_.pass_rows(), d = config_.d_model;
    int32_t* kept = args_.latents || args_.latent_hidden ? ws_.rows.data() : nullptr;
    for (int32_t begin = 0; begin < n; begin += pass) {
      const int32_t rows = std::min(pass, n - begin);
      float* hidden = ws_.hidden[0].data() + row(begin);
      float* x = ws_.activations.x.data();
      ops_.align(queue_, {hidden, alignment_.matrix, alignment_.target_norm, rows, d, x});
      if (args_.latents) ops_.copy_rows(queue_, {x, nullptr, kept + begin, rows, d, ws_.latents.data()});
      forward(ws_.places.data() + begin, rows, false, hidden);
      if (args_.latent_hidden) ops_.copy_rows(queue_, {hidden, nullptr, kept + begin, rows, d, ws_.latent_hidden.data()});
    }
    ops_.advance(queue_, {ws_.places.data(), nullptr, kept, n});
  }

  // After step `step` (pass, in the prompts) was enqueued: waits until the device is no more than kStepsAhead behind, so that it still ends
  // soon after a cancel. How many steps it has done for certain.
  int32_t keep_pace(int32_t step) {
    const int32_t ahead = device_.host() ? 0 : kStepsAhead, n_marks = static_cast<int32_t>(ws_.steps.size());
    device_.mark(queue_, *ws_.steps[step % n_marks]);
    if (step < ahead) return 0;
    await(*ws_.steps[(step - ahead) % n_marks]);
    return step + 1 - ahead;
  }

  // Until the device has got to `mark`, without keeping a core busy.
  void await(Mark& mark) {
    while (!device_.reached(mark)) {
      check_cancel(cancel(), "stopped while ", device_.id(), " worked");
      std::this_thread::sleep_for(kLook);
    }
  }

  // Sequences that ended leave the batch; the others go on without them. A device that runs behind is fed the chosen tokens before the host
  // has seen them: it works while the host looks, and what it wrote for a sequence that ended is not committed.
  void decode(Clock::time_point start, l4j_rollout_figures& figures) {
    if (args_.max_new_tokens == 0) return;
    for (int32_t i = 0; i < args_.n_sequences; i++) active_.push_back(i);
    place_active(0);
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
      if (step == 0) figures.first_token_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
      for (int32_t slot = 0; slot < n; slot++) keep_token(active_[slot], step, told()[slot]);
      figures.new_tokens += n;
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

  // One token for each active sequence from its last hidden state.
  void choose(int32_t step) {
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
        ops_.sample(queue_, {ws_.logits.data(), ws_.samples.data() + begin, rows, vocab, args_.temperature, args_.top_p, args_.top_k,
                             chosen() + begin});
      }
    };
    if (keep_logits) return body();  // no other step does that
    device_.enqueue(queue_, ws_.choose[side_], step_key(n), body);
  }

  // The chosen tokens become the next position of each of the n active sequences.
  void feed(int32_t n) {
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

  ReplayKey step_key(int32_t n) const {
    const uint64_t temperature = std::bit_cast<uint32_t>(args_.temperature);
    const uint64_t sampling = temperature << 32 | std::bit_cast<uint32_t>(args_.top_p);
    return {ws_.generation, static_cast<uint64_t>(n), static_cast<uint64_t>(longest_), sampling, static_cast<uint64_t>(args_.top_k)};
  }

  // Tells the device where the active sequences stand before step `step`; `tokens`: and what was chosen for them, one per slot of before.
  void place_active(int32_t step, bool tokens = false) {
    step_places_.clear();
    samples_.clear();
    for (int32_t i : active_) {
      // lengths_ counts the token that was chosen and is about to be fed.
      step_places_.push_back({i, lengths_[i] - (tokens ? 1 : 0)});
      samples_.push_back({args_.seeds ? args_.seeds[i] : kDefaultSeed, static_cast<uint64_t>(step)});
    }
    upload(ws_.places, step_places_);
    upload(ws_.samples, samples_);
    if (tokens) device_.upload(queue_, chosen(), left_tokens_.data(), left_tokens_.size() * sizeof(int32_t));
  }

  // Takes sequences that ended after `step` out of active_, their hidden states to the host; true if there were any.
  bool leave(int32_t step) {
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

  // After a feed for all: the hidden states of those that go on move together.
  void close_ranks(int32_t step) {
    if (active_.empty()) return;
    upload(ws_.rows, left_slots_);
    ops_.copy_rows(queue_, {ws_.hidden[1 - side_].data(), ws_.rows.data(), nullptr, static_cast<int32_t>(active_.size()), config_.d_model,
                            ws_.hidden[side_].data()});
    place_active(step);
  }

  void keep_token(int32_t i, int32_t step, int32_t token) {
    if (args_.new_tokens) args_.new_tokens[static_cast<size_t>(i) * args_.max_new_tokens + step] = token;
    if (control_ && control_->n_new_tokens) publish(control_->n_new_tokens[i], step + 1);
  }

  // Known before the token is: there is no position left for it.
  bool ends_surely(int32_t i, int32_t step) const { return step + 1 == args_.max_new_tokens || step == room_[i]; }

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

  // Waits for the device; what it found bad is an error still; then the memories are what was written.
  void conclude() {
    const int32_t n = args_.n_sequences;
    if (args_.max_new_tokens == 0) device_.download(queue_, ws_.results.data(), ws_.hidden[0].data(), row(n) * sizeof(float));
    device_.download(queue_, ws_.told.data(), ws_.outcome.data(), kChecks * sizeof(Outcome));
    await(*ws_.ended);
    device_.finish(queue_);
    refuse_bad(ws_.told.data());
    for (int32_t i = 0; i < n; i++) {
      const int32_t written = lengths_[i] - memories_[i]->length();
      if (written == 0) continue;
      memories_[i]->commit(written);
      memories_[i]->set_hidden(ws_.results.data() + row(i), config_.d_model);
    }
    progress(L4J_PHASE_IDLE, 0);
  }

  Model& model_;
  const std::vector<Memory*>& memories_;
  const l4j_rollout_args& args_;
  l4j_control* control_;
  const Config& config_;
  const Ops& ops_;
  Decoder decoder_;
  Model::Lease lease_;
  Workspace& ws_;
  Device& device_;
  Queue& queue_;
  DeviceAlignment alignment_;
  int32_t longest_ = 0;                    // no position of any sequence reaches it
  int32_t side_ = 0;                       // of ws_.hidden: where the active sequences' last hidden states are
  std::vector<int32_t> lengths_;           // [n_sequences] positions written or about to be
  std::vector<int32_t> room_;              // [n_sequences] positions that decoded tokens may take
  std::vector<int32_t> active_;            // sequences that decode, slot after slot
  // What is on its way to the device stays as it is here.
  std::vector<std::byte*> pages_;
  std::vector<std::byte* const*> tables_;
  std::vector<RowPlace> prompt_places_, think_places_, step_places_;
  std::vector<int32_t> ends_, kept_rows_, left_slots_, left_tokens_;
  std::vector<SampleRow> samples_;
};

}  // namespace

void rollout(Model& model, const std::vector<Memory*>& memories, const l4j_rollout_args& args, l4j_control* control,
             l4j_rollout_figures& figures) {
  figures = {};
  Rollout(model, memories, args, control).run(figures);
}

}  // namespace latent4j
