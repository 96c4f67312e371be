// dequantize.cuh: weights of every DType from device memory to f32 registers, bit for bit as decode_row gives them. A Format<DType> reads a
// matrix as weights.h stores it, in units of kUnit weights that follow each other in a row, unit 0 the matrix's first:
//   Format(matrix)                on the host; a kernel takes it by value
//   load(unit)                    the unit's bytes: one 16-byte read of weights or their lower bits, smaller ones of upper bits that lie
//                                 apart and of scales; no arithmetic, so that many loads are under way before the first is used
//   decode(packed, unit, piece)   weights 4 piece .. 4 piece + 3 of the unit; of `unit` only its place among 256 weights counts
#pragma once

#include "kernels/cuda/planes.h"

namespace latent4j::cuda {

__device__ inline float half_to_float(uint32_t half) {
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(static_cast<unsigned short>(half)));
  return f;
}
__device__ inline float lower_half(uint32_t halves) { return half_to_float(halves & 0xffff); }
__device__ inline float upper_half(uint32_t halves) { return half_to_float(halves >> 16); }

// One of a unit's words; `i` is known when the caller's loop is unrolled.
__device__ inline uint32_t word(uint4 words, int i) { return i == 0 ? words.x : i == 1 ? words.y : i == 2 ? words.z : words.w; }
__device__ inline uint32_t word(uint2 words, int i) { return i == 0 ? words.x : words.y; }
__device__ inline uint32_t word(uint32_t words, int) { return words; }

// A piece's bits from a plane of kBits bits, one weight a byte, moved up to bit kAt of the byte.
template <int kBits, int kAt = 0, typename Words>
__device__ inline uint32_t piece_bits(Words words, int piece) {
  constexpr uint32_t kMask = ((1u << kBits) - 1) * 0x01010101u << kAt;
  const int up = kAt - piece / kBits * kBits;
  const uint32_t bits = word(words, piece % kBits);
  return (up >= 0 ? bits << up : bits >> -up) & kMask;
}

// 128 + byte i of `bytes`, which is below 128: set into the mantissa, cheaper than a conversion.
__device__ inline float plus_128(uint32_t bytes, int i) { return __uint_as_float(__byte_perm(bytes, 0x43000000u, 0x7044 | i << 8)); }

// d (q - zero). d (128 + zero) and the result are exact for every format that comes here, so one multiply-add rounds nothing.
__device__ inline float4 centered(uint32_t q, float d, float zero) {
  const float c = -d * (128 + zero);
  return {__fmaf_rn(d, plus_128(q, 0), c), __fmaf_rn(d, plus_128(q, 1), c), __fmaf_rn(d, plus_128(q, 2), c),
          __fmaf_rn(d, plus_128(q, 3), c)};
}

// d q + m
__device__ inline float4 on_line(uint32_t q, float d, float m) {
  return {__fmaf_rn(d, plus_128(q, 0) - 128, m), __fmaf_rn(d, plus_128(q, 1) - 128, m), __fmaf_rn(d, plus_128(q, 2) - 128, m),
          __fmaf_rn(d, plus_128(q, 3) - 128, m)};
}

template <typename T>
const T* plane(const Matrix& w, int i) {
  return reinterpret_cast<const T*>(w.data + plane_offset(w.dtype, static_cast<size_t>(w.rows) * w.cols, i));
}

template <DType kType>
struct Format;

template <>
struct Format<DType::F32> {
  static constexpr int kUnit = 4;
  using Packed = float4;
  const float4* w = nullptr;

  Format() = default;
  explicit Format(const Matrix& matrix) : w(reinterpret_cast<const float4*>(matrix.data)) {}
  __device__ Packed load(int unit) const { return __ldg(w + unit); }
  __device__ static float4 decode(const Packed& packed, int, int) { return packed; }
};

template <>
struct Format<DType::F16> {
  static constexpr int kUnit = 8;
  using Packed = uint4;
  const uint4* w = nullptr;

  Format() = default;
  explicit Format(const Matrix& matrix) : w(reinterpret_cast<const uint4*>(matrix.data)) {}
  __device__ Packed load(int unit) const { return __ldg(w + unit); }
  __device__ static float4 decode(const Packed& packed, int, int piece) {
    const uint32_t a = word(packed, 2 * piece), b = word(packed, 2 * piece + 1);
    return {lower_half(a), upper_half(a), lower_half(b), upper_half(b)};
  }
};

