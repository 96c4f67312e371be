// Threads that read, fork, cut, think, write, stop, cancel and drop the same memories, in an order that a seed decides. Every call
// either succeeds or throws one of the codes it may throw, and what a memory holds is at any time what some run of tokens leaves: the first
// layer's keys say which tokens, and the last layer and the hidden state must be those of that run alone. For minutes:
// L4J_STRESS_SECONDS=600.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "engine.h"

namespace latent4j::test {
namespace {

constexpr int32_t kVocab = 512, kWidth = 64, kLayers = 3, kKvHeads = 2, kHeadDim = 32;  // tiny-qwen3
constexpr int32_t kLongest = 40, kMostWritten = 16;                                      // positions a writer starts from, and adds
constexpr int32_t kPositions = 128;                                                      // more than two writers in a row reach
constexpr double kClose = 1e-4;
constexpr int kThreads = 4, kSlots = 5, kRounds = 400;

using SharedMemory = std::shared_ptr<l4j_memory>;

class StressTest : public ::testing::Test {
 protected:
  void SetUp() override {
    OpenOptions options;
    options.memory_positions = 4096;
    model = open_model(golden_path("tiny-qwen3"), options);
    free_pages = l4j_model_free_pages(model.get());
    learn_tokens();
  }

  SharedMemory fresh() { return {l4j_memory_create(model.get()), l4j_memory_close}; }

  // Keys and values of a layer, as long as they were when they were read.
  int32_t read(l4j_memory* memory, int32_t layer, std::vector<float>& keys, std::vector<float>& values) {
    for (int32_t room = l4j_memory_length(memory);;) {
      keys.assign(static_cast<size_t>(room) * kKvHeads * kHeadDim, 0);
      values = keys;
      const int32_t length = l4j_memory_read(memory, layer, keys.data(), values.data(), static_cast<int64_t>(keys.size()));
      if (length <= room) return length;
      room = length;
    }
  }

  void write(l4j_memory* memory, const std::vector<int32_t>& tokens) {
    const int32_t offsets[] = {0, static_cast<int32_t>(tokens.size())};
    l4j_rollout_args args{};
    args.n_sequences = 1, args.memories = &memory, args.tokens = tokens.data(), args.token_offsets = offsets, args.top_p = 1;
    run_and_commit(model, args);
  }

  // The first layer's keys know the token and its position and nothing else.
  void learn_tokens() {
    known.resize(kPositions);
    for (int32_t token = 0; token < kVocab; token++) {
      const SharedMemory memory = fresh();
      write(memory.get(), std::vector<int32_t>(kPositions, token));
      std::vector<float> keys, values;
      ASSERT_EQ(read(memory.get(), 0, keys, values), kPositions);
      for (int32_t p = 0; p < kPositions; p++) known[p].push_back(at(keys, kPositions, p));
    }
  }

  static std::vector<float> at(const std::vector<float>& keys, int32_t length, int32_t position) {
    std::vector<float> all;
    for (int32_t head = 0; head < kKvHeads; head++) {
      const auto row = keys.begin() + (static_cast<ptrdiff_t>(head) * length + position) * kHeadDim;
      all.insert(all.end(), row, row + kHeadDim);
    }
    return all;
  }

  // -1 if none comes close: a prompt's rows and a token's alone are summed in another order.
  int32_t token_at(const std::vector<float>& keys, int32_t length, int32_t position) const {
    const std::vector<float> found = at(keys, length, position);
    for (int32_t token = 0; token < kVocab; token++) {
      if (relative_error(found.data(), known[position][token].data(), found.size()) < kClose) return token;
    }
    return -1;
  }

