// Decoding of every weight format, on every CPU level, against GGUF's reference values and at any address.
#include <gtest/gtest.h>

#include "kernels/cpu/dispatch.h"
#include "kernels/random_weights.h"
#include "safetensors_reader.h"

namespace latent4j {
namespace {

TEST(Decode, EqualsTheReferenceOfEveryFormat) {
  const auto golden = read_safetensors(std::string(L4J_TEST_DATA) + "/golden/gguf_blocks.safetensors");
  for (const std::string& level : cpu::levels()) {
    for (int type = 0; type < kDTypes; ++type) {
      const std::string name = dtype_info(dtype_at(type)).name;
      const TestTensor& blocks = golden.at(name + ".bytes");
      const std::vector<float> expected = golden.at(name + ".values").floats();
      const auto rows = static_cast<int32_t>(blocks.shape.at(0));
      const auto cols = static_cast<int32_t>(golden.at(name + ".values").shape.at(1));
      for (size_t shift : {0, 1, 3}) {  // a row may lie at any address
        std::vector<std::byte> moved(blocks.bytes.size() + shift);
        std::memcpy(moved.data() + shift, blocks.bytes.data(), blocks.bytes.size());
        const Matrix w{moved.data() + shift, rows, cols, dtype_at(type)};
        ASSERT_EQ(w.row_bytes(), static_cast<size_t>(blocks.shape.at(1)));
        std::vector<float> row(cols);
        for (int32_t r = 0; r < rows; ++r) {
          cpu::ops(level).decode_row(w, r, row.data());
          for (int32_t c = 0; c < cols; ++c) ASSERT_EQ(row[c], expected[r * cols + c]) << level << " " << name << " at " << r << ", " << c;
        }
      }
    }
  }
}

TEST(Decode, WritesNothingPastARowThatDoesNotDivideTheVector) {
  for (const std::string& level : cpu::levels()) {
    for (DType type : {DType::F32, DType::F16, DType::BF16}) {
      for (int32_t cols : {1, 15, 16, 17, 33, 100}) {
        const RandomWeight w(type, 3, cols, 1), wide(type, 1, 3 * cols, 1);  // the same bytes as one row
        std::vector<float> row(cols + 1, 7.0f), all(3 * cols);
        cpu::ops("plain").decode_row(wide.view(), 0, all.data());
        cpu::ops(level).decode_row(w.view(), 1, row.data());
        for (int32_t c = 0; c < cols; ++c) ASSERT_EQ(row[c], all[cols + c]) << level << " " << dtype_info(type).name << " " << cols;
        EXPECT_EQ(row[cols], 7.0f);
      }
    }
  }
}

TEST(Decode, HalfPrecisionKeepsSubnormalsInfinitiesAndSigns) {
  const uint16_t halves[] = {0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0xfc00};
  const float expected[] = {0.0f, -0.0f, 0x1p-24f, -0x1.ff8p-15f, 0x1p-14f, 1.0f, -2.0f, 65504.0f, INFINITY, -INFINITY};
  for (const std::string& level : cpu::levels()) {
    float row[10];
    cpu::ops(level).decode_row({reinterpret_cast<const std::byte*>(halves), 1, 10, DType::F16}, 0, row);
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(row[i], expected[i]) << level << " " << i;
      EXPECT_EQ(std::signbit(row[i]), std::signbit(expected[i])) << level << " " << i;
    }
  }
}

}  // namespace
}  // namespace latent4j