template <>
struct Format<DType::BF16> {
  static constexpr int kUnit = 8;
  using Packed = uint4;
  const uint4* w = nullptr;

  Format() = default;
  explicit Format(const Matrix& matrix) : w(reinterpret_cast<const uint4*>(matrix.data)) {}
  __device__ Packed load(int unit) const { return __ldg(w + unit); }
  __device__ static float4 decode(const Packed& packed, int, int piece) {
    const uint32_t a = word(packed, 2 * piece), b = word(packed, 2 * piece + 1);
    return {__uint_as_float(a << 16), __uint_as_float(a & 0xffff0000u), __uint_as_float(b << 16), __uint_as_float(b & 0xffff0000u)};
  }
};

template <>
struct Format<DType::Q4_0> {
  static constexpr int kUnit = 32;
  struct Packed {
    uint4 low;
    uint16_t d;
  };
  const uint4* low = nullptr;
  const uint16_t* d = nullptr;

  Format() = default;
  explicit Format(const Matrix& w) : low(plane<uint4>(w, 0)), d(plane<uint16_t>(w, 2)) {}
  __device__ Packed load(int unit) const { return {__ldg(low + unit), __ldg(d + unit)}; }
  __device__ static float4 decode(const Packed& packed, int, int piece) {
    return centered(piece_bits<4>(packed.low, piece), half_to_float(packed.d), 8);
  }
};

template <>
struct Format<DType::Q4_1> {
  static constexpr int kUnit = 32;
  struct Packed {
    uint4 low;
    uint32_t dm;
  };
  const uint4* low = nullptr;
  const uint32_t* dm = nullptr;

  Format() = default;
  explicit Format(const Matrix& w) : low(plane<uint4>(w, 0)), dm(plane<uint32_t>(w, 2)) {}
  __device__ Packed load(int unit) const { return {__ldg(low + unit), __ldg(dm + unit)}; }
  __device__ static float4 decode(const Packed& packed, int, int piece) {
    return on_line(piece_bits<4>(packed.low, piece), lower_half(packed.dm), upper_half(packed.dm));
  }
};

template <>
struct Format<DType::Q5_0> {
  static constexpr int kUnit = 32;
  struct Packed {
    uint4 low;
    uint32_t top;
    uint16_t d;
  };
  const uint4* low = nullptr;
  const uint32_t* top = nullptr;
  const uint16_t* d = nullptr;

  Format() = default;
  explicit Format(const Matrix& w) : low(plane<uint4>(w, 0)), top(plane<uint32_t>(w, 1)), d(plane<uint16_t>(w, 2)) {}
  __device__ Packed load(int unit) const { return {__ldg(low + unit), __ldg(top + unit), __ldg(d + unit)}; }
  __device__ static float4 decode(const Packed& packed, int, int piece) {
    return centered(piece_bits<4>(packed.low, piece) | piece_bits<1, 4>(packed.top, piece), half_to_float(packed.d), 16);
  }
};

template <>
struct Format<DType::Q5_1> {
  static constexpr int kUnit = 32;
  struct Packed {
    uint4 low;
    uint32_t top, dm;
  };
  const uint4* low = nullptr;
  const uint32_t *top = nullptr, *dm = nullptr;

  Format() = default;
  explicit Format(const Matrix& w) : low(plane<uint4>(w, 0)), top(plane<uint32_t>(w, 1)), dm(plane<uint32_t>(w, 2)) {}
  __device__ Packed load(int unit) const { return {__ldg(low + unit), __ldg(top + unit), __ldg(dm + unit)}; }
  __device__ static float4 decode(const Packed& packed, int, int piece) {
    return on_line(piece_bits<4>(packed.low, piece) | piece_bits<1, 4>(packed.top, piece), lower_half(packed.dm), upper_half(packed.dm));
  }
};

// Units of 16: half a block, 16 bytes.
template <>
struct Format<DType::Q8_0> {
  static constexpr int kUnit = 16;
  struct Packed {
    uint4 low;
    uint16_t d;
  };
  const uint4* low = nullptr;
  const uint16_t* d = nullptr;

