// decode_k_avx512.h: Q2_K and Q3_K for AVX-512; decode_k.h, which includes this file, describes the blocks. Tables whose index takes the
// bits of q from where they lie save shifts, and parts are short so that rows take turns often.
#pragma once

namespace latent4j::cpu::L4J_LEVEL {

// mask ? a : b, bit by bit.
L4J_INLINE Ints choose(int32_t mask, Ints a, Ints b) { return {_mm512_ternarylogic_epi32(_mm512_set1_epi32(mask), a.v, b.v, 0xCA)}; }

struct Q2_KFormat {
  static constexpr int kElements = 256, kBytes = 84, kParts = 4, kVecs = 4;
  using State = Groups;
  L4J_INLINE void prepare(const std::byte* p, Groups& groups) {
    const Ints packed = load_u8(p);
    const __m512 halves = _mm512_cvtph_ps(_mm256_set1_epi32(read<int32_t>(p + 80)));
    store_loadable(groups.scale, Vec{_mm512_moveldup_ps(halves)} * to_float(packed & ints1(15)));
    store_loadable(groups.offset, Vec{_mm512_movehdup_ps(halves)} * to_float(shift_right(packed, 4)));
  }
  // q lies in bits 0 and 1 of the index, or in bits 2 and 3: the table is made to suit.
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const Groups& groups, Sink&& sink) {
    const Vec low = {_mm512_setr_ps(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)};
    const Vec high = {_mm512_setr_ps(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3)};
    const std::byte* bytes = p + 16 + 32 * (kPart / 2);
    Ints q[2] = {load_u8(bytes), load_u8(bytes + 16)};
#pragma GCC unroll 8
    for (int v = 0; v < 4; ++v) {
      if (v < 2 && kPart % 2 == 1) q[v] = shift_right(q[v], 4);
      const Vec scale = set1(groups.scale[4 * kPart + v]), offset = set1(groups.offset[4 * kPart + v]);
      sink(v, look_up({_mm512_fmsub_ps(scale.v, v < 2 ? low.v : high.v, offset.v)}, q[v % 2]));
    }
  }
};

struct Q3_KFormat {
  static constexpr int kElements = 256, kBytes = 110, kParts = 4, kVecs = 4;
  using State = Groups;
  L4J_INLINE void prepare(const std::byte* p, Groups& groups) {
    const __m128i nibbles = _mm_srlv_epi32(_mm_set1_epi64x(read<int64_t>(p + 96)), _mm_setr_epi32(0, 0, 4, 4));
    const __m128i low = _mm_and_si128(nibbles, _mm_set1_epi8(15));
    const __m128i top = _mm_rolv_epi32(_mm_set1_epi32(read<int32_t>(p + 104)), _mm_setr_epi32(4, 2, 0, 30));
    const __m128i scale = _mm_ternarylogic_epi32(low, top, _mm_set1_epi8(0x30), 0xF8);
    store_loadable(groups.scale, set1_last_half(p + 108) * to_float(Ints{_mm512_cvtepu8_epi32(scale)} - ints1(32)));
  }
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const Groups& groups, Sink&& sink) {
    // Even j: q in bits 0, 1 of the index, the third bit in bit 2. Odd j: q in bits 2, 3, the third bit in bit 1.
    const Vec even = {_mm512_setr_ps(-4, -3, -2, -1, 0, 1, 2, 3, -4, -3, -2, -1, 0, 1, 2, 3)};
    const Vec odd = {_mm512_setr_ps(-4, -4, 0, 0, -3, -3, 1, 1, -2, -2, 2, 2, -1, -1, 3, 3)};
    const std::byte* bytes = p + 32 + 32 * (kPart / 2);
    const Ints third[2] = {load_u8(p), load_u8(p + 16)};
    Ints q[2] = {load_u8(bytes), load_u8(bytes + 16)};
#pragma GCC unroll 8
    for (int v = 0; v < 4; ++v) {
      if (v < 2 && kPart % 2 == 1) q[v] = shift_right(q[v], 4);
      const int shift = 2 * kPart + v / 2 - (v < 2 ? 2 : 1);
      const Ints top = shift < 0 ? shift_left(third[v % 2], -shift) : shift_right(third[v % 2], shift);
      sink(v, look_up(set1(groups.scale[4 * kPart + v]) * (v < 2 ? even : odd), choose(v < 2 ? 3 : 12, q[v % 2], top)));
    }
  }
};

}  // namespace latent4j::cpu::L4J_LEVEL
