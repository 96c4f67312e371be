// decode_k.h: blocks of GGUF's K formats (256 elements in 8 or 16 groups, each with a scale of its own) to f32 vectors; see decode.h.
// Groups' scales are computed together, stored, and each then loaded into all lanes: loads are free where shuffles are what limits
// decoding.
#pragma once

#include "kernels/cpu/decode.h"

namespace latent4j::cpu::L4J_LEVEL {

// What a block's groups share. Group j: w = scale[j] q + offset[j] (formats without offsets leave them).
struct Groups {
  float scale[16], offset[16];
};
// Keeps the compiler from turning loads of single scales back into shuffles of the stored vector.
L4J_INLINE void store_loadable(float (&lanes)[16], Vec values) {
  store(lanes, values);
  asm("" : "+m"(lanes));
}

L4J_INLINE uint64_t join(uint32_t low, uint32_t high) { return low | static_cast<uint64_t>(high) << 32; }

// Scales d s and offsets -dmin m of 8 groups of 32, from the 12 bytes that Q4_K and Q5_K share: 6 bits each, the lower four groups' in
// bytes 0..3 and 4..7, the upper four's in the nibbles of bytes 8..11 and the top bits of the others. Lanes 0..3 are s, lanes 4..7 m of
// the lower four groups, lanes 8..15 of the upper four; group j has its scale at at32(j), its offset 4 further.
L4J_INLINE void read_groups_of_32(const std::byte* p, Groups& groups) {
  const uint64_t ab = read<uint64_t>(p + 4);
  const uint32_t c = read<uint32_t>(p + 12);
  const uint64_t low = ab & 0x3f3f3f3f3f3f3f3f;
  const uint64_t high = join(c & 0x0f0f0f0f, (c >> 4) & 0x0f0f0f0f) | ((ab >> 2) & 0x3030303030303030);
  const Vec both = to_float(widen_u8(low, high));
  store_loadable(groups.scale, set1_half(p) * both);
  store_loadable(groups.offset, set1_half(p + 2) * set1(-1) * both);
}
constexpr int at32(int group) { return group < 4 ? group : group + 4; }
L4J_INLINE Vec scale_of_32(const Groups& groups, int group) { return set1(groups.scale[at32(group)]); }
L4J_INLINE Vec offset_of_32(const Groups& groups, int group) { return set1(groups.offset[at32(group) + 4]); }

#if !defined(L4J_LEVEL_AVX512) && !defined(L4J_LEVEL_AVX512_BF16)  // those: decode_k_avx512.h
// { u8 scales[16]; u8 q[64]; f16 d, dmin; }: 16 groups of 16, w = d (scale & 15) q - dmin (scale >> 4). Bytes 32h .. 32h + 31 hold elements
// 128h .. 128h + 127: bits 2j, 2j + 1 of byte l are element 32j + l.
struct Q2_KFormat {
  static constexpr int kElements = 256, kBytes = 84, kParts = 2, kVecs = 8;
  using State = Groups;
  L4J_INLINE void prepare(const std::byte* p, State& groups) {
    const Ints packed = load_u8(p);
    store_loadable(groups.scale, set1_half(p + 80) * to_float(packed & ints1(15)));
    store_loadable(groups.offset, set1_last_half(p + 82) * set1(-1) * to_float(shift_right(packed, 4)));
  }
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State& groups, Sink&& sink) {
    const Ints q[2] = {load_u8(p + 16 + 32 * kPart), load_u8(p + 32 + 32 * kPart)};
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      const int group = 8 * kPart + j;
      sink(j, at2(line2(set1(groups.scale[group]), set1(groups.offset[group])), shift_right(q[j % 2], j / 2 * 2)));
    }
  }
};

// { u8 third_bits[32]; u8 q[64]; u8 scales[12]; f16 d; }: 16 groups of 16, w = d (scale - 32) (q - (third bit ? 0 : 4)). q as in Q2_K; bit
// 4h + j of byte l of third_bits belongs to element 128h + 32j + l.
struct Q3_KFormat {
  static constexpr int kElements = 256, kBytes = 110, kParts = 2, kVecs = 8;
  using State = Groups;
  L4J_INLINE void prepare(const std::byte* p, State& groups) {
    const uint64_t ab = read<uint64_t>(p + 96);
    const uint32_t c = read<uint32_t>(p + 104);
    const uint64_t low = (ab & 0x0f0f0f0f0f0f0f0f) | (join(c << 4, c << 2) & 0x3030303030303030);
    const uint64_t high = ((ab >> 4) & 0x0f0f0f0f0f0f0f0f) | (join(c, c >> 2) & 0x3030303030303030);
    store_loadable(groups.scale, set1_last_half(p + 108) * to_float(widen_u8(low, high) - ints1(32)));
  }
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State& groups, Sink&& sink) {
    const Ints third[2] = {load_u8(p), load_u8(p + 16)};
    const Ints q[2] = {load_u8(p + 32 + 32 * kPart), load_u8(p + 48 + 32 * kPart)};
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      const int group = 8 * kPart + j, bit = group / 2;
      const Ints top = bit < 2 ? shift_left(third[j % 2], 2 - bit) : shift_right(third[j % 2], bit - 2);
      sink(j, at3(centered3(set1(groups.scale[group])), shift_right(q[j % 2], j / 2 * 2), top));
    }
  }
};
#endif