  Format() = default;
  explicit Format(const Matrix& w) : low(plane<uint4>(w, 0)), d(plane<uint16_t>(w, 2)) {}
  __device__ Packed load(int unit) const { return {__ldg(low + unit), __ldg(d + unit / 2)}; }
  // As centered, but q + 128 has 8 bits: 32768 + it.
  __device__ static float4 decode(const Packed& packed, int, int piece) {
    const uint32_t q = word(packed.low, piece) ^ 0x80808080u;
    const float d = half_to_float(packed.d), c = -d * (32768 + 128);
    return {__fmaf_rn(d, plus_32768(q, 0), c), __fmaf_rn(d, plus_32768(q, 1), c), __fmaf_rn(d, plus_32768(q, 2), c),
            __fmaf_rn(d, plus_32768(q, 3), c)};
  }
  __device__ static float plus_32768(uint32_t bytes, int i) {
    return __uint_as_float(__byte_perm(bytes, 0x47000000u, 0x7404 | i << 4));
  }
};

// Q2_K and Q3_K: units of 64, two of planes.h, whose lower bits are 16 bytes. Part i of a unit: 16 weights with one scale, the unit's
// pieces 4 i .. 4 i + 3, for kernels that go through a unit part by part. Its bits are the lower or the upper halves of bytes.
__device__ inline uint2 lower_bits_of_part(uint4 low, int i) {
  const int down = i % 2 * 4;
  return {(i < 2 ? low.x : low.z) >> down, (i < 2 ? low.y : low.w) >> down};
}

template <>
struct Format<DType::Q2_K> {
  static constexpr int kUnit = 64;
  struct Packed {
    uint4 low;
    uint32_t dm, scales;
  };
  struct Part {
    uint2 low;
    float d, m;
  };
  const uint4* low = nullptr;
  const uint32_t *scales = nullptr, *dm = nullptr;

  Format() = default;
  explicit Format(const Matrix& w) : low(plane<uint4>(w, 0)), scales(plane<uint32_t>(w, 2)), dm(plane<uint32_t>(w, 3)) {}
  __device__ Packed load(int unit) const { return {__ldg(low + unit), __ldg(dm + unit / 4), __ldg(scales + unit)}; }
  __device__ static Part part(const Packed& packed, int, int i) {
    const uint32_t both = packed.scales >> 8 * i;
    return {lower_bits_of_part(packed.low, i), lower_half(packed.dm) * static_cast<float>(both & 15),
            -upper_half(packed.dm) * static_cast<float>(both >> 4 & 15)};
  }
  __device__ static float4 decode(const Part& part, int, int piece) { return on_line(piece_bits<2>(part.low, piece), part.d, part.m); }
  __device__ static float4 decode(const Packed& packed, int unit, int piece) {
    return decode(part(packed, unit, piece / 4), unit, piece % 4);
  }
};

template <>
struct Format<DType::Q3_K> {
  static constexpr int kUnit = 64;
  struct Packed {
    uint4 low;
    uint2 top;
    uint32_t upper_scales;
    uint16_t lower_scales, d;
  };
  struct Part {
    uint2 low;
    uint32_t top;
    float d;
  };
  const uint4* low = nullptr;
  const uint2* top = nullptr;
  const uint16_t* lower_scales = nullptr;
  const uint32_t* upper_scales = nullptr;
  const uint16_t* d = nullptr;

  Format() = default;
  explicit Format(const Matrix& w)
      : low(plane<uint4>(w, 0)), top(plane<uint2>(w, 1)), lower_scales(plane<uint16_t>(w, 2)), upper_scales(plane<uint32_t>(w, 3)),
        d(plane<uint16_t>(w, 4)) {}
  __device__ Packed load(int unit) const {
    return {__ldg(low + unit), __ldg(top + unit), __ldg(upper_scales + unit / 4), __ldg(lower_scales + unit), __ldg(d + unit / 4)};
  }
  __device__ static Part part(const Packed& packed, int unit, int i) {
    const int scale = (packed.lower_scales >> 4 * i & 15) | (packed.upper_scales >> (8 * (unit % 4) + 2 * i) & 3) << 4;
    return {lower_bits_of_part(packed.low, i), word(packed.top, i / 2) >> i % 2 * 4,
            half_to_float(packed.d) * static_cast<float>(scale - 32)};
  }
  __device__ static float4 decode(const Part& part, int, int piece) {
    return centered(piece_bits<2>(part.low, piece) | piece_bits<1, 2>(part.top, piece), part.d, 4);
  }
  __device__ static float4 decode(const Packed& packed, int unit, int piece) {
    return decode(part(packed, unit, piece / 4), unit, piece % 4);
  }
};