  // The tokens that a memory of nobody else's holds; all of it is checked.
  void check(l4j_memory* memory) {
    std::vector<float> keys, values, expected_keys, expected_values;
    const int32_t length = read(memory, 0, keys, values);
    if (length == 0) return;
    std::vector<int32_t> tokens;
    for (int32_t p = 0; p < length; p++) {
      tokens.push_back(token_at(keys, length, p));
      ASSERT_GE(tokens.back(), 0) << "position " << p << " of " << length << " holds no token's keys";
    }
    const SharedMemory alone = fresh();
    write(alone.get(), tokens);
    ASSERT_EQ(read(memory, kLayers - 1, keys, values), length);
    ASSERT_EQ(read(alone.get(), kLayers - 1, expected_keys, expected_values), length);
    EXPECT_LT(relative_error(keys.data(), expected_keys.data(), keys.size()), kClose);
    EXPECT_LT(relative_error(values.data(), expected_values.data(), values.size()), kClose);
    std::vector<float> hidden(kWidth), expected(kWidth);
    if (code_of([&] { l4j_memory_hidden(memory, hidden.data(), kWidth); }) == "NO_HIDDEN_STATE") return;
    l4j_memory_hidden(alone.get(), expected.data(), kWidth);
    EXPECT_LT(relative_error(hidden.data(), expected.data(), hidden.size()), kClose);
    checked++;
  }

  ModelHandle model;
  int64_t free_pages = 0;
  std::vector<std::vector<std::vector<float>>> known;  // [position][token] keys of the first layer, all heads
  std::atomic<int64_t> checked{0};
};

// One thread's share.
class Actor {
 public:
  using Slots = std::array<SharedMemory, kSlots>;
  Actor(l4j_model* model, uint32_t seed, Slots& slots, std::mutex& mutex, std::atomic<int64_t>& thought)
      : thought(thought), model_(model), random_(seed), slots_(slots), mutex_(mutex) {}

  int32_t pick(int32_t n) { return static_cast<int32_t>(random_() % static_cast<uint32_t>(n)); }
  SharedMemory any() {
    std::lock_guard lock(mutex_);
    return slots_[pick(kSlots)];
  }
  void put(SharedMemory memory) {
    std::lock_guard lock(mutex_);
    slots_[pick(kSlots)].swap(memory);
  }

  // A prompt, thoughts that are tokens' embeddings, some tokens, of one memory or two, of which some are kept, or nothing is, or it is
  // cancelled or told to stop at some point.
  void rollout() {
    const SharedMemory first = any(), second = any();
    Run run;
    run.memories = {first.get(), second.get()};
    const int32_t n = first == second ? 1 : 1 + pick(2);
    for (l4j_memory* memory : {first.get(), second.get()}) {
      if (l4j_memory_length(memory) > kLongest) return l4j_memory_truncate(memory, pick(kLongest));
    }
    arrange(run, n);
    run.args.alignment = pick(2) == 0 ? L4J_ALIGN_SOFT : L4J_ALIGN_AUTO;  // which is soft where embeddings are tied
    run.args.soft.top_k = 1;
    if (pick(2) == 0) run.args.think_stop.entropy_below = 4;
    std::thread other;
    if (pick(3) == 0) {
      other = std::thread([&run, cancels = pick(2) == 0, wait = pick(300)] {
        std::this_thread::sleep_for(std::chrono::microseconds(wait));
        std::atomic_ref<int32_t>(cancels ? run.control.cancel : run.stop[0]).store(1);
      });
    }
    const auto joining = std::unique_ptr<std::thread, void (*)(std::thread*)>(&other, [](std::thread* t) {
      if (t->joinable()) t->join();
    });
    l4j_rollout_run(model_, &run.args, &run.control, nullptr);
    const std::unique_ptr<l4j_rollout_args, void (*)(l4j_rollout_args*)> closing(&run.args, l4j_rollout_close);
    if (pick(4) == 0) return;
    const std::array<int32_t, 2> keep{pick(run.counts[0] + 1), pick(run.counts[1] + 1)};
    l4j_rollout_commit(&run.args, pick(2) == 0 ? nullptr : keep.data(), n);
  }

