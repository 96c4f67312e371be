// paged.h: memory for tests of ops: scattered pages that hold NaN wherever nothing was written, and random inputs.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "base/tensor.h"

namespace latent4j::test {

inline float round_bf16(float f) {
  const uint32_t u = std::bit_cast<uint32_t>(f);
  return std::bit_cast<float>((u + 0x7fff + ((u >> 16) & 1)) & 0xffff0000u);
}

inline std::vector<float> random_floats(size_t n, std::mt19937& random, float scale = 1) {
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(n);
  for (float& v : values) v = normal(random);
  return values;
}

class TestMemory {
 public:
  TestMemory(DType dtype, int page_size, int n_layers, int n_kv_heads, int head_dim, int length)
      : layout_{dtype, page_size, n_layers, n_kv_heads, head_dim} {
    const size_t n_pages = static_cast<size_t>((length + page_size - 1) / page_size);
    const size_t stride = (layout_.page_bytes() + 63) / 64 * 64;
    storage_.resize(stride * n_pages + 64);
    std::byte* base = storage_.data() + (64 - reinterpret_cast<uintptr_t>(storage_.data()) % 64) % 64;
    for (size_t i = 0; i < n_pages; i++) pages_.push_back(base + stride * i);
    std::mt19937 random(7);
    std::shuffle(pages_.begin(), pages_.end(), random);
    for (std::byte& b : storage_) b = std::byte{0xff};
  }

  PagedView view() { return {pages_.data(), &layout_}; }
  std::byte* const* pages() { return pages_.data(); }
  const PageLayout& layout() const { return layout_; }

  float key(int layer, int head, int position, int i) const { return get(layout_.keys_at(layer, head), position, i); }
  float value(int layer, int head, int position, int i) const { return get(layout_.values_at(layer, head), position, i); }

  // Random keys and values at positions [begin, end) of every layer and head.
  void fill(int begin, int end, std::mt19937& random) {
    std::normal_distribution<float> normal;
    for (int layer = 0; layer < layout_.n_layers; layer++) {
      for (int head = 0; head < layout_.n_kv_heads; head++) {
        for (int p = begin; p < end; p++) {
          for (int i = 0; i < layout_.head_dim; i++) {
            set(layout_.keys_at(layer, head), p, i, normal(random));
            set(layout_.values_at(layer, head), p, i, normal(random));
          }
        }
      }
    }
  }

  std::vector<std::byte> bytes() const { return storage_; }

 private:
  std::byte* at(size_t head_offset, int position, int i) const {
    const size_t slot = static_cast<size_t>(position % layout_.page_size) * layout_.head_dim + i;
    return pages_[position / layout_.page_size] + head_offset + slot * layout_.element_bytes();
  }
  float get(size_t head_offset, int position, int i) const {
    float f = 0;
    if (layout_.dtype == DType::F32) {
      std::memcpy(&f, at(head_offset, position, i), 4);
    } else {
      uint16_t bits = 0;
      std::memcpy(&bits, at(head_offset, position, i), 2);
      f = std::bit_cast<float>(uint32_t{bits} << 16);
    }
    return f;
  }
  void set(size_t head_offset, int position, int i, float f) {
    if (layout_.dtype == DType::F32) {
      std::memcpy(at(head_offset, position, i), &f, 4);
    } else {
      const uint16_t bits = static_cast<uint16_t>(std::bit_cast<uint32_t>(round_bf16(f)) >> 16);
      std::memcpy(at(head_offset, position, i), &bits, 2);
    }
  }

  PageLayout layout_;
  std::vector<std::byte> storage_;
  std::vector<std::byte*> pages_;
};

}  // namespace latent4j::test
