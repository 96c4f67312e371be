// simd.h: the vector type that ops are written in. 16 f32 lanes on every CPU level (simd_<level>.h), so that an op is one source and lanes,
// tails and the order of sums are the same everywhere. avx2 and avx512 give equal bits; plain has no fused multiply-add.
//
// Vec:  zero, set1, load, load_n, store, store_n (unaligned; _n: the first n lanes, the others are 0 or stay), + - * /,
//       fma(a, b, c) = a b + c, max, min (a NaN in b stays), reduce_add, reduce_max, reduce_add8 (eight sums at once, bit-equal to
//       reduce_add), exp.
// Ints: 16 i32 lanes, only what decoding and exp need.
// BF16 and F16: load_bf16, load_f16, store_bf16 (nearest even), each with _n, and single numbers.
//       set1_half: the F16 at p in all lanes; may read two bytes beyond it (set1_last_half: before it), since going through an integer
//       register would cost more.
//
// Everything here is static: level objects must share nothing with each other.
#pragma once

#include <cstddef>
#include <cstdint>

#define L4J_INLINE static inline __attribute__((always_inline))

namespace latent4j::cpu::L4J_LEVEL {

constexpr int kLanes = 16;

template <typename To, typename From>
L4J_INLINE To bit_cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof(To));
  return to;
}

template <typename T>
L4J_INLINE T read(const void* p) {
  T t;
  __builtin_memcpy(&t, p, sizeof(T));
  return t;
}

// std::min and std::max are inline functions with external linkage: not for level sources.
template <typename T>
L4J_INLINE T least(T a, T b) { return b < a ? b : a; }
template <typename T>
L4J_INLINE T most(T a, T b) { return a < b ? b : a; }

L4J_INLINE float bf16_to_float(uint16_t h) { return bit_cast<float>(static_cast<uint32_t>(h) << 16); }

L4J_INLINE uint16_t float_to_bf16(float f) {
  const uint32_t u = bit_cast<uint32_t>(f);
  if ((u & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((u >> 16) | 0x40);
  return static_cast<uint16_t>((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

}  // namespace latent4j::cpu::L4J_LEVEL

#if defined(L4J_LEVEL_AVX512) || defined(L4J_LEVEL_AVX512_BF16)
#include "kernels/cpu/simd_avx512.h"
#elif defined(L4J_LEVEL_AVX2)
#include "kernels/cpu/simd_avx2.h"
#else
#include "kernels/cpu/simd_plain.h"
#endif

namespace latent4j::cpu::L4J_LEVEL {

L4J_INLINE Vec load_bf16_n(const void* p, int n) {
  uint16_t lanes[kLanes] = {};
  for (int i = 0; i < n; ++i) lanes[i] = read<uint16_t>(static_cast<const char*>(p) + 2 * i);
  return load_bf16(lanes);
}

L4J_INLINE Vec load_f16_n(const void* p, int n) {
  uint16_t lanes[kLanes] = {};
  for (int i = 0; i < n; ++i) lanes[i] = read<uint16_t>(static_cast<const char*>(p) + 2 * i);
  return load_f16(lanes);
}

L4J_INLINE void store_bf16_n(void* p, Vec a, int n) {
  uint16_t lanes[kLanes];
  store_bf16(lanes, a);
  for (int i = 0; i < n; ++i) __builtin_memcpy(static_cast<char*>(p) + 2 * i, &lanes[i], 2);
}

// exp to about 1e-7 relative, subnormal results included; exp(-inf) = 0, overflow gives inf, NaN stays NaN.
// x = n ln2 + r; a polynomial of r; times 2^n in two factors, since 2^n alone may leave the range.
L4J_INLINE Vec exp(Vec x) {
  const float round = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low mantissa bits
  x = min(set1(89.0f), max(set1(-104.0f), x));
  const Vec shifted = x * set1(1.44269504088896341f) + set1(round);
  const Vec whole = shifted - set1(round);
  const Ints n = bits_of(shifted) - ints1(bit_cast<int32_t>(round));
  Vec r = fma(whole, set1(-0.693359375f), x);
  r = fma(whole, set1(2.12194440e-4f), r);
  Vec p = set1(1.9875691500e-4f);
  p = fma(p, r, set1(1.3981999507e-3f));
  p = fma(p, r, set1(8.3334519073e-3f));
  p = fma(p, r, set1(4.1665795894e-2f));
  p = fma(p, r, set1(1.6666665459e-1f));
  p = fma(p, r, set1(5.0000001201e-1f));
  p = fma(p, r * r, r) + set1(1.0f);
  const Ints half = shift_right_signed(n, 1);
  const Vec low = floats_of(shift_left(half + ints1(127), 23));
  const Vec high = floats_of(shift_left(n - half + ints1(127), 23));
  return p * low * high;
}

}  // namespace latent4j::cpu::L4J_LEVEL
