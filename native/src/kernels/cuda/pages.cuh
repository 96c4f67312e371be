// pages.cuh: rows of a head's keys or values in pages, as kernels read and write them: several numbers at a time, F32 or BF16.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "base/tensor.h"

namespace latent4j::cuda {

struct Bf16 {
  uint16_t bits;
};

// Byte distances within a page, as PageLayout has them.
struct PageSteps {
  size_t row = 0;    // one position of one head
  size_t head = 0;   // page_size positions
  size_t layer = 0;  // keys, then values of all heads
  uint32_t page_size = 1;

  PageSteps() = default;
  explicit PageSteps(const PageLayout& layout)
      : row(layout.element_bytes() * layout.head_dim),
        head(layout.head_bytes()),
        layer(layout.head_bytes() * 2 * layout.n_kv_heads),
        page_size(static_cast<uint32_t>(layout.page_size)) {}

  // The row of `position`; head_offset: of the head's slot 0 in every page.
  __device__ std::byte* at(std::byte* const* pages, size_t head_offset, uint32_t position) const {
    return pages[position / page_size] + head_offset + row * (position % page_size);
  }
};

// Two f32 as bf16, nearest even, the first in the lower half.
__device__ inline uint32_t round_bf16(float first, float second) {
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
}
__device__ inline float lower_bf16(uint32_t pair) { return __uint_as_float(pair << 16); }
__device__ inline float upper_bf16(uint32_t pair) { return __uint_as_float(pair & 0xffff0000u); }

// n neighbouring numbers in one access; n * sizeof(T) is 4, 8 or 16.
template <int n>
__device__ inline void load_numbers(const float* at, float (&x)[n]) {
  if constexpr (n == 4) {
    const float4 v = *reinterpret_cast<const float4*>(at);
    x[0] = v.x, x[1] = v.y, x[2] = v.z, x[3] = v.w;
  } else {
    static_assert(n == 2);
    const float2 v = *reinterpret_cast<const float2*>(at);
    x[0] = v.x, x[1] = v.y;
  }
}
template <int n>
__device__ inline void load_numbers(const Bf16* at, float (&x)[n]) {
  uint32_t pairs[n / 2];
  if constexpr (n == 8) {
    const uint4 v = *reinterpret_cast<const uint4*>(at);
    pairs[0] = v.x, pairs[1] = v.y, pairs[2] = v.z, pairs[3] = v.w;
  } else {
    static_assert(n == 4);
    const uint2 v = *reinterpret_cast<const uint2*>(at);
    pairs[0] = v.x, pairs[1] = v.y;
  }
#pragma unroll
  for (int i = 0; i < n / 2; i++) x[2 * i] = lower_bf16(pairs[i]), x[2 * i + 1] = upper_bf16(pairs[i]);
}

template <int n>
__device__ inline void store_numbers(float* at, const float (&x)[n]) {
  if constexpr (n == 4) {
    *reinterpret_cast<float4*>(at) = {x[0], x[1], x[2], x[3]};
  } else {
    static_assert(n == 2);
    *reinterpret_cast<float2*>(at) = {x[0], x[1]};
  }
}
template <int n>
__device__ inline void store_numbers(Bf16* at, const float (&x)[n]) {
  if constexpr (n == 8) {
    *reinterpret_cast<uint4*>(at) = {round_bf16(x[0], x[1]), round_bf16(x[2], x[3]), round_bf16(x[4], x[5]), round_bf16(x[6], x[7])};
  } else if constexpr (n == 4) {
    *reinterpret_cast<uint2*>(at) = {round_bf16(x[0], x[1]), round_bf16(x[2], x[3])};
  } else {
    static_assert(n == 2);
    *reinterpret_cast<uint32_t*>(at) = round_bf16(x[0], x[1]);
  }
}

// Calls f with a value of the type that a page's numbers have.
template <typename F>
void with_page_type(DType dtype, const F& f) {
  dtype == DType::F32 ? f(float{}) : f(Bf16{});
}

}  // namespace latent4j::cuda
