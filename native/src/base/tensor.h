// tensor.h: views of weights and of memory. Views own nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace latent4j {

// A weight [rows, cols] as it lies in the mapped file: row-major, no padding, of any alignment (read it with unaligned loads).
struct Matrix {
  const std::byte* data = nullptr;
  int32_t rows = 0, cols = 0;
  DType dtype = DType::F32;

  size_t row_bytes() const {
    const DTypeInfo& info = dtype_info(dtype);
    return static_cast<size_t>(cols) / info.block_elements * info.block_bytes;
  }
  const std::byte* row(int32_t i) const { return data + static_cast<size_t>(i) * row_bytes(); }
  explicit operator bool() const { return data != nullptr; }
};

// How a page of memory lies: [n_layers][keys, values][n_kv_heads][page_size][head_dim], F32 or BF16, 64-byte aligned.
// Position p of a memory is slot p % page_size of its page p / page_size, in every layer.
struct PageLayout {
  DType dtype = DType::BF16;
  int32_t page_size = 16, n_layers = 0, n_kv_heads = 0, head_dim = 0;

  size_t element_bytes() const { return dtype == DType::F32 ? 4 : 2; }
  size_t head_bytes() const { return element_bytes() * page_size * head_dim; }
  size_t page_bytes() const { return head_bytes() * n_kv_heads * 2 * n_layers; }
  // Offset of slot 0 of a head's keys; its values follow all heads' keys.
  size_t keys_at(int32_t layer, int32_t head) const { return head_bytes() * (static_cast<size_t>(layer) * 2 * n_kv_heads + head); }
  size_t values_at(int32_t layer, int32_t head) const { return keys_at(layer, head) + head_bytes() * n_kv_heads; }
  // Bytes of keys and values that one position takes.
  size_t position_bytes() const { return page_bytes() / page_size; }
};

// One memory as the ops see it.
struct PagedView {
  std::byte* const* pages = nullptr;  // [ceil(length / page_size)]
  const PageLayout* layout = nullptr;
};

// The memories of a batch as the ops see them, all of one pool. The tables lie where the ops run.
struct PagedSequences {
  std::byte* const* const* pages = nullptr;  // [sequences], each [ceil(its length / page_size)]
  const PageLayout* layout = nullptr;

  PagedView operator[](int32_t sequence) const { return {pages[sequence], layout}; }
};

}  // namespace latent4j
