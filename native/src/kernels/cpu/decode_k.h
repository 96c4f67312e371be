// decode_k.h: blocks of GGUF's K formats (256 elements in 8 or 16 groups, each with a scale of its own) to f32 vectors; see decode.h.
#pragma once

#include "kernels/cpu/decode.h"

namespace latent4j::cpu::L4J_LEVEL {

L4J_INLINE uint64_t join(uint32_t low, uint32_t high) { return low | static_cast<uint64_t>(high) << 32; }

// Scales d s and offsets -dmin m of a block's 8 groups of 32, from the 12 bytes that Q4_K and Q5_K share: 6 bits each, the lower four groups'
// in bytes 0..3 and 4..7, the upper four's in the nibbles of bytes 8..11 and the top bits of the others.
struct GroupsOf32 {
  float scale[16], offset[16];  // of group j: scale[j], offset[8 + j]
};
L4J_INLINE void read_groups(const std::byte* p, GroupsOf32& groups) {
  const uint32_t a = read<uint32_t>(p + 4), b = read<uint32_t>(p + 8), c = read<uint32_t>(p + 12);
  const uint64_t scales = join(a & 0x3f3f3f3f, (c & 0x0f0f0f0f) | ((a >> 2) & 0x30303030));
  const uint64_t offsets = join(b & 0x3f3f3f3f, ((c >> 4) & 0x0f0f0f0f) | ((b >> 2) & 0x30303030));
  const Vec both = to_float(widen_u8(scales, offsets));
  store(groups.scale, set1(half_at(p)) * both);
  store(groups.offset, set1(-half_at(p + 2)) * both);
}

// { u8 scales[16]; u8 q[64]; f16 d, dmin; }: 16 groups of 16, w = d (scale & 15) q - dmin (scale >> 4). Bytes 32h .. 32h + 31 hold elements
// 128h .. 128h + 127: bits 2j, 2j + 1 of byte l are element 32j + l.
struct Q2_KFormat {
  static constexpr int kElements = 256, kBytes = 84;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    const Ints packed = load_u8(p);
    float scale[16], offset[16];
    store(scale, set1(half_at(p + 80)) * to_float(packed & ints1(15)));
    store(offset, set1(-half_at(p + 82)) * to_float(shift_right(packed, 4)));
#pragma GCC unroll 4
    for (int half = 0; half < 2; ++half) {
      const Ints q[2] = {load_u8(p + 16 + 32 * half), load_u8(p + 32 + 32 * half)};
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {
        const int group = 8 * half + j;
        sink(group, at2(line2(set1(scale[group]), set1(offset[group])), shift_right(q[j % 2], j / 2 * 2)));
      }
    }
  }
};

// { u8 third_bits[32]; u8 q[64]; u8 scales[12]; f16 d; }: 16 groups of 16, w = d (scale - 32) (q - (third bit ? 0 : 4)). q as in Q2_K; bit
// 4h + j of byte l of third_bits belongs to element 128h + 32j + l.
struct Q3_KFormat {
  static constexpr int kElements = 256, kBytes = 110;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    const uint32_t a = read<uint32_t>(p + 96), b = read<uint32_t>(p + 100), c = read<uint32_t>(p + 104);
    const uint64_t low = join((a & 0x0f0f0f0f) | ((c << 4) & 0x30303030), (b & 0x0f0f0f0f) | ((c << 2) & 0x30303030));
    const uint64_t high = join(((a >> 4) & 0x0f0f0f0f) | (c & 0x30303030), ((b >> 4) & 0x0f0f0f0f) | ((c >> 2) & 0x30303030));
    float scale[16];
    store(scale, set1(half_at(p + 108)) * to_float(widen_u8(low, high) - ints1(32)));
    const Ints third[2] = {load_u8(p), load_u8(p + 16)};
#pragma GCC unroll 4
    for (int half = 0; half < 2; ++half) {
      const Ints q[2] = {load_u8(p + 32 + 32 * half), load_u8(p + 48 + 32 * half)};
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {
        const int group = 8 * half + j, bit = group / 2;
        const Ints top = (bit < 2 ? shift_left(third[j % 2], 2 - bit) : shift_right(third[j % 2], bit - 2)) & ints1(4);
        sink(group, set1(scale[group]) * to_float(((shift_right(q[j % 2], j / 2 * 2) & ints1(3)) | top) - ints1(4)));
      }
    }
  }
};