  // Thoughts of other kinds are no tokens, so what they leave is not shared: two forks that nobody else knows have to think and say the
  // same.
  void think_twice() {
    const SharedMemory shared = any();
    const SharedMemory one(l4j_memory_fork(shared.get()), l4j_memory_close), twin(l4j_memory_fork(one.get()), l4j_memory_close);
    if (l4j_memory_length(one.get()) > kLongest) return;
    Run run, again;
    arrange(run, 1);
    run.args.alignment = pick(L4J_ALIGN_AUTO + 1);
    run.args.soft = {1 + pick(64), 0.25f * static_cast<float>(1 + pick(8)), 0.5f * static_cast<float>(pick(3)), 0};
    if (run.args.alignment < L4J_ALIGN_SOFT) run.args.soft.share = 0.5f * static_cast<float>(pick(3));
    run.args.think_stop = {static_cast<float>(pick(7)), pick(3), pick(2) == 0 ? 0.9f : 0.0f, pick(2)};
    again = run;
    for (auto& [of, memory] : {std::pair(&run, one.get()), std::pair(&again, twin.get())}) {
      of->memories[0] = memory;
      of->wire();
      l4j_rollout_run(model_, &of->args, &of->control, nullptr);
      const std::unique_ptr<l4j_rollout_args, void (*)(l4j_rollout_args*)> closing(&of->args, l4j_rollout_close);
      l4j_rollout_commit(&of->args, nullptr, 1);
    }
    EXPECT_EQ(again.counts, run.counts);
    EXPECT_EQ(again.new_tokens, run.new_tokens);
    EXPECT_EQ(again.steps, run.steps);
    EXPECT_EQ(again.ends, run.ends);
    EXPECT_EQ(std::memcmp(again.thoughts.data(), run.thoughts.data(), sizeof(run.thoughts)), 0);
    EXPECT_EQ(l4j_memory_length(one.get()), l4j_memory_length(twin.get()));
    thought++;
  }

  std::atomic<int64_t>& thought;

 private:
  static constexpr int32_t kSteps = 3;

  // A rollout's arguments and their arrays, for up to two sequences.
  struct Run {
    l4j_rollout_args args{};
    l4j_control control{};
    l4j_penalties penalties{1, 0, 0, 0, nullptr, nullptr, 0, 0};
    std::array<l4j_memory*, 2> memories{};
    std::vector<int32_t> tokens, suppressed, end_tokens;
    std::array<int32_t, 3> offsets{};
    std::array<uint64_t, 2> seeds{};
    std::array<int32_t, 2> counts{}, stop{}, steps{-1, -1}, ends{-1, -1};
    std::array<int32_t, 2 * kMostWritten> new_tokens{};
    std::array<l4j_thought, 2 * kSteps> thoughts{};
    bool penalizes = false;

    void wire() {
      args.memories = memories.data(), args.tokens = tokens.data(), args.token_offsets = offsets.data(), args.seeds = seeds.data();
      args.new_tokens = new_tokens.data(), args.thoughts = thoughts.data();
      args.latent_steps = steps.data(), args.think_ends = ends.data();
      args.end_tokens = end_tokens.data(), args.n_end_tokens = static_cast<int32_t>(end_tokens.size());
      control.n_new_tokens = counts.data(), control.stop = stop.data();
      penalties.suppressed = suppressed.data(), penalties.n_suppressed = static_cast<int32_t>(suppressed.size());
      args.penalties = penalizes ? &penalties : nullptr;
    }
  };

  // Token 0 pads: all of it is zero, so that it is neither read nor drawn.
  void arrange(Run& run, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
      for (int32_t left = pick(7); left > 0; left--) run.tokens.push_back(1 + pick(kVocab - 1));
      run.offsets[i + 1] = static_cast<int32_t>(run.tokens.size());
      run.seeds[i] = random_();
    }
    run.suppressed = {0};
    for (int32_t left = pick(20); left > 0; left--) run.suppressed.push_back(pick(kVocab));
    for (int32_t left = pick(200); left > 0; left--) run.end_tokens.push_back(pick(kVocab));
    run.penalizes = pick(2) == 0;
    const auto level = [&] { return 0.5f * static_cast<float>(pick(5) - 2); };
    run.penalties.repetition = 1 + 0.1f * static_cast<float>(pick(4)), run.penalties.presence = level();
    run.penalties.frequency = level(), run.penalties.no_repeat_ngram = pick(4);
    run.args.n_sequences = n, run.args.n_latent_steps = pick(kSteps + 1), run.args.max_new_tokens = pick(8);
    run.args.temperature = run.penalizes && pick(2) == 0 ? 0.8f : 0, run.args.top_p = 0.9f, run.args.top_k = pick(3) * 20;
    run.args.min_p = 0.01f, run.args.look = pick(3);
    if (pick(4) == 0) run.args.think_stop.at_end_token = 1;
    if (pick(4) == 0) run.args.think_stop.cosine_above = 0.5f;
    run.wire();
  }

