// memory.cpp: page tables. What may fail is done before anything changes, so an error leaves the memory as it was.
#include "memory/memory.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"

namespace latent4j {
namespace {

int64_t pages_for(int64_t positions, int32_t page_size) { return (positions + page_size - 1) / page_size; }

// The first n slots of every head of one page into another.
void copy_slots(const PagePool& pool, const std::byte* from, std::byte* to, int32_t n, const Queue* queue) {
  const PageLayout& layout = pool.layout();
  const size_t head_bytes = layout.head_bytes();
  Device& device = pool.device();
  const auto copy = [&](const Queue& on) {
    device.copy(on, to, from, head_bytes / layout.page_size * n, head_bytes, layout.page_bytes() / head_bytes);
  };
  if (queue) return copy(*queue);
  ScopedQueue own(device, nullptr, ScopedQueue::For::copies);
  copy(own);
  device.finish(own);
}

}  // namespace

Memory::Memory(std::shared_ptr<PagePool> pool) : pool_(std::move(pool)) {}

Memory::~Memory() {
  pool_->release(borrowed_.data(), borrowed_.size());
  pool_->release(pages_.data(), pages_.size());
}

void Memory::reserve(int32_t n, const Queue* queue) {
  L4J_CHECK(n >= 0, "BAD_ARGUMENT", "reserve(", n, ")");
  const int32_t page_size = layout().page_size;
  const int64_t end = int64_t{length_} + n;
  L4J_CHECK(end <= std::numeric_limits<int32_t>::max(), "CONTEXT_EXCEEDED", "a memory of ", end, " positions");
  const int64_t held = static_cast<int64_t>(pages_.size());
  const int64_t grow = std::max<int64_t>(0, pages_for(end, page_size) - held);
  const int32_t partial = length_ % page_size;
  const size_t last = static_cast<size_t>(length_ / page_size);
  const bool copy = n > 0 && partial > 0 && pool_->shared(pages_[last]);
  if (grow == 0 && !copy) return;

  // Room first: once the pool has given pages nothing may throw.
  pages_.reserve(static_cast<size_t>(held + grow + 1));
  borrowed_.reserve(borrowed_.size() + 1);
  addresses_.reserve(static_cast<size_t>(held + grow));
  pool_->take(grow + (copy ? 1 : 0), pages_);
  if (copy) {
    const PageId own = pages_.back();
    pages_.pop_back();
    try {
      copy_slots(*pool_, addresses_[last], pool_->address(own), partial, queue);
    } catch (...) {
      pool_->release(&own, 1);
      trim();
      throw;
    }
    if (queue) borrowed_.push_back(pages_[last]);
    else pool_->release(&pages_[last], 1);
    pages_[last] = own;
    addresses_[last] = pool_->address(own);
  }
  for (size_t i = addresses_.size(); i < pages_.size(); i++) addresses_.push_back(pool_->address(pages_[i]));
}

void Memory::commit(int32_t n) {
  const int64_t room = static_cast<int64_t>(pages_.size()) * layout().page_size - length_;
  L4J_CHECK(n >= 0 && n <= room, "INTERNAL", "commit(", n, ") of ", room, " reserved positions");
  length_ += n;
}

void Memory::truncate(int32_t length) {
  L4J_CHECK(length >= 0 && length <= length_, "BAD_ARGUMENT", "truncate to ", length, " positions of ", length_);
  if (length != length_) clear_hidden();
  length_ = length;
  trim();
}

void Memory::trim() {
  pool_->release(borrowed_.data(), borrowed_.size());
  borrowed_.clear();
  const size_t keep = static_cast<size_t>(pages_for(length_, layout().page_size));
  if (keep >= pages_.size()) return;
  pool_->release(pages_.data() + keep, pages_.size() - keep);
  pages_.resize(keep);
  addresses_.resize(keep);
}

void Memory::share(const Memory& other, int32_t n) {
  L4J_CHECK(pages_.empty(), "INTERNAL", "share into a memory of ", length_, " positions");
  append_shared(other, 0, n);
  if (n == other.length_) hidden_ = other.hidden_;
}

void Memory::append_shared(const Memory& other, int32_t from, int32_t n) {
  const int32_t page_size = layout().page_size;
  L4J_CHECK(pool_ == other.pool_, "INTERNAL", "pages of one pool cannot be shared in another");
  L4J_CHECK(from >= 0 && n >= 0 && int64_t{from} + n <= other.length_, "BAD_ARGUMENT", "positions ", from, " to ", int64_t{from} + n,
            " of ", other.length_);
  L4J_CHECK(from % page_size == 0 && length_ % page_size == 0 && static_cast<int64_t>(pages_.size()) * page_size == length_, "INTERNAL",
            "shared pages must begin at a page of both sides");
  const size_t first = static_cast<size_t>(from / page_size), count = static_cast<size_t>(pages_for(n, page_size));
  if (n > 0) clear_hidden();
  pages_.reserve(pages_.size() + count);
  addresses_.reserve(pages_.size() + count);
  pool_->share(other.pages_.data() + first, count);
  pages_.insert(pages_.end(), other.pages_.begin() + first, other.pages_.begin() + first + count);
  addresses_.insert(addresses_.end(), other.addresses_.begin() + first, other.addresses_.begin() + first + count);
  length_ += n;
}

MemoryLock::MemoryLock(Memory& memory, Mode mode) : memory_(&memory), mode_(mode) {
  int users = memory.users_.load(std::memory_order_relaxed);
  for (;;) {
    const bool free = mode == Mode::write ? users == 0 : users >= 0;
    L4J_CHECK(free, "MEMORY_BUSY", "another call ", users < 0 ? "is writing to" : "is reading", " this memory of ", memory.length(),
              " positions, expected one call at a time");
    const int taken = mode == Mode::write ? -1 : users + 1;
    if (memory.users_.compare_exchange_weak(users, taken, std::memory_order_acquire, std::memory_order_relaxed)) return;
  }
}

MemoryLock::~MemoryLock() {
  if (memory_ == nullptr) return;
  if (mode_ == Mode::write) {
    memory_->users_.store(0, std::memory_order_release);
  } else {
    memory_->users_.fetch_sub(1, std::memory_order_release);
  }
}

MemoryLock::MemoryLock(MemoryLock&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)), mode_(other.mode_) {}

MemoryLock& MemoryLock::operator=(MemoryLock&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(mode_, other.mode_);
  return *this;
}

}  // namespace latent4j
