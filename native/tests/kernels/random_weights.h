// random_weights.h: random inputs for op tests and benchmarks: weights of any DType (random blocks with sane scales) and activations.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "base/tensor.h"

namespace latent4j {

inline std::vector<float> random_floats(size_t n, uint32_t seed, float scale = 1.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> values(n);
  for (float& value : values) value = normal(random);
  return values;
}

// Where a block's f16 scales lie; -1: none.
struct ScaleOffsets {
  int first, second;
};
inline ScaleOffsets scale_offsets(DType type) {
  switch (type) {
    case DType::Q4_0: case DType::Q5_0: case DType::Q8_0: return {0, -1};
    case DType::Q4_1: case DType::Q5_1: case DType::Q4_K: case DType::Q5_K: return {0, 2};
    case DType::Q2_K: return {80, 82};
    case DType::Q3_K: return {108, -1};
    case DType::Q6_K: return {208, -1};
    default: return {-1, -1};
  }
}

// A weight matrix that owns its bytes, at an odd address as in a mapped file.
class RandomWeight {
 public:
  RandomWeight(DType type, int32_t rows, int32_t cols, uint32_t seed) {
    view_.rows = rows;
    view_.cols = cols;
    view_.dtype = type;
    bytes_.resize(view_.row_bytes() * rows + 1);
    view_.data = bytes_.data() + 1;
    std::mt19937 random(seed);
    if (type == DType::F32 || type == DType::F16 || type == DType::BF16) {
      fill_floats(random);
    } else {
      fill_blocks(random);
    }
  }
  RandomWeight(const RandomWeight&) = delete;
  RandomWeight& operator=(const RandomWeight&) = delete;

  const Matrix& view() const { return view_; }

 private:
  void fill_floats(std::mt19937& random) {
    const int size = dtype_info(view_.dtype).block_bytes;
    std::normal_distribution<float> normal(0.0f, 0.5f);
    for (size_t at = 1; at + size <= bytes_.size(); at += size) {
      const float value = normal(random);
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      if (view_.dtype == DType::BF16) bits >>= 16;
      if (view_.dtype == DType::F16) bits = (random() & 0x8000) | (0x2800 + random() % 0x1400);  // 0.03 .. 1
      std::memcpy(&bytes_[at], &bits, size);
    }
  }

  void fill_blocks(std::mt19937& random) {
    const int size = dtype_info(view_.dtype).block_bytes;
    for (std::byte& byte : bytes_) byte = static_cast<std::byte>(random());
    const ScaleOffsets offsets = scale_offsets(view_.dtype);
    for (size_t at = 1; at + size <= bytes_.size(); at += size) {
      for (int offset : {offsets.first, offsets.second}) {
        const auto scale = static_cast<uint16_t>(0x1400 + random() % 0x0800);  // 0.001 .. 0.004
        if (offset >= 0) std::memcpy(&bytes_[at + offset], &scale, sizeof(scale));
      }
    }
  }

  std::vector<std::byte> bytes_;
  Matrix view_;
};

inline DType dtype_at(int index) { return static_cast<DType>(index); }

}  // namespace latent4j
