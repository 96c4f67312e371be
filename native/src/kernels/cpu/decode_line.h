// decode_line.h: w = d q + m for quantized q of 2 to 5 bits. AVX-512 computes the few possible w once per d and m and looks them up: one
// permutation per 16 weights, and it ignores the index's upper bits, so that q needs no masking. d q is exact in f32 for every format that
// comes here, so fused or not, looked up or computed, the bits are the same.
#pragma once

#include "kernels/cpu/simd.h"

namespace latent4j::cpu::L4J_LEVEL {

#if defined(L4J_LEVEL_AVX512) || defined(L4J_LEVEL_AVX512_BF16)

struct Line { Vec table; };
struct Line5 { Vec low, high; };

L4J_INLINE Vec count_from(float first) {
  const Vec lanes = {_mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
  return lanes + set1(first);
}
L4J_INLINE Vec look_up(Vec table, Ints q) { return {_mm512_permutexvar_ps(q.v, table.v)}; }

L4J_INLINE Line line4(Vec d, Vec m) { return {fma(d, count_from(0), m)}; }
L4J_INLINE Line5 line5(Vec d, Vec m) { return {fma(d, count_from(0), m), fma(d, count_from(16), m)}; }
L4J_INLINE Vec at4(Line line, Ints q) { return look_up(line.table, q); }
// q: the lower 4 bits; bit 4 of `fifth`: the fifth.
L4J_INLINE Vec at5(Line5 line, Ints q, Ints fifth) {
  const __m512i index = _mm512_ternarylogic_epi32(_mm512_set1_epi32(15), q.v, fifth.v, 0xCA);
  return {_mm512_permutex2var_ps(line.low.v, index, line.high.v)};
}
// Bit i of the u16 at p for lane i. (The intrinsics go through an integer register, which costs twice as much.)
struct Bits { __mmask16 lanes; };
L4J_INLINE Bits load_bits(const std::byte* p) {
  Bits bits;
  asm("kmovw %1, %0" : "=k"(bits.lanes) : "m"(*reinterpret_cast<const std::byte(*)[2]>(p)));
  return bits;
}
// q: the lower 4 bits; `bits`: the fifth.
L4J_INLINE Vec at5_bits(Line5 line, Ints q, Bits bits) {
  const Vec low = look_up(line.low, q);
  return {_mm512_mask_permutexvar_ps(low.v, bits.lanes, q.v, line.high.v)};
}

// w = d (q - 8). The zero's sign is that of a sum, as on other levels.
L4J_INLINE Line centered4(Vec d) { return {fma(d, count_from(-8), zero())}; }

// w = d (q - 16): every such w is exact, so the fifth bit may as well add 16 d to the others' w.
struct Centered5 { Vec low, step; };
L4J_INLINE Centered5 centered5(Vec d) { return {d * count_from(-16), d * set1(16)}; }
L4J_INLINE Vec at5_bits(Centered5 line, Ints q, Bits bits) {
  const Vec low = look_up(line.low, q);
  return {_mm512_mask_add_ps(low.v, bits.lanes, low.v, line.step.v)};
}

#else

struct Line { Vec d, m; };
using Line5 = Line;

L4J_INLINE Line line2(Vec d, Vec m) { return {d, m}; }
L4J_INLINE Line line4(Vec d, Vec m) { return {d, m}; }
L4J_INLINE Line5 line5(Vec d, Vec m) { return {d, m}; }
L4J_INLINE Vec at2(Line line, Ints q) { return fma(line.d, to_float(q & ints1(3)), line.m); }
L4J_INLINE Vec at4(Line line, Ints q) { return fma(line.d, to_float(q & ints1(15)), line.m); }
L4J_INLINE Vec at5(Line5 line, Ints q, Ints fifth) {
  return fma(line.d, to_float((q & ints1(15)) | (fifth & ints1(16))), line.m);
}
// Bit i of the u16 at p as bit 4 of lane i.
L4J_INLINE Ints load_bits(const std::byte* p) {
#if defined(L4J_LEVEL_AVX2)
  const __m256i shifted = _mm256_set1_epi32(read<uint16_t>(p) << 4), lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return {_mm256_srlv_epi32(shifted, lanes), _mm256_srlv_epi32(shifted, _mm256_add_epi32(lanes, _mm256_set1_epi32(8)))};
#else
  const uint32_t bits = read<uint16_t>(p);
  int32_t lanes[kLanes];
  for (int i = 0; i < kLanes; ++i) lanes[i] = static_cast<int32_t>((bits << 4) >> i);
  return read<Ints>(lanes);
#endif
}
L4J_INLINE Vec at5_bits(Line5 line, Ints q, Ints bits) { return at5(line, q, bits); }

L4J_INLINE Line centered4(Vec d) { return {d, d * set1(-8)}; }
using Centered5 = Line;
L4J_INLINE Centered5 centered5(Vec d) { return {d, d * set1(-16)}; }

// w = d (q - 4), q: bits 0 and 1 of `low`, bit 2 of `top`.
struct Centered3 { Vec d; };
L4J_INLINE Centered3 centered3(Vec d) { return {d}; }
L4J_INLINE Vec at3(Centered3 line, Ints low, Ints top) {
  return line.d * to_float(((low & ints1(3)) | (top & ints1(4))) - ints1(4));
}

#endif

}  // namespace latent4j::cpu::L4J_LEVEL
