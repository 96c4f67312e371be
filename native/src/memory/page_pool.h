// page_pool.h: fixed-size pages of keys and values on one device, reference counted. The whole capacity is reserved at once, so that a
// step never allocates; on the CPU that is address space, touched page by page: an idle pool costs nothing. Freed pages are reused last in,
// first out.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/device.h"
#include "base/tensor.h"

namespace latent4j {

using PageId = int32_t;

class PagePool {
 public:
  PagePool(const PageLayout& layout, int64_t capacity_pages, Device& device = Device::cpu());  // throws OUT_OF_MEMORY
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  const PageLayout& layout() const { return layout_; }
  int64_t capacity() const { return capacity_; }
  Device& device() const { return device_; }
  std::byte* base() const { return base_; }
  size_t stride() const { return stride_; }  // bytes from page to page
  int64_t free_pages() const;
  int64_t peak_pages() const;  // most pages ever held at once

  // Appends n pages, each with one reference, to `into`; all or none. Throws OUT_OF_PAGES: "need 12, free 3".
  void take(int64_t n, std::vector<PageId>& into);
  void share(const PageId* pages, size_t n);    // one more reference each
  void release(const PageId* pages, size_t n);  // one less; the last frees
  bool shared(PageId page) const;               // more than one reference

  std::byte* address(PageId page) const { return base_ + static_cast<size_t>(page) * stride_; }

 private:
  PageLayout layout_;
  Device& device_;
  int64_t capacity_ = 0;
  size_t stride_ = 0;
  std::byte* base_ = nullptr;
  mutable std::mutex mutex_;
  std::vector<int32_t> references_;  // [capacity]
  std::vector<PageId> free_;
  int64_t peak_ = 0;
};

}  // namespace latent4j
