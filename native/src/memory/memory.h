// memory.h: one agent's memory: a page table over a refcounted pool, and the last hidden state. Fork and hand-off share pages; writing to
// a shared page copies that page only.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/tensor.h"
#include "memory/page_pool.h"

namespace latent4j {

class Memory {
 public:
  explicit Memory(std::shared_ptr<PagePool> pool);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  PagePool& pool() const { return *pool_; }
  const std::shared_ptr<PagePool>& pool_ptr() const { return pool_; }
  const PageLayout& layout() const { return pool_->layout(); }
  int32_t length() const { return length_; }

  // Makes positions [length, length + n) writable: takes pages, and copies the last page if it is shared. Throws OUT_OF_PAGES and changes
  // nothing then. The positions count only after commit. The copy is enqueued on `queue`; null: it is done on return.
  void reserve(int32_t n, const Queue* queue = nullptr);
  // The first n reserved positions now hold keys and values. Leaves the hidden state to the caller, who knows the new one.
  void commit(int32_t n);
  // Drops positions from the end, and with them pages nobody needs, and the hidden state if the length changes.
  void truncate(int32_t length);
  // Drops pages that were reserved and not committed. What was enqueued by reserve is done.
  void trim();
  // Becomes, from empty, a sharer of the first n positions of `other` (same pool), and of its hidden state where n is all.
  void share(const Memory& other, int32_t n);
  // Goes on with the pages of positions [from, from + n) of `other` (same pool); from and this memory's length are multiples of page_size,
  // nothing is reserved. Drops the hidden state.
  void append_shared(const Memory& other, int32_t from, int32_t n);

  // Page addresses on the pool's device for the ops, [ceil((length + reserved) / page_size)]; stable until the next reserve, truncate, trim
  // or share.
  PagedView view() const { return {addresses_.data(), &pool_->layout()}; }

  const std::vector<std::byte*>& addresses() const { return addresses_; }

  // The last hidden state [d_model] after the final norm; empty when the last position's is not known.
  const std::vector<float>& hidden() const { return hidden_; }
  void set_hidden(const float* hidden, int32_t d_model) { hidden_.assign(hidden, hidden + d_model); }
  void reserve_hidden(int32_t d_model) { hidden_.reserve(static_cast<size_t>(d_model)); }  // set_hidden does not throw after this
  void clear_hidden() { hidden_.clear(); }

 private:
  friend class MemoryLock;
  std::shared_ptr<PagePool> pool_;
  std::vector<PageId> pages_;
  std::vector<PageId> borrowed_;  // shared pages that enqueued work still copies from: held until trim
  std::vector<std::byte*> addresses_;
  std::atomic<int32_t> length_{0};  // whoever watches a rollout may ask for it meanwhile
  std::vector<float> hidden_;
  std::atomic<int> users_{0};  // -1: one writer, > 0: readers
};

// Holds a memory for the length of a call, to write (alone) or to read (with other readers). Throws MEMORY_BUSY at once: two threads on one
// memory is a mistake of the caller, and waiting would hide it.
class MemoryLock {
 public:
  enum class Mode { read, write };
  MemoryLock() = default;
  MemoryLock(Memory& memory, Mode mode);
  ~MemoryLock();
  MemoryLock(MemoryLock&& other) noexcept;
  MemoryLock& operator=(MemoryLock&& other) noexcept;

 private:
  Memory* memory_ = nullptr;
  Mode mode_ = Mode::read;
};

}  // namespace latent4j
