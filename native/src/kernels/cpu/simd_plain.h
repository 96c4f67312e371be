// simd_plain.h: Vec as four 4-lane vectors of the compiler's own vector extension (level plain: SSE2 on x86-64, NEON elsewhere). See
// simd.h.
#pragma once

namespace latent4j::cpu::L4J_LEVEL {

typedef float Float4 __attribute__((vector_size(16)));
typedef int32_t Int4 __attribute__((vector_size(16)));

struct Vec { Float4 a, b, c, d; };
struct Ints { Int4 a, b, c, d; };

L4J_INLINE Vec set1(float f) {
  const Float4 v = {f, f, f, f};
  return {v, v, v, v};
}
L4J_INLINE Vec zero() { return set1(0.0f); }
L4J_INLINE Vec load(const float* p) { return {read<Float4>(p), read<Float4>(p + 4), read<Float4>(p + 8), read<Float4>(p + 12)}; }
L4J_INLINE void store(float* p, Vec x) { __builtin_memcpy(p, &x, sizeof(x)); }
L4J_INLINE Vec load_n(const float* p, int n) {
  float lanes[kLanes] = {};
  for (int i = 0; i < n; ++i) lanes[i] = read<float>(p + i);
  return load(lanes);
}
L4J_INLINE void store_n(float* p, Vec x, int n) {
  float lanes[kLanes];
  store(lanes, x);
  for (int i = 0; i < n; ++i) __builtin_memcpy(p + i, &lanes[i], sizeof(float));
}

L4J_INLINE void keep_in_register(Vec&) {}

L4J_INLINE Vec operator+(Vec x, Vec y) { return {x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d}; }
L4J_INLINE Vec operator-(Vec x, Vec y) { return {x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d}; }
L4J_INLINE Vec operator*(Vec x, Vec y) { return {x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d}; }
L4J_INLINE Vec operator/(Vec x, Vec y) { return {x.a / y.a, x.b / y.b, x.c / y.c, x.d / y.d}; }
L4J_INLINE Vec fma(Vec x, Vec y, Vec z) { return x * y + z; }
L4J_INLINE Float4 max4(Float4 x, Float4 y) { return x > y ? x : y; }
L4J_INLINE Float4 min4(Float4 x, Float4 y) { return x < y ? x : y; }
L4J_INLINE Vec max(Vec x, Vec y) { return {max4(x.a, y.a), max4(x.b, y.b), max4(x.c, y.c), max4(x.d, y.d)}; }
L4J_INLINE Vec min(Vec x, Vec y) { return {min4(x.a, y.a), min4(x.b, y.b), min4(x.c, y.c), min4(x.d, y.d)}; }

L4J_INLINE float reduce_add(Vec x) {
  const Float4 four = (x.a + x.c) + (x.b + x.d);
  return (four[0] + four[2]) + (four[1] + four[3]);
}
L4J_INLINE float reduce_max(Vec x) {
  const Float4 four = max4(max4(x.a, x.c), max4(x.b, x.d));
  const float even = four[0] > four[2] ? four[0] : four[2], odd = four[1] > four[3] ? four[1] : four[3];
  return even > odd ? even : odd;
}
L4J_INLINE void reduce_add8(const Vec (&x)[8], float* out) {
  for (int i = 0; i < 8; ++i) out[i] = reduce_add(x[i]);
}

// Shifts exponent and mantissa into place, corrects the exponent's bias by a multiplication (subnormals come out right), keeps inf and NaN.
L4J_INLINE float f16_to_float(uint16_t h) {
  const uint32_t magnitude = static_cast<uint32_t>(h & 0x7fff) << 13;
  float f = bit_cast<float>(magnitude) * 0x1p112f;
  if ((h & 0x7c00) == 0x7c00) f = bit_cast<float>(magnitude | 0x7f800000u);
  return (h & 0x8000) ? -f : f;
}

L4J_INLINE Vec set1_half(const void* p) { return set1(f16_to_float(read<uint16_t>(p))); }
L4J_INLINE Vec set1_last_half(const void* p) { return set1_half(p); }

L4J_INLINE Vec load_bf16(const void* p) {
  float lanes[kLanes];
  for (int i = 0; i < kLanes; ++i) lanes[i] = bf16_to_float(read<uint16_t>(static_cast<const char*>(p) + 2 * i));
  return load(lanes);
}
L4J_INLINE Vec load_f16(const void* p) {
  float lanes[kLanes];
  for (int i = 0; i < kLanes; ++i) lanes[i] = f16_to_float(read<uint16_t>(static_cast<const char*>(p) + 2 * i));
  return load(lanes);
}
L4J_INLINE void store_bf16(void* p, Vec x) {
  float lanes[kLanes];
  uint16_t halves[kLanes];
  store(lanes, x);
  for (int i = 0; i < kLanes; ++i) halves[i] = float_to_bf16(lanes[i]);
  __builtin_memcpy(p, halves, sizeof(halves));
}

L4J_INLINE Ints ints1(int32_t i) {
  const Int4 v = {i, i, i, i};
  return {v, v, v, v};
}
L4J_INLINE Ints operator+(Ints x, Ints y) { return {x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d}; }
L4J_INLINE Ints operator-(Ints x, Ints y) { return {x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d}; }
L4J_INLINE Ints operator&(Ints x, Ints y) { return {x.a & y.a, x.b & y.b, x.c & y.c, x.d & y.d}; }
L4J_INLINE Ints operator|(Ints x, Ints y) { return {x.a | y.a, x.b | y.b, x.c | y.c, x.d | y.d}; }
L4J_INLINE Ints shift_left(Ints x, int n) { return {x.a << n, x.b << n, x.c << n, x.d << n}; }
L4J_INLINE Ints shift_right_signed(Ints x, int n) { return {x.a >> n, x.b >> n, x.c >> n, x.d >> n}; }
L4J_INLINE Ints shift_right(Ints x, int n) { return shift_right_signed(x, n) & ints1(static_cast<int32_t>(~0u >> n)); }
L4J_INLINE Vec to_float(Ints x) {
  return {__builtin_convertvector(x.a, Float4), __builtin_convertvector(x.b, Float4), __builtin_convertvector(x.c, Float4),
          __builtin_convertvector(x.d, Float4)};
}
L4J_INLINE Ints bits_of(Vec x) { return bit_cast<Ints>(x); }
L4J_INLINE Vec floats_of(Ints x) { return bit_cast<Vec>(x); }
template <typename Byte>
L4J_INLINE Ints load_bytes(const void* p) {
  int32_t lanes[kLanes];
  for (int i = 0; i < kLanes; ++i) lanes[i] = static_cast<const Byte*>(p)[i];
  return read<Ints>(lanes);
}
L4J_INLINE Ints load_u8(const void* p) { return load_bytes<uint8_t>(p); }
// 16 bytes that were put together in integer registers.
L4J_INLINE Ints widen_u8(uint64_t low, uint64_t high) {
  const uint64_t both[2] = {low, high};
  return load_u8(both);
}
L4J_INLINE Ints load_i8(const void* p) { return load_bytes<int8_t>(p); }

}  // namespace latent4j::cpu::L4J_LEVEL