  l4j_model* model_;
  std::mt19937 random_;
  Slots& slots_;
  std::mutex& mutex_;
};

TEST_F(StressTest, EveryOutcomeIsARightValueOrACode) {
  const char* seconds = std::getenv("L4J_STRESS_SECONDS");
  const char* given = std::getenv("L4J_STRESS_SEED");
  const uint32_t seed = given ? static_cast<uint32_t>(std::stoul(given)) : 1;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds ? std::stol(seconds) : 0);
  const std::set<std::string> allowed{"MEMORY_BUSY", "CANCELLED", "NO_HIDDEN_STATE", "BAD_ARGUMENT", "OUT_OF_PAGES", "UNSUPPORTED"};
  Actor::Slots slots;
  for (SharedMemory& slot : slots) slot = fresh();
  std::mutex mutex;
  std::atomic<int64_t> done{0}, refused{0}, thought{0};
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t] {
      Actor actor(model.get(), seed * 1000 + t, slots, mutex, thought);
      for (int round = 0; seconds ? std::chrono::steady_clock::now() < end && !HasFailure() : round < kRounds; round++) {
        std::string text;
        const std::string code = code_of([&] {
          const SharedMemory memory = actor.any();
          switch (actor.pick(9)) {
            case 0: {
              std::vector<float> keys, values;
              const int32_t length = read(memory.get(), actor.pick(kLayers), keys, values);
              for (int32_t i = 0; i < length; i++) EXPECT_TRUE(std::isfinite(keys[static_cast<size_t>(i) * kHeadDim]));
              break;
            }
            case 1: {
              const SharedMemory fork(l4j_memory_fork(memory.get()), l4j_memory_close);
              check(fork.get());
              if (actor.pick(2) == 0) actor.put(fork);
              break;
            }
            case 2: return l4j_memory_truncate(memory.get(), actor.pick(l4j_memory_length(memory.get()) + 2));
            case 3: {
              const l4j_range range{memory.get(), 0, actor.pick(l4j_memory_length(memory.get()) + 1)};
              const SharedMemory part(l4j_memory_assemble(model.get(), &range, 1, true), l4j_memory_close);
              check(part.get());
              break;
            }
            case 4: {
              const SharedMemory other = actor.any();
              const l4j_range ranges[] = {{memory.get(), 0, l4j_memory_length(memory.get())}, {other.get(), 0, l4j_memory_length(other.get())}};
              const SharedMemory merged(l4j_memory_assemble(model.get(), ranges, 2, true), l4j_memory_close);
              break;
            }
            case 5: return actor.put(fresh());
            case 6: return actor.think_twice();
            default: return actor.rollout();
          }
        }, &text);
        (code.empty() ? done : refused)++;
        EXPECT_TRUE(code.empty() || allowed.contains(code)) << text;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (SharedMemory& slot : slots) {
    check(slot.get());
    slot.reset();
  }
  EXPECT_EQ(l4j_model_free_pages(model.get()), free_pages) << "pages were lost";
  EXPECT_GT(checked, 0);
  EXPECT_GT(thought, 0);
  RecordProperty("done", std::to_string(done));
  RecordProperty("refused", std::to_string(refused));
  std::cout << "seed " << seed << ": " << done << " calls done, " << refused << " refused, " << checked << " memories checked, " << thought
            << " thoughts thought twice\n";
}

}  // namespace
}  // namespace latent4j::test
