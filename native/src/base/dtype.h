// dtype.h: the number formats that weights and memory come in.
#pragma once

#include <cstddef>
#include <cstdint>

namespace latent4j {

enum class DType : uint8_t { F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K };
inline constexpr int kDTypes = 13;

struct DTypeInfo {
  const char* name;    // as GGUF spells it
  int block_elements;  // a row's length is a multiple of this
  int block_bytes;
};

const DTypeInfo& dtype_info(DType type);

}  // namespace latent4j
