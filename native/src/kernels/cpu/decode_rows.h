// decode_rows.h: stretches of weight rows as f32, by DType. For ops that need the numbers in memory: embed, decode_row, matmul of many
// rows.
#pragma once

#include "base/tensor.h"
#include "kernels/cpu/decode_k.h"

namespace latent4j::cpu::L4J_LEVEL {

// A function for every DType, in the enum's order: L4J_FORMATS(stream, 1) makes { stream<F32Format, 1>, ... }.
#define L4J_FORMATS(function, ...)                                                                                     \
  {                                                                                                                    \
    function<F32Format __VA_OPT__(, ) __VA_ARGS__>, function<F16Format __VA_OPT__(, ) __VA_ARGS__>,                    \
        function<BF16Format __VA_OPT__(, ) __VA_ARGS__>, function<Q4_0Format __VA_OPT__(, ) __VA_ARGS__>,              \
        function<Q4_1Format __VA_OPT__(, ) __VA_ARGS__>, function<Q5_0Format __VA_OPT__(, ) __VA_ARGS__>,              \
        function<Q5_1Format __VA_OPT__(, ) __VA_ARGS__>, function<Q8_0Format __VA_OPT__(, ) __VA_ARGS__>,              \
        function<Q2_KFormat __VA_OPT__(, ) __VA_ARGS__>, function<Q3_KFormat __VA_OPT__(, ) __VA_ARGS__>,              \
        function<Q4_KFormat __VA_OPT__(, ) __VA_ARGS__>, function<Q5_KFormat __VA_OPT__(, ) __VA_ARGS__>,              \
        function<Q6_KFormat __VA_OPT__(, ) __VA_ARGS__>                                                                \
  }

// The parts of a block in order: visit.operator()<i>() for i from 0 upwards.
template <typename Format, typename Visit>
L4J_INLINE void for_parts(const Visit& visit) {
  visit.template operator()<0>();
  if constexpr (Format::kParts > 1) visit.template operator()<1>();
  if constexpr (Format::kParts > 2) {
    visit.template operator()<2>();
    visit.template operator()<3>();
  }
}

// y = the n elements that begin at p, a block's first byte; elements 16i .. 16i + 15 at y + stride i. n is a multiple of the block, or
// anything for formats without blocks.
template <typename Format>
static void decode_stretch(const std::byte* p, int32_t n, float* y, int32_t stride) {
  int32_t at = 0;
  for (; at + Format::kElements <= n; at += Format::kElements, p += Format::kBytes) {
    typename Format::State state;
    Format::prepare(p, state);
    for_parts<Format>([&]<int kPart>() __attribute__((always_inline)) {
      Format::template part<kPart>(p, state, [&](int, Vec w) __attribute__((always_inline)) {
        store(y, w);
        y += stride;
      });
    });
  }
  if constexpr (Format::kElements == kLanes) {
    if (at < n) store_n(y, Format::tail(p, n - at), n - at);
  }
}

using DecodeStretch = void (*)(const std::byte* p, int32_t n, float* y, int32_t stride);
static constexpr DecodeStretch kDecodeStretch[kDTypes] = L4J_FORMATS(decode_stretch);

// Matrix::row, without its inline function: level objects must not carry a copy of it.
L4J_INLINE const std::byte* row_of(const Matrix& w, size_t row_bytes, int32_t row) { return w.data + row_bytes * row; }
L4J_INLINE size_t row_bytes_of(const Matrix& w) {
  const DTypeInfo& info = dtype_info(w.dtype);
  return static_cast<size_t>(w.cols / info.block_elements) * info.block_bytes;
}

}  // namespace latent4j::cpu::L4J_LEVEL
