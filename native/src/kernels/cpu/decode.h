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

// The formats with blocks of 32, { f16 d; (f16 m;) ... }: block(p, scales, sink) decodes the block at p with scales that were read before;
// kScales is 1 (d) or 2 (d and m).
struct Scales { Vec d, m; };

template <typename Block>
struct OneBlock : Block {
  static constexpr int kElements = 32, kParts = 1, kVecs = 2;
  using State = NoState;
  L4J_INLINE void prepare(const std::byte*, State&) {}
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State&, Sink&& sink) {
    Block::block(p, {set1_half(p), Block::kScales == 2 ? set1_half(p + 2) : zero()}, sink);
  }
};

#if defined(L4J_LEVEL_AVX512) || defined(L4J_LEVEL_AVX512_BF16)
// Four blocks at once: their scales are converted together, stored, and each then loaded into all lanes, since shuffles are what limits
// decoding.
template <typename Block>
struct FourBlocks {
  static constexpr int kElements = 128, kBytes = 4 * Block::kBytes, kParts = 4, kVecs = 2;
  struct State { float scales[8]; };  // d0, m0, d1, m1, ...
  L4J_INLINE void prepare(const std::byte* p, State& state) {
    // Loads of 64 bytes that hold the four headers and nothing beyond the blocks.
    constexpr int kSecond = kBytes < 128 ? kBytes - 64 : 64;
    short at[8];
    for (int i = 0; i < 8; ++i) {
      const int byte = i / 2 * Block::kBytes + i % 2 * 2;
      at[i] = static_cast<short>(byte + 2 <= 64 ? byte / 2 : 32 + (byte - kSecond) / 2);
    }
    const __m512i index = _mm512_zextsi128_si512(_mm_setr_epi16(at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7]));
    __m512i halves = _mm512_loadu_si512(p);
    if constexpr (3 * Block::kBytes + 4 <= 64) {
      halves = _mm512_permutexvar_epi16(index, halves);
    } else {
      halves = _mm512_permutex2var_epi16(halves, index, _mm512_loadu_si512(p + kSecond));
    }
    _mm256_storeu_ps(state.scales, _mm256_cvtph_ps(_mm512_castsi512_si128(halves)));
    asm("" : "+m"(state.scales));
  }
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State& state, Sink&& sink) {
    Block::block(p + kPart * Block::kBytes,
                 {set1(state.scales[2 * kPart]), Block::kScales == 2 ? set1(state.scales[2 * kPart + 1]) : zero()}, sink);
  }
};
#endif

// { f16 d; u8 q[16]; }: w = d (q - 8), elements 0..15 in the lower nibbles, 16..31 in the upper.
struct Q4_0Block {
  static constexpr int kBytes = 18, kScales = 1;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Scales scales, Sink&& sink) {
    const Line line = centered4(scales.d);
    const Ints q = load_u8(p + 2);
    sink(0, at4(line, q));
    sink(1, at4(line, shift_right(q, 4)));
  }
};

// { f16 d, m; u8 q[16]; }: w = d q + m.
struct Q4_1Block {
  static constexpr int kBytes = 20, kScales = 2;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Scales scales, Sink&& sink) {
    const Line line = line4(scales.d, scales.m);
    const Ints q = load_u8(p + 4);
    sink(0, at4(line, q));
    sink(1, at4(line, shift_right(q, 4)));
  }
};

// { f16 d; u32 fifth_bits; u8 q[16]; }: w = d (q - 16).
struct Q5_0Block {
  static constexpr int kBytes = 22, kScales = 1;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Scales scales, Sink&& sink) {
    const Centered5 line = centered5(scales.d);
    const Ints q = load_u8(p + 6);
    sink(0, at5_bits(line, q, load_bits(p + 2)));
    sink(1, at5_bits(line, shift_right(q, 4), load_bits(p + 4)));
  }
};

// { f16 d, m; u32 fifth_bits; u8 q[16]; }: w = d q + m.
struct Q5_1Block {
  static constexpr int kBytes = 24, kScales = 2;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Scales scales, Sink&& sink) {
    const Line5 line = line5(scales.d, scales.m);
    const Ints q = load_u8(p + 8);
    sink(0, at5_bits(line, q, load_bits(p + 4)));
    sink(1, at5_bits(line, shift_right(q, 4), load_bits(p + 6)));
  }
};

// { f16 d; i8 q[32]; }: w = d q.
struct Q8_0Block {
  static constexpr int kBytes = 34, kScales = 1;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Scales scales, Sink&& sink) {
    sink(0, scales.d * to_float(load_i8(p + 2)));
    sink(1, scales.d * to_float(load_i8(p + 18)));
  }
};

using Q4_0Format = OneBlock<Q4_0Block>;
using Q4_1Format = OneBlock<Q4_1Block>;
using Q5_0Format = OneBlock<Q5_0Block>;
using Q5_1Format = OneBlock<Q5_1Block>;
using Q8_0Format = OneBlock<Q8_0Block>;

// What matmul streams: several blocks at once where that is faster. What is left of a row is decoded block by block.
template <typename Format>
struct Stretch { using Type = Format; };
#if defined(L4J_LEVEL_AVX512) || defined(L4J_LEVEL_AVX512_BF16)
template <typename Block>
struct Stretch<OneBlock<Block>> { using Type = FourBlocks<Block>; };
#endif

}  // namespace latent4j::cpu::L4J_LEVEL
