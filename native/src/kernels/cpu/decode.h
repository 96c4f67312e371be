// decode.h: blocks of the simple weight formats (F32, F16, BF16, Q4_0 .. Q8_0 of GGUF) to f32 vectors, in registers. Blocks may lie at any
// address. A format has kElements and kBytes (of a block), kParts (of a block, decoded one at a time so that several rows' parts take
// turns), kVecs (of a part), and
//   State, prepare(p, state)    what a block's parts share: its groups' scales
//   part<i>(p, state, sink)     calls sink(v, w) for the part's elements 16v .. 16v + 15, v upwards: matmul adds in that order.
// Formats without blocks also have tail(p, n): the last n < 16 elements of a row, the other lanes 0.
#pragma once

#include "kernels/cpu/decode_line.h"

namespace latent4j::cpu::L4J_LEVEL {

struct NoState {};

struct F32Format {
  static constexpr int kElements = 16, kBytes = 64, kParts = 1, kVecs = 1;
  using State = NoState;
  L4J_INLINE void prepare(const std::byte*, State&) {}
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State&, Sink&& sink) { sink(0, load(reinterpret_cast<const float*>(p))); }
  L4J_INLINE Vec tail(const std::byte* p, int n) { return load_n(reinterpret_cast<const float*>(p), n); }
};

struct F16Format {
  static constexpr int kElements = 16, kBytes = 32, kParts = 1, kVecs = 1;
  using State = NoState;
  L4J_INLINE void prepare(const std::byte*, State&) {}
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State&, Sink&& sink) { sink(0, load_f16(p)); }
  L4J_INLINE Vec tail(const std::byte* p, int n) { return load_f16_n(p, n); }
};

struct BF16Format {
  static constexpr int kElements = 16, kBytes = 32, kParts = 1, kVecs = 1;
  using State = NoState;
  L4J_INLINE void prepare(const std::byte*, State&) {}
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State&, Sink&& sink) { sink(0, load_bf16(p)); }
  L4J_INLINE Vec tail(const std::byte* p, int n) { return load_bf16_n(p, n); }
};

// { f16 d; u8 q[16]; }: w = d (q - 8), elements 0..15 in the lower nibbles, 16..31 in the upper.
struct Q4_0Format {
  static constexpr int kElements = 32, kBytes = 18, kParts = 1, kVecs = 2;
  using State = NoState;
  L4J_INLINE void prepare(const std::byte*, State&) {}
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State&, Sink&& sink) {
    const Line line = centered4(set1_half(p));
    const Ints q = load_u8(p + 2);
    sink(0, at4(line, q));
    sink(1, at4(line, shift_right(q, 4)));
  }
};

// { f16 d, m; u8 q[16]; }: w = d q + m.
struct Q4_1Format {
  static constexpr int kElements = 32, kBytes = 20, kParts = 1, kVecs = 2;
  using State = NoState;
  L4J_INLINE void prepare(const std::byte*, State&) {}
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State&, Sink&& sink) {
    const Line line = line4(set1_half(p), set1_half(p + 2));
    const Ints q = load_u8(p + 4);
    sink(0, at4(line, q));
    sink(1, at4(line, shift_right(q, 4)));
  }
};

// { f16 d; u32 fifth_bits; u8 q[16]; }: w = d (q - 16).
struct Q5_0Format {
  static constexpr int kElements = 32, kBytes = 22, kParts = 1, kVecs = 2;
  using State = NoState;
  L4J_INLINE void prepare(const std::byte*, State&) {}
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State&, Sink&& sink) {
    const Centered5 line = centered5(set1_half(p));
    const Ints q = load_u8(p + 6);
    sink(0, at5_bits(line, q, load_bits(p + 2)));
    sink(1, at5_bits(line, shift_right(q, 4), load_bits(p + 4)));
  }
};

// { f16 d, m; u32 fifth_bits; u8 q[16]; }: w = d q + m.
struct Q5_1Format {
  static constexpr int kElements = 32, kBytes = 24, kParts = 1, kVecs = 2;
  using State = NoState;
  L4J_INLINE void prepare(const std::byte*, State&) {}
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State&, Sink&& sink) {
    const Line5 line = line5(set1_half(p), set1_half(p + 2));
    const Ints q = load_u8(p + 8);
    sink(0, at5_bits(line, q, load_bits(p + 4)));
    sink(1, at5_bits(line, shift_right(q, 4), load_bits(p + 6)));
  }
};

// { f16 d; i8 q[32]; }: w = d q.
struct Q8_0Format {
  static constexpr int kElements = 32, kBytes = 34, kParts = 1, kVecs = 2;
  using State = NoState;
  L4J_INLINE void prepare(const std::byte*, State&) {}
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State&, Sink&& sink) {
    const Vec d = set1_half(p);
    sink(0, d * to_float(load_i8(p + 2)));
    sink(1, d * to_float(load_i8(p + 18)));
  }
};

}  // namespace latent4j::cpu::L4J_LEVEL
