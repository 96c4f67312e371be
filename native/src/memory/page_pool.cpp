// page_pool.cpp: the pages lie in one reserved range of addresses of the device.
#include "memory/page_pool.h"

#include <algorithm>
#include <new>

#include "base/error.h"

namespace latent4j {
namespace {

constexpr size_t kPageAlignment = 64;               // what the ops' vector loads want
constexpr int64_t kMostPages = int64_t{1} << 26;    // their tables are touched at once: 8 bytes a page

}  // namespace

PagePool::PagePool(const PageLayout& layout, int64_t capacity_pages, Device& device)
    : layout_(layout), device_(device), capacity_(capacity_pages) {
  L4J_CHECK(layout.page_size > 0 && layout.n_layers > 0 && layout.n_kv_heads > 0 && layout.head_dim > 0, "BAD_ARGUMENT",
            "a page of ", layout.page_size, " positions, ", layout.n_layers, " layers, ", layout.n_kv_heads, " kv heads of ",
            layout.head_dim, " has no size");
  L4J_CHECK(capacity_pages > 0 && capacity_pages <= kMostPages, "BAD_ARGUMENT", "a pool of ", capacity_pages,
            " pages; possible are 1 to ", kMostPages);
  stride_ = (layout_.page_bytes() + kPageAlignment - 1) / kPageAlignment * kPageAlignment;
  size_t bytes = 0;
  L4J_CHECK(!__builtin_mul_overflow(stride_, static_cast<size_t>(capacity_), &bytes), "OUT_OF_MEMORY", capacity_, " pages of ", stride_,
            " bytes are more than an address can hold");
  try {
    base_ = device.allocate_pool(bytes);
  } catch (const Error& e) {
    throw Error(e.code().c_str(), concat(e.message(), "; for a memory pool of ", capacity_, " pages of ", stride_, " bytes (",
                                         capacity_ * layout_.page_size, " positions)"));
  }
  try {
    references_.assign(static_cast<size_t>(capacity_), 0);
    free_.resize(static_cast<size_t>(capacity_));
  } catch (const std::bad_alloc&) {
    device.release_pool(base_, bytes);
    throw Error("OUT_OF_MEMORY", concat("no memory for the tables of a pool of ", capacity_, " pages"));
  }
  for (int64_t i = 0; i < capacity_; i++) free_[i] = static_cast<PageId>(capacity_ - 1 - i);  // page 0 is taken first
}

PagePool::~PagePool() { device_.release_pool(base_, stride_ * static_cast<size_t>(capacity_)); }

int64_t PagePool::free_pages() const {
  std::lock_guard lock(mutex_);
  return static_cast<int64_t>(free_.size());
}

int64_t PagePool::peak_pages() const {
  std::lock_guard lock(mutex_);
  return peak_;
}

void PagePool::take(int64_t n, std::vector<PageId>& into) {
  std::lock_guard lock(mutex_);
  const int64_t free = static_cast<int64_t>(free_.size());
  L4J_CHECK(n <= free, "OUT_OF_PAGES", "need ", n, ", free ", free, " (of ", capacity_, " pages of ", layout_.page_size, " positions)");
  if (n <= 0) return;
  into.insert(into.end(), free_.rbegin(), free_.rbegin() + n);
  for (int64_t i = 0; i < n; i++) references_[free_[free - 1 - i]] = 1;
  free_.resize(static_cast<size_t>(free - n));
  peak_ = std::max(peak_, capacity_ - (free - n));
}

void PagePool::share(const PageId* pages, size_t n) {
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < n; i++) references_[pages[i]]++;
}

void PagePool::release(const PageId* pages, size_t n) {
  std::lock_guard lock(mutex_);
  // From the end, so that the first page comes out first again. free_ was once of full size: this never allocates.
  for (size_t i = n; i-- > 0;) {
    if (--references_[pages[i]] == 0) free_.push_back(pages[i]);
  }
}

bool PagePool::shared(PageId page) const {
  std::lock_guard lock(mutex_);
  return references_[page] > 1;
}

}  // namespace latent4j
