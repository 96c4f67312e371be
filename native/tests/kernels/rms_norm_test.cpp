#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/paged.h"

namespace latent4j {
namespace {

TEST(RmsNorm, EqualsTheDefinitionRowByRow) {
  std::mt19937 random(3);
  for (const std::string& level : cpu::levels()) {
    for (int d : {1, 15, 16, 64, 65, 576, 1000}) {
      const int n = 70;
      const std::vector<float> x = test::random_floats(static_cast<size_t>(n) * d, random, 3), weight = test::random_floats(d, random);
      ThreadPool one(1), three(3);
      Queue alone{&one}, many{&three};
      std::vector<float> y(x.size(), NAN), row(d), in_place = x;
      const float eps = 1e-5f;
      cpu::ops(level).rms_norm(many, {x.data(), weight.data(), eps, n, d, y.data()});
      cpu::ops(level).rms_norm(many, {in_place.data(), weight.data(), eps, n, d, in_place.data()});
      EXPECT_EQ(in_place, y);
      for (int r = 0; r < n; r++) {
        const float* xr = x.data() + static_cast<size_t>(r) * d;
        double squares = 0;
        for (int i = 0; i < d; i++) squares += static_cast<double>(xr[i]) * xr[i];
        const double scale = 1 / std::sqrt(squares / d + static_cast<double>(eps));
        for (int i = 0; i < d; i++) {
          const double expected = xr[i] * scale * weight[i];
          ASSERT_NEAR(y[static_cast<size_t>(r) * d + i], expected, 1e-6 * (1 + std::abs(expected))) << level << " d " << d;
        }
        cpu::ops(level).rms_norm(alone, {xr, weight.data(), eps, 1, d, row.data()});
        ASSERT_EQ(std::memcmp(row.data(), y.data() + static_cast<size_t>(r) * d, sizeof(float) * d), 0) << level << " d " << d;
      }
    }
  }
}

TEST(RmsNorm, AZeroRowStaysZero) {
  ThreadPool pool(1);
  Queue queue{&pool};
  std::vector<float> x(32, 0.0f), weight(32, 1.0f), y(32, NAN);
  for (const std::string& level : cpu::levels()) {
    cpu::ops(level).rms_norm(queue, {x.data(), weight.data(), 1e-6f, 1, 32, y.data()});
    EXPECT_EQ(y, x);
  }
}

}  // namespace
}  // namespace latent4j