// What Q4_K and Q5_K share: { d, dmin; lower 4 bits of 8 scales; of 8 mins; upper 2 bits of scale 0, min 0, scale 1, ... } per 256 weights.
__device__ inline float scale_of_32(uint4 header, int unit) {
  const int at = 4 * (unit % 8);
  return lower_half(header.x) * static_cast<float>((header.y >> at & 15) | (header.w >> at & 3) << 4);
}
__device__ inline float offset_of_32(uint4 header, int unit) {
  const int at = 4 * (unit % 8);
  return -upper_half(header.x) * static_cast<float>((header.z >> at & 15) | (header.w >> (at + 2) & 3) << 4);
}

template <>
struct Format<DType::Q4_K> {
  static constexpr int kUnit = 32;
  struct Packed {
    uint4 low, header;
  };
  const uint4 *low = nullptr, *header = nullptr;

  Format() = default;
  explicit Format(const Matrix& w) : low(plane<uint4>(w, 0)), header(plane<uint4>(w, 2)) {}
  __device__ Packed load(int unit) const { return {__ldg(low + unit), __ldg(header + unit / 8)}; }
  __device__ static float4 decode(const Packed& packed, int unit, int piece) {
    return on_line(piece_bits<4>(packed.low, piece), scale_of_32(packed.header, unit), offset_of_32(packed.header, unit));
  }
};

template <>
struct Format<DType::Q5_K> {
  static constexpr int kUnit = 32;
  struct Packed {
    uint4 low, header;
    uint32_t top;
  };
  const uint4 *low = nullptr, *header = nullptr;
  const uint32_t* top = nullptr;

  Format() = default;
  explicit Format(const Matrix& w) : low(plane<uint4>(w, 0)), header(plane<uint4>(w, 2)), top(plane<uint32_t>(w, 1)) {}
  __device__ Packed load(int unit) const { return {__ldg(low + unit), __ldg(header + unit / 8), __ldg(top + unit)}; }
  __device__ static float4 decode(const Packed& packed, int unit, int piece) {
    return on_line(piece_bits<4>(packed.low, piece) | piece_bits<1, 4>(packed.top, piece), scale_of_32(packed.header, unit),
                   offset_of_32(packed.header, unit));
  }
};

template <>
struct Format<DType::Q6_K> {
  static constexpr int kUnit = 32;
  struct Packed {
    uint4 low;
    uint2 top;
    uint16_t scales, d;
  };
  const uint4* low = nullptr;
  const uint2* top = nullptr;
  const uint16_t *scales = nullptr, *d = nullptr;

  Format() = default;
  explicit Format(const Matrix& w)
      : low(plane<uint4>(w, 0)), top(plane<uint2>(w, 1)), scales(plane<uint16_t>(w, 2)), d(plane<uint16_t>(w, 3)) {}
  __device__ Packed load(int unit) const { return {__ldg(low + unit), __ldg(top + unit), __ldg(scales + unit), __ldg(d + unit / 8)}; }
  __device__ static float4 decode(const Packed& packed, int, int piece) {
    const auto scale = static_cast<int8_t>(packed.scales >> piece / 4 * 8);
    return centered(piece_bits<4>(packed.low, piece) | piece_bits<2, 4>(packed.top, piece),
                    half_to_float(packed.d) * static_cast<float>(scale), 32);
  }
};

// visit.operator()<DType>() for the DType that `type` names.
template <typename Visit>
auto with_dtype(DType type, const Visit& visit) {
  switch (type) {
    case DType::F32: return visit.template operator()<DType::F32>();
    case DType::F16: return visit.template operator()<DType::F16>();
    case DType::BF16: return visit.template operator()<DType::BF16>();
    case DType::Q4_0: return visit.template operator()<DType::Q4_0>();
    case DType::Q4_1: return visit.template operator()<DType::Q4_1>();
    case DType::Q5_0: return visit.template operator()<DType::Q5_0>();
    case DType::Q5_1: return visit.template operator()<DType::Q5_1>();
    case DType::Q8_0: return visit.template operator()<DType::Q8_0>();
    case DType::Q2_K: return visit.template operator()<DType::Q2_K>();
    case DType::Q3_K: return visit.template operator()<DType::Q3_K>();
    case DType::Q4_K: return visit.template operator()<DType::Q4_K>();
    case DType::Q5_K: return visit.template operator()<DType::Q5_K>();
    default: return visit.template operator()<DType::Q6_K>();
  }
}

}  // namespace latent4j::cuda
