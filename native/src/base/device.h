// device.h: where an instance lives: its weights, pages and activations lie in the device's memory, its ops run on the device's queues. The
// CPU is one device, each CUDA GPU another. What is enqueued runs in order and maybe later: nothing here waits but what says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "kernels/ops.h"

namespace latent4j {

// A point of a queue: all work enqueued before it. Reused for as long as its owner likes.
struct Mark {
  virtual ~Mark() = default;
};

// A step that is enqueued again and again with the same arguments, remembered in the form that is the fastest to enqueue.
struct Replay {
  virtual ~Replay() = default;
};
using ReplayKey = std::array<uint64_t, 6>;  // equal keys: the step enqueues the very same work

struct DeviceFacts {
  std::string id;                  // "cpu", "cuda:0"
  std::string name;
  std::string compute_capability;  // "9.0"; empty for the CPU
  int64_t memory_bytes = 0, free_bytes = 0;
  int32_t multiprocessors = 0;     // physical cores of the CPU
  bool usable = true;
  std::string why;                 // not usable
};

class Device {
 public:
  virtual ~Device() = default;

  static Device& cpu();
  // "cpu", "cuda:<index>", or "": the best one present. Throws NO_DEVICE (what is there instead), UNSUPPORTED (no code for this GPU).
  // Lives as long as the process.
  static Device& open(const std::string& id);
  static std::vector<DeviceFacts> all();
  // Why there is no CUDA device; empty where there is one.
  static std::string why_no_cuda();

  virtual const std::string& id() const = 0;
  virtual const std::string& name() const = 0;
  // Ops run at once, on memory that the host reads and writes too.
  bool host() const { return host_; }
  // The device's ops; of the CPU's levels the best.
  virtual const Ops& ops() const = 0;
  virtual int64_t free_bytes() const = 0;
  // Rows of one forward pass over prompts.
  virtual int32_t pass_rows() const = 0;
  // Ops of this device can read `other`'s memory at its addresses.
  virtual bool reaches(const Device& other) = 0;

  // Memory of the device, 256-byte aligned, contents unknown. Throws OUT_OF_MEMORY.
  virtual std::byte* allocate(size_t bytes) = 0;
  virtual void release(std::byte* memory) noexcept = 0;
  // The same for a page pool, whose pages may never be touched.
  virtual std::byte* allocate_pool(size_t bytes) = 0;
  virtual void release_pool(std::byte* memory, size_t bytes) noexcept = 0;
  // Memory of the host that this device's ops and copies reach too.
  virtual std::byte* allocate_shared(size_t bytes) = 0;
  virtual void release_shared(std::byte* memory) noexcept = 0;
  // A weight, in the arrangement that this device's ops read, in memory of its own (allocate). The host's own stays the host's.
  virtual Matrix store(const Queue& queue, const Matrix& host) = 0;

  // `ops` false: for copies and kv_copy alone, without what other ops need beside their arguments (CUDA: 64 MiB).
  virtual Queue open_queue(ThreadPool* threads, bool ops = true) = 0;
  virtual void close_queue(Queue& queue) noexcept = 0;  // waits
  // Copies; host memory stays as it is until the queue has got there.
  virtual void upload(const Queue& queue, void* to, const void* from, size_t bytes) = 0;
  virtual void download(const Queue& queue, void* to, const void* from, size_t bytes) = 0;
  // `rows` pieces of `bytes` each, `pitch` apart on both sides, within the device.
  virtual void copy(const Queue& queue, void* to, const void* from, size_t bytes, size_t pitch, size_t rows) = 0;
  virtual void fill(const Queue& queue, void* to, int byte, size_t bytes) = 0;
  // Waits until all is done; throws what went wrong on the way.
  virtual void finish(const Queue& queue) = 0;

  virtual std::unique_ptr<Mark> new_mark() = 0;
  virtual void mark(const Queue& queue, Mark& mark) = 0;
  virtual bool reached(Mark& mark) = 0;  // throws what went wrong on the way
  virtual void wait(Mark& mark) = 0;     // likewise
  virtual int64_t ns_between(Mark& from, Mark& to) = 0;  // both reached

  // Enqueues `step`, or what `replay` remembers of it from an earlier call with the same key.
  template <typename Step>
  void enqueue(const Queue& queue, std::unique_ptr<Replay>& replay, const ReplayKey& key, const Step& step) {
    if (host_) {
      step();
    } else {
      enqueue_erased(queue, replay, key, [](const void* s) { (*static_cast<const Step*>(s))(); }, &step);
    }
  }

 protected:
  explicit Device(bool host) : host_(host) {}
  virtual void enqueue_erased(const Queue& queue, std::unique_ptr<Replay>& replay, const ReplayKey& key, void (*step)(const void*),
                              const void* context) = 0;

 private:
  const bool host_;
};

// A queue for the length of a scope; waits at its end.
class ScopedQueue {
 public:
  enum class For { ops, copies };
  explicit ScopedQueue(Device& device, ThreadPool* threads = nullptr, For what = For::ops)
      : device_(device), queue_(device.open_queue(threads, what == For::ops)) {}
  ~ScopedQueue() { device_.close_queue(queue_); }
  ScopedQueue(const ScopedQueue&) = delete;
  ScopedQueue& operator=(const ScopedQueue&) = delete;
  operator Queue&() { return queue_; }

 private:
  Device& device_;
  Queue queue_;
};

// For the length of a scope: at its end, also where an error ends it, nothing that was enqueued still runs. What happens to go wrong is for
// others to say.
class FinishAtEnd {
 public:
  FinishAtEnd(Device& device, const Queue& queue) : device_(device), queue_(queue) {}
  ~FinishAtEnd() {
    try {
      device_.finish(queue_);
    } catch (const std::exception&) {  // whoever finishes before the end of the scope has heard it
    }
  }
  FinishAtEnd(const FinishAtEnd&) = delete;
  FinishAtEnd& operator=(const FinishAtEnd&) = delete;

 private:
  Device& device_;
  const Queue& queue_;
};

// An array in a device's memory that grows and never shrinks.
template <typename T>
class Buffer {
 public:
  enum class Where { device, shared };
  explicit Buffer(Device& device, Where where = Where::device) : device_(&device), where_(where) {}
  ~Buffer() { release(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // At least n elements; if they move, their contents are lost. Nothing that is enqueued may still use the old ones.
  // An error leaves it empty.
  void reserve(size_t n) {
    if (n <= capacity_) return;
    release();
    const size_t bytes = (n * sizeof(T) + 255) / 256 * 256;
    data_ = reinterpret_cast<T*>(where_ == Where::shared ? device_->allocate_shared(bytes) : device_->allocate(bytes));
    capacity_ = bytes / sizeof(T);
  }
  size_t capacity() const { return capacity_; }
  T* data() const { return data_; }

 private:
  void release() {
    auto* memory = reinterpret_cast<std::byte*>(data_);
    if (memory) where_ == Where::shared ? device_->release_shared(memory) : device_->release(memory);
    data_ = nullptr;
    capacity_ = 0;
  }

  Device* device_;
  Where where_;
  T* data_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace latent4j
