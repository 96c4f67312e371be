// sample.cuh: how sampling counts. Weights are summed as integers, so that a sum is the same in any order and by any number of blocks: the
// choice is then the CPU's, but for rounding in the last bits of its sums.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace latent4j::cuda {

// Of a number's place in an order: the larger value first, of equals the lower id. A larger rank comes first; no two are equal.
using Rank = uint64_t;

// Keeps the order of numbers: larger number, larger key; -0 is 0.
__device__ inline uint32_t order_key(float x) {
  const uint32_t bits = __float_as_uint(x + 0.0f);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
__device__ inline Rank rank_of(uint32_t key, int id) { return Rank{key} << 32 | static_cast<uint32_t>(~id); }

// exp as the CPU's (cpu/simd.h), bit for bit: neither contracted nor approximate.
__device__ inline float exact_exp(float x) {
  constexpr float kRound = 12582912.0f;
  x = fminf(89.0f, fmaxf(-104.0f, x));
  const float shifted = __fadd_rn(__fmul_rn(x, 1.44269504088896341f), kRound);
  const float whole = __fsub_rn(shifted, kRound);
  const int n = __float_as_int(shifted) - __float_as_int(kRound);
  float r = __fmaf_rn(whole, -0.693359375f, x);
  r = __fmaf_rn(whole, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  p = __fmaf_rn(p, r, 1.3981999507e-3f);
  p = __fmaf_rn(p, r, 8.3334519073e-3f);
  p = __fmaf_rn(p, r, 4.1665795894e-2f);
  p = __fmaf_rn(p, r, 1.6666665459e-1f);
  p = __fmaf_rn(p, r, 5.0000001201e-1f);
  p = __fadd_rn(__fmaf_rn(p, __fmul_rn(r, r), r), 1.0f);
  const int half = n >> 1;
  return __fmul_rn(__fmul_rn(p, __int_as_float((half + 127) << 23)), __int_as_float((n - half + 127) << 23));
}

// exp((x - top) scale), at most 1; a NaN weighs nothing.
__device__ inline float weight_of(float x, float top, float scale) {
  return x == x ? exact_exp(__fmul_rn(__fsub_rn(x, top), scale)) : 0.0f;
}

// A weight in units of 2^-44: 2^19 of them fit 64 bits, and what is lost on all of them together is below 2^-25 of the largest one.
__device__ inline uint64_t fixed(float weight) { return __float2ull_rn(weight * 0x1p44f); }

// Counters of 64 bits in shared memory, which adds 32 at a time.
struct alignas(8) Counter {
  uint32_t low, high;

  __device__ void clear() { *reinterpret_cast<uint2*>(this) = {0, 0}; }
  __device__ void add(uint64_t v) {
    const auto part = static_cast<uint32_t>(v);
    const uint32_t before = atomicAdd(&low, part);
    const uint32_t rest = static_cast<uint32_t>(v >> 32) + (before + part < part);
    if (rest) atomicAdd(&high, rest);
  }
  __device__ uint64_t value() const {
    const uint2 halves = *reinterpret_cast<const uint2*>(this);
    return uint64_t{halves.y} << 32 | halves.x;
  }
};

// Fast and well mixed: neighbouring seeds and steps give unrelated numbers (Steele, Lea, Flood 2014).
__device__ inline uint64_t splitmix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// In [0, 1), of (seed, step) only.
__device__ inline double uniform(uint64_t seed, uint64_t step) {
  return static_cast<double>(splitmix64(splitmix64(seed) + step) >> 11) * 0x1p-53;
}

// -log(-log(u)), u in (0, 1) of (seed, step, id) only.
__device__ inline double gumbel(uint64_t seed, uint64_t step, int id) {
  const uint64_t of_step = splitmix64(splitmix64(seed) + step);
  const double u = (static_cast<double>(splitmix64(of_step ^ static_cast<uint64_t>(id)) >> 12) + 0.5) * 0x1p-52;
  return -log(-log(u));
}

}  // namespace latent4j::cuda