// { f16 d, dmin; u8 scales[12]; u8 q[128]; }: w = d s q - dmin m; byte 32i + l holds elements 64i + l (lower nibble) and 64i + 32 + l.
struct Q4_KFormat {
  static constexpr int kElements = 256, kBytes = 144, kParts = 4, kVecs = 4;
  using State = Groups;
  L4J_INLINE void prepare(const std::byte* p, State& groups) { read_groups_of_32(p, groups); }
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State& groups, Sink&& sink) {
    const Ints q0 = load_u8(p + 16 + 32 * kPart), q1 = load_u8(p + 32 + 32 * kPart);
    const Line low = line4(scale_of_32(groups, 2 * kPart), offset_of_32(groups, 2 * kPart));
    const Line high = line4(scale_of_32(groups, 2 * kPart + 1), offset_of_32(groups, 2 * kPart + 1));
    sink(0, at4(low, q0));
    sink(1, at4(low, q1));
    sink(2, at4(high, shift_right(q0, 4)));
    sink(3, at4(high, shift_right(q1, 4)));
  }
};

// { f16 d, dmin; u8 scales[12]; u8 fifth_bits[32]; u8 q[128]; }: as Q4_K; bit 2i + nibble of byte l of fifth_bits is the fifth bit.
struct Q5_KFormat {
  static constexpr int kElements = 256, kBytes = 176, kParts = 4, kVecs = 4;
  using State = Groups;
  L4J_INLINE void prepare(const std::byte* p, State& groups) { read_groups_of_32(p, groups); }
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State& groups, Sink&& sink) {
    const Ints h0 = load_u8(p + 16), h1 = load_u8(p + 32);
    const Ints q0 = load_u8(p + 48 + 32 * kPart), q1 = load_u8(p + 64 + 32 * kPart);
    const Line5 low = line5(scale_of_32(groups, 2 * kPart), offset_of_32(groups, 2 * kPart));
    const Line5 high = line5(scale_of_32(groups, 2 * kPart + 1), offset_of_32(groups, 2 * kPart + 1));
    sink(0, at5(low, q0, fifth<2 * kPart>(h0)));
    sink(1, at5(low, q1, fifth<2 * kPart>(h1)));
    sink(2, at5(high, shift_right(q0, 4), fifth<2 * kPart + 1>(h0)));
    sink(3, at5(high, shift_right(q1, 4), fifth<2 * kPart + 1>(h1)));
  }
  // Bit kBit into bit 4.
  template <int kBit>
  L4J_INLINE Ints fifth(Ints bits) {
    return kBit < 4 ? shift_left(bits, 4 - kBit % 4) : shift_right(bits, kBit % 4);
  }
};

// { u8 q[128]; u8 top_bits[64]; i8 scales[16]; f16 d; }: 16 groups of 16, w = d s (q - 32). Of each half's 128 elements, element 32j + l
// has its lower 4 bits in nibble j / 2 of byte 32 (j % 2) + l of q, the upper 2 in bits 2j, 2j + 1 of byte l of top_bits.
struct Q6_KFormat {
  static constexpr int kElements = 256, kBytes = 210, kParts = 2, kVecs = 8;
  using State = Groups;
  L4J_INLINE void prepare(const std::byte* p, State& groups) {
    store_loadable(groups.scale, set1_last_half(p + 208) * to_float(load_i8(p + 192)));
  }
  template <int kPart, typename Sink>
  L4J_INLINE void part(const std::byte* p, const State& groups, Sink&& sink) {
    const std::byte *q = p + 64 * kPart, *top_bits = p + 128 + 32 * kPart;
    const Ints low[4] = {load_u8(q), load_u8(q + 16), load_u8(q + 32), load_u8(q + 48)};
    const Ints top[2] = {load_u8(top_bits), load_u8(top_bits + 16)};
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      const Ints nibble = j < 4 ? low[j] & ints1(15) : shift_right(low[j - 4], 4);
      const Ints upper = j < 4 ? shift_left(top[j % 2], 4 - j / 2 * 2) : shift_right(top[j % 2], j / 2 * 2 - 4);
      sink(j, set1(groups.scale[8 * kPart + j]) * to_float((nibble | (upper & ints1(48))) - ints1(32)));
    }
  }
};

}  // namespace latent4j::cpu::L4J_LEVEL

#if defined(L4J_LEVEL_AVX512) || defined(L4J_LEVEL_AVX512_BF16)
#include "kernels/cpu/decode_k_avx512.h"
#endif
