// threads.cpp: a pool whose workers join an op while it is open and claim its tasks one by one. A worker that wakes too late is not waited
// for: on a busy machine an op is never slower than its caller alone.
#include "base/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/control_groups.h"
#include "base/error.h"

namespace latent4j {
namespace {

using Clock = std::chrono::steady_clock;

// The gap between two ops of a step is shorter than this; the gap between two rollouts is not.
constexpr std::chrono::microseconds kWorkerSpin{10};
// The caller waits for tasks in progress; sleeping would cost it more than most of them take.
constexpr std::chrono::microseconds kCallerSpin{50};
constexpr size_t kScratchAlignment = 64;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until done() or the time is over; whether it was done.
template <typename Done>
bool spin(std::chrono::microseconds limit, const Done& done) {
  const Clock::time_point end = Clock::now() + limit;
  do {
    for (int i = 0; i < 16; i++) {
      if (done()) return true;
      pause();
    }
  } while (Clock::now() < end);
  return done();
}

struct Free {
  void operator()(std::byte* p) const { std::free(p); }
};

struct Buffer {
  std::unique_ptr<std::byte, Free> bytes;
  size_t size = 0;

  std::byte* at_least(size_t need) {
    if (need > size) {
      size_t grown = std::max<size_t>(size * 2, 4096);
      grown = (std::max(grown, need) + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
      bytes.reset();
      size = 0;
      bytes.reset(static_cast<std::byte*>(std::aligned_alloc(kScratchAlignment, grown)));
      L4J_CHECK(bytes != nullptr, "OUT_OF_MEMORY", "no ", grown, " bytes of scratch memory for an op");
      size = grown;
    }
    return bytes.get();
  }
};

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

int available_cores() {
  constexpr int kMaxCpus = 8192;
  cpu_set_t* mask = CPU_ALLOC(kMaxCpus);
  if (mask == nullptr) return 1;
  const size_t mask_bytes = CPU_ALLOC_SIZE(kMaxCpus);
  CPU_ZERO_S(mask_bytes, mask);
  std::set<std::string> cores;  // two hardware threads of a core have the same list of siblings
  if (sched_getaffinity(0, mask_bytes, mask) == 0) {
    for (int cpu = 0; cpu < kMaxCpus; cpu++) {
      if (!CPU_ISSET_S(cpu, mask_bytes, mask)) continue;
      const std::string name = "cpu" + std::to_string(cpu);
      const std::string siblings = first_line("/sys/devices/system/cpu/" + name + "/topology/thread_siblings_list");
      cores.insert(siblings.empty() ? name : siblings);
    }
  }
  CPU_FREE(mask);
  const double limit = std::max(1.0, ControlGroups().cpus() + 0.5);
  return std::max(1, static_cast<int>(std::min(limit, static_cast<double>(cores.size()))));
}

struct ThreadPool::State {
  // The gate of the op in progress: kOpen, plus the number of workers inside.
  static constexpr uint32_t kOpen = 1u << 31;

  std::mutex turn;  // held by the caller whose op is running

  // The op. Written by the caller while the gate is shut and nobody is inside.
  Call call = nullptr;
  const void* task = nullptr;
  int n_tasks = 0;
  alignas(64) std::atomic<int> next{0};
  alignas(64) std::atomic<uint32_t> gate{0};
  alignas(64) std::atomic<uint32_t> ops_begun{0};  // what idle workers wait for
  std::atomic<bool> stopping{false};

  std::mutex failure_mutex;
  std::exception_ptr failure;  // the first thing a task threw

  std::vector<Buffer> scratch;  // [n_threads]
  std::vector<std::thread> workers;

