// threads.h: the worker pool that ops run on. Workers spin for a few microseconds between the ops of a step, then sleep: an idle
// pool burns nothing.
#pragma once

#include <cstddef>
#include <memory>

namespace latent4j {

// Physical cores this process may use: its CPU affinity, hardware threads of one core counted once, its control group's CPU quota.
int available_cores();

class ThreadPool {
 public:
  // The pool of that many threads (the caller's included) shared by the whole process; 0: one per physical core this process may use.
  static std::shared_ptr<ThreadPool> shared(int n_threads);

  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return n_threads_; }

  // Runs task(index, worker) for every index of [0, n_tasks), each once, in any order, worker in [0, size()). Returns when all are done.
  // Calls from several threads take turns. Tasks must not call run. Should one throw all the same (no memory for scratch), the caller gets
  // the first exception once the tasks in progress are done.
  template <typename Task>
  void run(int n_tasks, const Task& task) {
    run_erased(n_tasks, [](const void* t, int index, int worker) { (*static_cast<const Task*>(t))(index, worker); }, &task);
  }

  // Scratch memory of one worker, 64-byte aligned, at least `bytes` long; grows rarely, is valid inside a task only.
  std::byte* scratch(int worker, size_t bytes);

  // Scratch memory of one op of the calling thread, for what outlives a task (partial results); 64-byte aligned, valid until the calling
  // thread asks again.
  static std::byte* op_scratch(size_t bytes);

 private:
  using Call = void (*)(const void* task, int index, int worker);
  void run_erased(int n_tasks, Call call, const void* task);

  int n_threads_;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace latent4j
