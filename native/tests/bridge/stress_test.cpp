// Threads that read, fork, cut, write, stop, cancel and drop the same memories, in an order that a seed decides. Every call either
// succeeds or throws one of the codes it may throw, and what a memory holds is at any time what some run of tokens leaves: the first layer's
// keys say which tokens, and the last layer and the hidden state must be those of that run alone. For minutes: L4J_STRESS_SECONDS=600.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <set>
#include <thread>

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
  Actor(l4j_model* model, uint32_t seed, Slots& slots, std::mutex& mutex) : model_(model), random_(seed), slots_(slots), mutex_(mutex) {}

  int32_t pick(int32_t n) { return static_cast<int32_t>(random_() % static_cast<uint32_t>(n)); }
  SharedMemory any() {
    std::lock_guard lock(mutex_);
    return slots_[pick(kSlots)];
  }
  void put(SharedMemory memory) {
    std::lock_guard lock(mutex_);
    slots_[pick(kSlots)].swap(memory);
  }

  // A prompt, thoughts that are tokens' embeddings, some tokens, of which some are kept, or nothing is, or it is cancelled at some point.
  void rollout() {
    const SharedMemory memory = any();
    if (l4j_memory_length(memory.get()) > kLongest) return l4j_memory_truncate(memory.get(), pick(kLongest));
    std::vector<int32_t> tokens(pick(7)), new_tokens(kMostWritten);
    for (int32_t& token : tokens) token = 1 + pick(kVocab - 1);  // 0 pads: all of it is zero
    const int32_t offsets[] = {0, static_cast<int32_t>(tokens.size())};
    l4j_memory* pointer = memory.get();
    int32_t count = 0;
    l4j_control control{};
    control.n_new_tokens = &count;
    l4j_rollout_args args{};
    args.n_sequences = 1, args.memories = &pointer, args.tokens = tokens.data(), args.token_offsets = offsets;
    args.max_new_tokens = pick(8), args.top_p = 1, args.new_tokens = new_tokens.data();
    std::array<l4j_thought, 3> thoughts;
    int32_t steps = -1;
    args.n_latent_steps = pick(4), args.alignment = L4J_ALIGN_SOFT, args.soft.top_k = 1, args.latent_steps = &steps;
    args.look = pick(3), args.thoughts = thoughts.data();
    if (pick(2) == 0) args.think_stop.entropy_below = 4;
    std::thread canceller;
    if (pick(4) == 0) {
      canceller = std::thread([&control, wait = pick(200)] {
        std::this_thread::sleep_for(std::chrono::microseconds(wait));
        std::atomic_ref<int32_t>(control.cancel).store(1);
      });
    }
    const auto joining = std::unique_ptr<std::thread, void (*)(std::thread*)>(&canceller, [](std::thread* t) {
      if (t->joinable()) t->join();
    });
    l4j_rollout_run(model_, &args, &control, nullptr);
    const std::unique_ptr<l4j_rollout_args, void (*)(l4j_rollout_args*)> closing(&args, l4j_rollout_close);
    if (pick(4) == 0) return;
    const int32_t keep = pick(count + 1);
    l4j_rollout_commit(&args, pick(2) == 0 ? nullptr : &keep, 1);
  }

 private:
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
  std::atomic<int64_t> done{0}, refused{0};
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t] {
      Actor actor(model.get(), seed * 1000 + t, slots, mutex);
      for (int round = 0; seconds ? std::chrono::steady_clock::now() < end && !HasFailure() : round < kRounds; round++) {
        std::string text;
        const std::string code = code_of([&] {
          const SharedMemory memory = actor.any();
          switch (actor.pick(8)) {
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
  RecordProperty("done", std::to_string(done));
  RecordProperty("refused", std::to_string(refused));
  std::cout << "seed " << seed << ": " << done << " calls done, " << refused << " refused, " << checked << " memories checked\n";
}

}  // namespace
}  // namespace latent4j::test