  bool enter() {
    uint32_t seen = gate.load(std::memory_order_relaxed);
    while (seen & kOpen) {
      if (gate.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  void leave() {
    if (gate.fetch_sub(1, std::memory_order_release) == 1) gate.notify_one();  // shut, and the last one out
  }

  void work(int worker) {
    try {
      for (int i = next.fetch_add(1, std::memory_order_relaxed); i < n_tasks; i = next.fetch_add(1, std::memory_order_relaxed)) {
        call(task, i, worker);
      }
    } catch (...) {
      std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
      next.store(n_tasks, std::memory_order_relaxed);
    }
  }

  void loop(int worker) {
    uint32_t seen = 0;
    for (;;) {
      const auto begun = [&] { return ops_begun.load(std::memory_order_acquire) != seen; };
      if (!spin(kWorkerSpin, begun)) ops_begun.wait(seen, std::memory_order_acquire);
      seen = ops_begun.load(std::memory_order_acquire);
      if (stopping.load(std::memory_order_acquire)) return;
      if (enter()) {
        work(worker);
        leave();
      }
    }
  }

  void stop() {
    stopping.store(true, std::memory_order_release);
    ops_begun.fetch_add(1, std::memory_order_release);
    ops_begun.notify_all();
    for (std::thread& worker : workers) worker.join();
    workers.clear();
  }
};

std::shared_ptr<ThreadPool> ThreadPool::shared(int n_threads) {
  static std::mutex mutex;
  static auto& pools = *new std::map<int, std::weak_ptr<ThreadPool>>();  // lives as long as the process: threads may outlive statics
  if (n_threads == 0) n_threads = available_cores();
  std::lock_guard lock(mutex);
  std::weak_ptr<ThreadPool>& known = pools[n_threads];
  std::shared_ptr<ThreadPool> pool = known.lock();
  if (!pool) known = pool = std::make_shared<ThreadPool>(n_threads);
  return pool;
}

ThreadPool::ThreadPool(int n_threads) : n_threads_(n_threads), state_(std::make_unique<State>()) {
  L4J_CHECK(n_threads >= 1 && n_threads <= 4096, "BAD_ARGUMENT", "a pool of ", n_threads, " threads; possible are 1 to 4096");
  State* state = state_.get();
  state->scratch.resize(n_threads);
  try {
    for (int worker = 1; worker < n_threads; worker++) {
      state->workers.emplace_back([state, worker] { state->loop(worker); });
    }
  } catch (const std::system_error& e) {
    const size_t started = state->workers.size();
    state->stop();
    throw Error("OUT_OF_MEMORY", concat("could start ", started, " of ", n_threads - 1, " worker threads: ", e.what()));
  }
}

ThreadPool::~ThreadPool() { state_->stop(); }

void ThreadPool::run_erased(int n_tasks, Call call, const void* task) {
  if (n_tasks <= 0) return;
  State& state = *state_;
  std::lock_guard turn(state.turn);
  if (n_tasks == 1 || n_threads_ == 1) {
    for (int i = 0; i < n_tasks; i++) call(task, i, 0);
    return;
  }
  state.call = call;
  state.task = task;
  state.n_tasks = n_tasks;
  state.next.store(0, std::memory_order_relaxed);
  state.gate.fetch_or(State::kOpen, std::memory_order_release);
  state.ops_begun.fetch_add(1, std::memory_order_release);
  if (n_tasks < n_threads_) {
    for (int i = 1; i < n_tasks; i++) state.ops_begun.notify_one();
  } else {
    state.ops_begun.notify_all();
  }
  state.work(0);

  state.gate.fetch_and(~State::kOpen, std::memory_order_relaxed);
  const auto left = [&] { return state.gate.load(std::memory_order_acquire) == 0; };
  if (!spin(kCallerSpin, left)) {
    for (uint32_t inside; (inside = state.gate.load(std::memory_order_acquire)) != 0;) state.gate.wait(inside, std::memory_order_acquire);
  }
  if (state.failure) std::rethrow_exception(std::exchange(state.failure, nullptr));
}

std::byte* ThreadPool::scratch(int worker, size_t bytes) { return state_->scratch[worker].at_least(bytes); }

std::byte* ThreadPool::op_scratch(size_t bytes) {
  static thread_local Buffer buffer;
  return buffer.at_least(bytes);
}

}  // namespace latent4j
