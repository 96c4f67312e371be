// random.h: numbers that depend on a seed and a step only.
#pragma once

#include "kernels/cpu/simd.h"

namespace latent4j::cpu::L4J_LEVEL {

// Fast and well mixed: neighbouring seeds and steps give unrelated numbers (Steele, Lea, Flood 2014).
L4J_INLINE uint64_t splitmix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

L4J_INLINE uint64_t bits_of_step(uint64_t seed, uint64_t step) { return splitmix64(splitmix64(seed) + step); }

}  // namespace latent4j::cpu::L4J_LEVEL
