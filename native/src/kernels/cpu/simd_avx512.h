// simd_avx512.h: Vec as one 512-bit register (levels avx512 and avx512_bf16). See simd.h.
#pragma once

// g++ 12's own header starts undefined registers as `__Y = __Y` and then warns of them wherever an intrinsic is inlined.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

namespace latent4j::cpu::L4J_LEVEL {

struct Vec { __m512 v; };
struct Ints { __m512i v; };

L4J_INLINE Vec zero() { return {_mm512_setzero_ps()}; }
L4J_INLINE Vec set1(float f) { return {_mm512_set1_ps(f)}; }
L4J_INLINE Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
L4J_INLINE void store(float* p, Vec a) { _mm512_storeu_ps(p, a.v); }
L4J_INLINE __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1); }
L4J_INLINE Vec load_n(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
L4J_INLINE void store_n(float* p, Vec a, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), a.v); }

// Holds a in a register: the compiler would rather load it again for every use, and the loads would limit the multiplications.
L4J_INLINE void keep_in_register(Vec& a) { asm("" : "+v"(a.v)); }

L4J_INLINE Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
L4J_INLINE Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
L4J_INLINE Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
L4J_INLINE Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
L4J_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
L4J_INLINE Vec max(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }
L4J_INLINE Vec min(Vec a, Vec b) { return {_mm512_min_ps(a.v, b.v)}; }

L4J_INLINE __m256 upper_half(__m512 v) { return _mm512_extractf32x8_ps(v, 1); }

L4J_INLINE float reduce_add(Vec a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.v), upper_half(a.v));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

L4J_INLINE float reduce_max(Vec a) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a.v), upper_half(a.v));
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
  for (int i = 0; i < 8; ++i) h[i] = _mm256_add_ps(_mm512_castps512_ps256(a[i].v), upper_half(a[i].v));
  // The folds work within 128-bit lanes: pairing vectors 4 apart leaves the eight sums in order.
  const __m256 low = fold4(fold8(h[0], h[4]), fold8(h[1], h[5]));
  const __m256 high = fold4(fold8(h[2], h[6]), fold8(h[3], h[7]));
  _mm256_storeu_ps(out, fold2(low, high));
}

L4J_INLINE Vec load_bf16(const void* p) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(p))), 16))};
}
L4J_INLINE Vec load_f16(const void* p) { return {_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)))}; }
L4J_INLINE Vec set1_half(const void* p) { return {_mm512_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(read<int32_t>(p))))}; }
L4J_INLINE Vec set1_last_half(const void* p) {
  const int32_t both = read<int32_t>(static_cast<const char*>(p) - 2);
  return {_mm512_broadcastss_ps(_mm_cvtph_ps(_mm_srli_epi32(_mm_cvtsi32_si128(both), 16)))};
}

L4J_INLINE void store_bf16(void* p, Vec a) {
#if defined(L4J_LEVEL_AVX512_BF16)
  _mm256_storeu_si256(static_cast<__m256i*>(p), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(a.v)));
#else
  const __m512i u = _mm512_castps_si512(a.v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd), 16);
  const __mmask16 nan = _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q);
  rounded = _mm512_mask_or_epi32(rounded, nan, _mm512_srli_epi32(u, 16), _mm512_set1_epi32(0x40));
  _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtepi32_epi16(rounded));
#endif
}

L4J_INLINE Ints ints1(int32_t i) { return {_mm512_set1_epi32(i)}; }
L4J_INLINE Ints operator+(Ints a, Ints b) { return {_mm512_add_epi32(a.v, b.v)}; }
L4J_INLINE Ints operator-(Ints a, Ints b) { return {_mm512_sub_epi32(a.v, b.v)}; }
L4J_INLINE Ints operator&(Ints a, Ints b) { return {_mm512_and_si512(a.v, b.v)}; }
L4J_INLINE Ints operator|(Ints a, Ints b) { return {_mm512_or_si512(a.v, b.v)}; }
L4J_INLINE Ints shift_left(Ints a, int n) { return {_mm512_slli_epi32(a.v, n)}; }
L4J_INLINE Ints shift_right(Ints a, int n) { return {_mm512_srli_epi32(a.v, n)}; }
L4J_INLINE Ints shift_right_signed(Ints a, int n) { return {_mm512_srai_epi32(a.v, n)}; }
L4J_INLINE Vec to_float(Ints a) { return {_mm512_cvtepi32_ps(a.v)}; }
L4J_INLINE Ints bits_of(Vec a) { return {_mm512_castps_si512(a.v)}; }
L4J_INLINE Vec floats_of(Ints a) { return {_mm512_castsi512_ps(a.v)}; }
L4J_INLINE Ints load_u8(const void* p) { return {_mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)))}; }
// 16 bytes that were put together in integer registers: a load would wait for stores of other sizes.
L4J_INLINE Ints widen_u8(uint64_t low, uint64_t high) {
  return {_mm512_cvtepu8_epi32(_mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low)))};
}
L4J_INLINE Ints load_i8(const void* p) { return {_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)))}; }

}  // namespace latent4j::cpu::L4J_LEVEL