// { f16 d, dmin; u8 scales[12]; u8 q[128]; }: w = d s q - dmin m; byte 32i + l holds elements 64i + l (lower nibble) and 64i + 32 + l.
struct Q4_KFormat {
  static constexpr int kElements = 256, kBytes = 144;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    GroupsOf32 groups;
    read_groups(p, groups);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const Ints q0 = load_u8(p + 16 + 32 * i), q1 = load_u8(p + 32 + 32 * i);
      const Line low = line4(set1(groups.scale[2 * i]), set1(groups.offset[8 + 2 * i]));
      const Line high = line4(set1(groups.scale[2 * i + 1]), set1(groups.offset[9 + 2 * i]));
      sink(4 * i, at4(low, q0));
      sink(4 * i + 1, at4(low, q1));
      sink(4 * i + 2, at4(high, shift_right(q0, 4)));
      sink(4 * i + 3, at4(high, shift_right(q1, 4)));
    }
  }
};

// { f16 d, dmin; u8 scales[12]; u8 fifth_bits[32]; u8 q[128]; }: as Q4_K; bit 2i + nibble of byte l of fifth_bits is the fifth bit.
struct Q5_KFormat {
  static constexpr int kElements = 256, kBytes = 176;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    GroupsOf32 groups;
    read_groups(p, groups);
    const Ints h0 = shift_left(load_u8(p + 16), 4), h1 = shift_left(load_u8(p + 32), 4);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const Ints q0 = load_u8(p + 48 + 32 * i), q1 = load_u8(p + 64 + 32 * i);
      const Line5 low = line5(set1(groups.scale[2 * i]), set1(groups.offset[8 + 2 * i]));
      const Line5 high = line5(set1(groups.scale[2 * i + 1]), set1(groups.offset[9 + 2 * i]));
      sink(4 * i, at5(low, q0, shift_right(h0, 2 * i)));
      sink(4 * i + 1, at5(low, q1, shift_right(h1, 2 * i)));
      sink(4 * i + 2, at5(high, shift_right(q0, 4), shift_right(h0, 2 * i + 1)));
      sink(4 * i + 3, at5(high, shift_right(q1, 4), shift_right(h1, 2 * i + 1)));
    }
  }
};

// { u8 q[128]; u8 top_bits[64]; i8 scales[16]; f16 d; }: 16 groups of 16, w = d s (q - 32). Of each half's 128 elements, element 32j + l has its
// lower 4 bits in nibble j / 2 of byte 32 (j % 2) + l of q, the upper 2 in bits 2j, 2j + 1 of byte l of top_bits.
struct Q6_KFormat {
  static constexpr int kElements = 256, kBytes = 210;
  template <typename Sink>
  L4J_INLINE void block(const std::byte* p, Sink&& sink) {
    float scale[16];
    store(scale, set1(half_at(p + 208)) * to_float(load_i8(p + 192)));
#pragma GCC unroll 4
    for (int half = 0; half < 2; ++half) {
      const std::byte *q = p + 64 * half, *top_bits = p + 128 + 32 * half;
      const Ints low[4] = {load_u8(q), load_u8(q + 16), load_u8(q + 32), load_u8(q + 48)};
      const Ints top[2] = {shift_left(load_u8(top_bits), 4), shift_left(load_u8(top_bits + 16), 4)};
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {  // elements 16j .. 16j + 15 of the half
        const int group = 8 * half + j;
        const Ints nibble = j < 4 ? low[j] & ints1(15) : shift_right(low[j - 4], 4);
        const Ints six = nibble | (shift_right(top[j % 2], j / 2 * 2) & ints1(48));
        sink(group, set1(scale[group]) * to_float(six - ints1(32)));
      }
    }
  }
};

}  // namespace latent4j::cpu::L4J_LEVEL
