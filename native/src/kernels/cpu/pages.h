// pages.h: rows of a head's keys or values in pages, as level sources read and write them: 16 numbers at a time, F32 or BF16.
#pragma once

#include "base/tensor.h"
#include "kernels/cpu/simd.h"

namespace latent4j::cpu::L4J_LEVEL {

// Byte distances within a page (PageLayout's, computed here so that level objects share no function with other levels).
struct PageSteps {
  size_t row;    // one position of one head
  size_t head;   // page_size positions
  size_t layer;  // keys and values of all heads
  int page_size;
};

L4J_INLINE PageSteps steps_of(const PageLayout& layout) {
  const size_t row = static_cast<size_t>(layout.head_dim) * (layout.dtype == DType::F32 ? 4 : 2);
  const size_t head = row * layout.page_size;
  return {row, head, head * 2 * layout.n_kv_heads, layout.page_size};
}

L4J_INLINE std::byte* row_at(const PagedView& view, const PageSteps& steps, size_t head_offset, int position) {
  return view.pages[position / steps.page_size] + head_offset + steps.row * (position % steps.page_size);
}

// Numbers [i, i + n) of a row, n <= 16; missing lanes are 0.
template <bool kF32>
L4J_INLINE Vec load_row(const std::byte* row, int i, int n) {
  if constexpr (kF32) {
    const float* p = reinterpret_cast<const float*>(row) + i;
    return n == kLanes ? load(p) : load_n(p, n);
  } else {
    const std::byte* p = row + 2 * i;
    return n == kLanes ? load_bf16(p) : load_bf16_n(p, n);
  }
}

template <bool kF32>
L4J_INLINE void store_row(std::byte* row, int i, Vec x, int n) {
  if constexpr (kF32) {
    float* p = reinterpret_cast<float*>(row) + i;
    n == kLanes ? store(p, x) : store_n(p, x, n);
  } else {
    std::byte* p = row + 2 * i;
    n == kLanes ? store_bf16(p, x) : store_bf16_n(p, x, n);
  }
}

// One row converted from one format to the other.
template <bool kFromF32, bool kToF32>
L4J_INLINE void copy_row(const std::byte* from, std::byte* to, int head_dim) {
  for (int i = 0; i < head_dim; i += kLanes) {
    const int n = least(kLanes, head_dim - i);
    store_row<kToF32>(to, i, load_row<kFromF32>(from, i, n), n);
  }
}

// One row rotated, pairs (i, i + head_dim/2), on its way from one place to another; the places may be the same.
template <bool kFromF32, bool kToF32>
L4J_INLINE void rotate_row(const std::byte* from, std::byte* to, const float* cos, const float* sin, int head_dim) {
  const int half = head_dim / 2;
  for (int i = 0; i < half; i += kLanes) {
    const int n = least(kLanes, half - i);
    const Vec c = n == kLanes ? load(cos + i) : load_n(cos + i, n), s = n == kLanes ? load(sin + i) : load_n(sin + i, n);
    const Vec x = load_row<kFromF32>(from, i, n), y = load_row<kFromF32>(from, half + i, n);
    store_row<kToF32>(to, i, x * c - y * s, n);
    store_row<kToF32>(to, half + i, y * c + x * s, n);
  }
}

}  // namespace latent4j::cpu::L4J_LEVEL
