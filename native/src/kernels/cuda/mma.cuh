// mma.cuh: the tensor cores' instructions, and how an f32 operand is given to them without losing accuracy: as a sum of parts.
// Fragments, by lane (g = lane / 4, t = lane % 4), 16-bit elements in pairs, the first in the lower half:
//   A [16, 16]: {(g, 2t..), (g + 8, 2t..), (g, 2t + 8..), (g + 8, 2t + 8..)}; B [16 k, 8]: {(2t.., g), (2t + 8.., g)};
//   C, D [16, 8] f32: (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1).
// Tensor cores cut the sum that they accumulate to f32 instead of rounding it: keep chains of mma short and add their results up by FADD.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>

namespace latent4j::cuda {

// c += a b
__device__ inline void mma_bf16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ inline void mma_f16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Four 8 x 8 matrices of 16-bit elements; lane l gives the shared address of row l % 8 of matrix l / 8, and gets elements 2t, 2t + 1 of row
// g of each. `transposed`: of column g.
__device__ inline void ldmatrix_x4(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
__device__ inline void ldmatrix_x4_transposed(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

// The upper halves of two f32: as bf16, both cut.
__device__ inline uint32_t upper_halves(float first, float second) {
  return __byte_perm(__float_as_uint(first), __float_as_uint(second), 0x7632);
}
// What cutting to bf16 leaves; exact.
__device__ inline float below_bf16(float x) { return x - __uint_as_float(__float_as_uint(x) & 0xffff0000u); }

// A pair of f32 as three pairs of bf16 whose sum it is, exactly: 24 bits are three times 8. Infinities become NaN.
__device__ inline void split_bf16(float first, float second, uint32_t& high, uint32_t& middle, uint32_t& low) {
  high = upper_halves(first, second);
  first = below_bf16(first);
  second = below_bf16(second);
  middle = upper_halves(first, second);
  low = upper_halves(below_bf16(first), below_bf16(second));
}

}  // namespace latent4j::cuda
