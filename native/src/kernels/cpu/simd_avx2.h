// simd_avx2.h: Vec as two 256-bit registers (level avx2: AVX2, FMA, F16C). See simd.h.
#pragma once

#include <immintrin.h>

namespace latent4j::cpu::L4J_LEVEL {

struct Vec { __m256 lo, hi; };
struct Ints { __m256i lo, hi; };

L4J_INLINE Vec zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
L4J_INLINE Vec set1(float f) { return {_mm256_set1_ps(f), _mm256_set1_ps(f)}; }
L4J_INLINE Vec load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
L4J_INLINE void store(float* p, Vec a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
L4J_INLINE __m256i lanes_below(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
L4J_INLINE Vec load_n(const float* p, int n) {
  return {_mm256_maskload_ps(p, lanes_below(n)), _mm256_maskload_ps(p + 8, lanes_below(n - 8))};
}
L4J_INLINE void store_n(float* p, Vec a, int n) {
  _mm256_maskstore_ps(p, lanes_below(n), a.lo);
  _mm256_maskstore_ps(p + 8, lanes_below(n - 8), a.hi);
}

// Registers are too few to hold a vector that the compiler would load again.
L4J_INLINE void keep_in_register(Vec&) {}

L4J_INLINE Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
L4J_INLINE Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
L4J_INLINE Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
L4J_INLINE Vec operator/(Vec a, Vec b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
L4J_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)}; }
L4J_INLINE Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
L4J_INLINE Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }

L4J_INLINE float reduce_add(Vec a) {
  const __m256 eight = _mm256_add_ps(a.lo, a.hi);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

L4J_INLINE float reduce_max(Vec a) {
  const __m256 eight = _mm256_max_ps(a.lo, a.hi);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// Two halves of each of a and b added, side by side: [a0+a4 .. a3+a7, b0+b4 .. b3+b7].
L4J_INLINE __m256 fold8(__m256 a, __m256 b) {
  return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}
L4J_INLINE __m256 fold4(__m256 a, __m256 b) {
  return _mm256_add_ps(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0)), _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2)));
}
L4J_INLINE __m256 fold2(__m256 a, __m256 b) {
  return _mm256_add_ps(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)), _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1)));
}

L4J_INLINE void reduce_add8(const Vec (&a)[8], float* out) {
  __m256 h[8];
  for (int i = 0; i < 8; ++i) h[i] = _mm256_add_ps(a[i].lo, a[i].hi);
  // The folds work within 128-bit lanes: pairing vectors 4 apart leaves the eight sums in order.
  const __m256 low = fold4(fold8(h[0], h[4]), fold8(h[1], h[5]));
  const __m256 high = fold4(fold8(h[2], h[6]), fold8(h[3], h[7]));
  _mm256_storeu_ps(out, fold2(low, high));
}

L4J_INLINE __m128i load128(const void* p, int offset) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(static_cast<const char*>(p) + offset));
}
L4J_INLINE __m256 widen_bf16(__m128i h) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16)); }
L4J_INLINE Vec load_bf16(const void* p) { return {widen_bf16(load128(p, 0)), widen_bf16(load128(p, 16))}; }
L4J_INLINE Vec load_f16(const void* p) { return {_mm256_cvtph_ps(load128(p, 0)), _mm256_cvtph_ps(load128(p, 16))}; }
L4J_INLINE Vec set1_half(const void* p) {
  const __m256 all = _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(read<int32_t>(p))));
  return {all, all};
}
L4J_INLINE Vec set1_last_half(const void* p) {
  const int32_t both = read<int32_t>(static_cast<const char*>(p) - 2);
  const __m256 all = _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_srli_epi32(_mm_cvtsi32_si128(both), 16)));
  return {all, all};
}

L4J_INLINE __m256i round_bf16(__m256 a) {
  const __m256i u = _mm256_castps_si256(a), top = _mm256_srli_epi32(u, 16);
  const __m256i odd = _mm256_and_si256(top, _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(u, _mm256_set1_epi32(0x7fff)), odd), 16);
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
  return _mm256_blendv_epi8(rounded, _mm256_or_si256(top, _mm256_set1_epi32(0x40)), nan);
}
L4J_INLINE void store_bf16(void* p, Vec a) {
  const __m256i packed = _mm256_packus_epi32(round_bf16(a.lo), round_bf16(a.hi));
  _mm256_storeu_si256(static_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, _MM_SHUFFLE(3, 1, 2, 0)));
}

L4J_INLINE Ints ints1(int32_t i) { return {_mm256_set1_epi32(i), _mm256_set1_epi32(i)}; }
L4J_INLINE Ints operator+(Ints a, Ints b) { return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)}; }
L4J_INLINE Ints operator-(Ints a, Ints b) { return {_mm256_sub_epi32(a.lo, b.lo), _mm256_sub_epi32(a.hi, b.hi)}; }
L4J_INLINE Ints operator&(Ints a, Ints b) { return {_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)}; }
L4J_INLINE Ints operator|(Ints a, Ints b) { return {_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi)}; }
L4J_INLINE Ints shift_left(Ints a, int n) { return {_mm256_slli_epi32(a.lo, n), _mm256_slli_epi32(a.hi, n)}; }
L4J_INLINE Ints shift_right(Ints a, int n) { return {_mm256_srli_epi32(a.lo, n), _mm256_srli_epi32(a.hi, n)}; }
L4J_INLINE Ints shift_right_signed(Ints a, int n) { return {_mm256_srai_epi32(a.lo, n), _mm256_srai_epi32(a.hi, n)}; }
L4J_INLINE Vec to_float(Ints a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
L4J_INLINE Ints bits_of(Vec a) { return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)}; }
L4J_INLINE Vec floats_of(Ints a) { return {_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)}; }
L4J_INLINE Ints load_u8(const void* p) {
  const __m128i b = load128(p, 0);
  return {_mm256_cvtepu8_epi32(b), _mm256_cvtepu8_epi32(_mm_unpackhi_epi64(b, b))};
}
// 16 bytes that were put together in integer registers: a load would wait for stores of other sizes.
L4J_INLINE Ints widen_u8(uint64_t low, uint64_t high) {
  return {_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(low))),
          _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(high)))};
}
L4J_INLINE Ints load_i8(const void* p) {
  const __m128i b = load128(p, 0);
  return {_mm256_cvtepi8_epi32(b), _mm256_cvtepi8_epi32(_mm_unpackhi_epi64(b, b))};
}

}  // namespace latent4j::cpu::L4J_LEVEL
