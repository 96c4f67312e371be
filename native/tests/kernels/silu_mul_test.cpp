#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/paged.h"

namespace latent4j {
namespace {

TEST(SiluMul, EqualsTheDefinitionOnAnyThreads) {
  std::mt19937 random(4);
  for (const std::string& level : cpu::levels()) {
    for (const auto& [n, d_ff] : std::vector<std::pair<int, int>>{{1, 1}, {1, 17}, {3, 1536}, {7, 4099}}) {
      const size_t size = static_cast<size_t>(n) * d_ff;
      const std::vector<float> gate = test::random_floats(size, random, 8), up = test::random_floats(size, random);
      std::vector<float> y = gate, y3 = gate;
      ThreadPool one(1), three(3);
      Queue alone{&one}, many{&three};
      cpu::ops(level).silu_mul(alone, {y.data(), up.data(), n, d_ff});
      cpu::ops(level).silu_mul(many, {y3.data(), up.data(), n, d_ff});
      EXPECT_EQ(y, y3);
      for (size_t i = 0; i < size; i++) {
        const double g = gate[i], expected = g / (1 + std::exp(-g)) * up[i];
        ASSERT_NEAR(y[i], expected, 1e-6 * (1e-3 + std::abs(expected))) << level << " number " << i;
      }
    }
  }
}

TEST(SiluMul, FarInputsStayFinite) {
  for (const std::string& level : cpu::levels()) {
    std::vector<float> gate = {-1e30f, -200, -90, 0, 90, 200, 1e30f}, up(gate.size(), 1.0f);
    ThreadPool pool(1);
    Queue queue{&pool};
    cpu::ops(level).silu_mul(queue, {gate.data(), up.data(), 1, static_cast<int32_t>(gate.size())});
    EXPECT_NEAR(gate[0], 0, 1e-30);
    EXPECT_NEAR(gate[1], 0, 1e-30);
    EXPECT_NEAR(gate[2], 0, 1e-30);
    EXPECT_EQ(gate[3], 0);
    EXPECT_FLOAT_EQ(gate[4], 90);
    EXPECT_FLOAT_EQ(gate[6], 1e30f);
  }
}

}  // namespace
}  // namespace latent4j
