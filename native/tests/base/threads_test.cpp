#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/error.h"

namespace latent4j {
namespace {

TEST(Threads, EveryTaskRunsOnceOnAWorkerInRange) {
  for (int n_threads : {1, 2, 3, 8}) {
    ThreadPool pool(n_threads);
    EXPECT_EQ(pool.size(), n_threads);
    for (int n_tasks : {0, 1, 2, 7, 1000}) {
      std::vector<int> runs(n_tasks, 0);
      std::atomic<bool> in_range{true};
      pool.run(n_tasks, [&](int i, int worker) {
        runs[i]++;  // plain: nobody else may touch it
        if (worker < 0 || worker >= n_threads) in_range = false;
      });
      for (int i = 0; i < n_tasks; i++) ASSERT_EQ(runs[i], 1) << "task " << i << " of " << n_tasks << ", " << n_threads << " threads";
      EXPECT_TRUE(in_range);
    }
  }
}

TEST(Threads, TasksRunOnSeveralThreadsAtATime) {
  ThreadPool pool(3);
  // Two tasks that wait for each other end only if two threads run them.
  std::atomic<int> arrived{0};
  std::mutex mutex;
  std::set<std::thread::id> threads;
  pool.run(2, [&](int, int) {
    arrived++;
    while (arrived < 2) std::this_thread::yield();
    std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(threads.size(), 2u);
}

TEST(Threads, OneTaskRunsOnTheCaller) {
  ThreadPool pool(4);
  std::thread::id ran;
  int worker = -1;
  pool.run(1, [&](int, int w) {
    ran = std::this_thread::get_id();
    worker = w;
  });
  EXPECT_EQ(ran, std::this_thread::get_id());
  EXPECT_EQ(worker, 0);
}

TEST(Threads, WhatOneOpWroteTheNextOneReads) {
  ThreadPool pool(4);
  std::vector<int64_t> values(64, 0), sums(64, 0);
  for (int round = 1; round <= 2000; round++) {
    pool.run(64, [&](int i, int) { values[i] += i; });
    pool.run(64, [&](int i, int) { sums[i] = values[63 - i]; });
    for (int i = 0; i < 64; i++) ASSERT_EQ(sums[i], int64_t{round} * (63 - i));
  }
}

TEST(Threads, CallersTakeTurns) {
  ThreadPool pool(3);
  std::atomic<int> running{0}, overlaps{0};
  std::vector<std::thread> callers;
  std::vector<int64_t> totals(4, 0);
  for (int c = 0; c < 4; c++) {
    callers.emplace_back([&, c] {
      for (int round = 0; round < 300; round++) {
        std::vector<int> out(16);
        std::atomic<bool> first{true};
        std::atomic<int> done{0};
        pool.run(16, [&](int i, int) {
          if (first.exchange(false) && running.fetch_add(1) != 0) overlaps++;
          out[i] = i + c;
          if (done.fetch_add(1) == 15) running--;
        });
        totals[c] += std::accumulate(out.begin(), out.end(), 0);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(overlaps, 0);
  for (int c = 0; c < 4; c++) EXPECT_EQ(totals[c], 300 * (120 + 16 * c));
}

TEST(Threads, ScratchBelongsToItsWorkerAndIsAligned) {
  ThreadPool pool(3);
  std::atomic<int> wrong{0};
  for (size_t bytes : {size_t{1}, size_t{100}, size_t{5000}, size_t{1} << 20}) {
    pool.run(200, [&](int i, int worker) {
      std::byte* scratch = pool.scratch(worker, bytes);
      if (reinterpret_cast<uintptr_t>(scratch) % 64 != 0) wrong++;
      scratch[0] = static_cast<std::byte>(i);
      scratch[bytes - 1] = static_cast<std::byte>(i);
      std::this_thread::yield();
      if (scratch[0] != static_cast<std::byte>(i) || scratch[bytes - 1] != static_cast<std::byte>(i)) wrong++;
    });
  }
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, WhatATaskThrowsReachesTheCallerAndThePoolGoesOn) {
  for (int n_threads : {1, 3}) {
    ThreadPool pool(n_threads);
    EXPECT_THROW(pool.run(50, [](int i, int) { if (i == 20) throw std::runtime_error("task"); }), std::runtime_error);
    std::atomic<int> runs{0};
    pool.run(50, [&](int, int) { runs++; });
    EXPECT_EQ(runs, 50);
  }
}

TEST(Threads, SharedPoolsAreOnePerSizeAndEndWithTheirLastUser) {
  std::shared_ptr<ThreadPool> two = ThreadPool::shared(2);
  EXPECT_EQ(two, ThreadPool::shared(2));
  EXPECT_NE(two, ThreadPool::shared(3));
  EXPECT_EQ(ThreadPool::shared(0)->size(), available_cores());
  std::weak_ptr<ThreadPool> gone = two;
  two.reset();
  EXPECT_TRUE(gone.expired());
}

TEST(Threads, RefusesAbsurdSizes) {
  EXPECT_THROW(ThreadPool(-1), Error);
  EXPECT_THROW(ThreadPool(1 << 20), Error);
}

TEST(Threads, CountsAtLeastOneCoreAndNoMoreThanTheMachineHas) {
  EXPECT_GE(available_cores(), 1);
  EXPECT_LE(available_cores(), static_cast<int>(std::thread::hardware_concurrency()));
}

TEST(Threads, AnIdlePoolSleeps) {
  ThreadPool pool(4);
  pool.run(64, [](int, int) {});
  const auto process_cpu = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  const double before = process_cpu();
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_LT(process_cpu() - before, 0.2);  // three spinning workers would take as much as the cores there are
}

}  // namespace
}  // namespace latent4j
