// decode.h: blocks of the simple weight formats (F32, F16, BF16, Q4_0 .. Q8_0 of GGUF) to f32 vectors, in registers. Blocks may lie at any
// address. A format has kElements (per block), kBytes (per block) and block(p, sink): calls sink(i, w) for elements 16i .. 16i + 15,
// i upwards: matmul adds in that order.
// Formats without blocks also have tail(p, n): the last n < 16 elements of a row, the other lanes 0.
#pragma once

#include "kernels/cpu/decode_line.h"

namespace latent4j::cpu::L4J_LEVEL {

L4J_INLINE float half_at(const std::byte* p) { return f16_to_float(read<uint16_t>(p)); }

struct F32Format {
  static constexpr int kElements = 16, kBytes = 64;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) { sink(0, load(reinterpret_cast<const float*>(p))); }
  L4J_INLINE Vec tail(const std::byte* p, int n) { return load_n(reinterpret_cast<const float*>(p), n); }
};

struct F16Format {
  static constexpr int kElements = 16, kBytes = 32;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) { sink(0, load_f16(p)); }
  L4J_INLINE Vec tail(const std::byte* p, int n) { return load_f16_n(p, n); }
};

struct BF16Format {
  static constexpr int kElements = 16, kBytes = 32;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) { sink(0, load_bf16(p)); }
  L4J_INLINE Vec tail(const std::byte* p, int n) { return load_bf16_n(p, n); }
};

// { f16 d; u8 q[16]; }: w = d (q - 8), elements 0..15 in the lower nibbles, 16..31 in the upper.
struct Q4_0Format {
  static constexpr int kElements = 32, kBytes = 18;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    const float d = half_at(p);
    const Line line = line4(set1(d), set1(-8.0f * d));
    const Ints q = load_u8(p + 2);
    sink(0, at4(line, q));
    sink(1, at4(line, shift_right(q, 4)));
  }
};

// { f16 d, m; u8 q[16]; }: w = d q + m.
struct Q4_1Format {
  static constexpr int kElements = 32, kBytes = 20;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    const Line line = line4(set1(half_at(p)), set1(half_at(p + 2)));
    const Ints q = load_u8(p + 4);
    sink(0, at4(line, q));
    sink(1, at4(line, shift_right(q, 4)));
  }
};

// { f16 d; u32 fifth_bits; u8 q[16]; }: w = d (q - 16).
struct Q5_0Format {
  static constexpr int kElements = 32, kBytes = 22;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    const float d = half_at(p);
    const Line5 line = line5(set1(d), set1(-16.0f * d));
    const uint32_t fifth = read<uint32_t>(p + 2);
    const Ints q = load_u8(p + 6);
    sink(0, at5_bits(line, q, fifth));
    sink(1, at5_bits(line, shift_right(q, 4), fifth >> 16));
  }
};

// { f16 d, m; u32 fifth_bits; u8 q[16]; }: w = d q + m.
struct Q5_1Format {
  static constexpr int kElements = 32, kBytes = 24;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    const Line5 line = line5(set1(half_at(p)), set1(half_at(p + 2)));
    const uint32_t fifth = read<uint32_t>(p + 4);
    const Ints q = load_u8(p + 8);
    sink(0, at5_bits(line, q, fifth));
    sink(1, at5_bits(line, shift_right(q, 4), fifth >> 16));
  }
};

// { f16 d; i8 q[32]; }: w = d q.
struct Q8_0Format {
  static constexpr int kElements = 32, kBytes = 34;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    const Vec d = set1(half_at(p));
    sink(0, d * to_float(load_i8(p + 2)));
    sink(1, d * to_float(load_i8(p + 18)));
  }
};

}  // namespace latent4j::cpu::L4J_LEVEL
