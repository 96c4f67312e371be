// align: y = x W rescaled, against sums in double, and bit for bit against itself for other numbers of rows and threads.
#include <cmath>

#include <gtest/gtest.h>

#include "kernels/cpu/dispatch.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

std::vector<float> align(const std::string& level, int n_threads, const std::vector<float>& x, const float* matrix, float target_norm,
                         int32_t n, int32_t d) {
  ThreadPool threads(n_threads);
  Queue queue{&threads};
  std::vector<float> y(n * d + 1, 7.0f);
  cpu::ops(level).align(queue, {x.data(), matrix, target_norm, n, d, y.data()});
  EXPECT_EQ(y.back(), 7.0f) << "wrote past the end";
  y.pop_back();
  return y;
}

std::vector<double> reference(const std::vector<float>& x, const float* matrix, double target_norm, int32_t n, int32_t d) {
  std::vector<double> y(n * d);
  for (int32_t r = 0; r < n; ++r) {
    double squares = 0;
    for (int32_t j = 0; j < d; ++j) {
      double sum = matrix ? 0 : x[r * d + j];
      for (int32_t i = 0; matrix && i < d; ++i) sum += static_cast<double>(x[r * d + i]) * matrix[i * d + j];
      y[r * d + j] = sum;
      squares += sum * sum;
    }
    if (target_norm == 0) continue;
    for (int32_t j = 0; j < d; ++j) y[r * d + j] *= target_norm / std::max(std::sqrt(squares), 1e-6);
  }
  return y;
}

TEST(Align, IsNearTheSumInDouble) {
  for (int32_t d : {8, 64, 72, 136, 576}) {
    const std::vector<float> matrix = random_floats(d * d, 1, 1.0f / std::sqrt(static_cast<float>(d)));
    for (int32_t n : {1, 3, 5, 21}) {
      const std::vector<float> x = random_floats(n * d, 2);
      for (const float* w : {static_cast<const float*>(nullptr), matrix.data()}) {
        for (float target_norm : {0.0f, 3.5f}) {
          const std::vector<double> expected = reference(x, w, target_norm, n, d);
          for (const std::string& level : cpu::levels()) {
            const std::vector<float> y = align(level, 2, x, w, target_norm, n, d);
            for (int32_t i = 0; i < n * d; ++i) ASSERT_NEAR(y[i], expected[i], 2e-5) << level << " d " << d << " n " << n << " at " << i;
          }
        }
      }
    }
  }
}

void expect_bit_equal_rows(int32_t d) {
  constexpr int32_t kMost = 23;
  const std::vector<float> matrix = random_floats(d * d, 3), x = random_floats(kMost * d, 4);
  for (const std::string& level : cpu::levels()) {
    std::vector<float> alone;
    for (int32_t r = 0; r < kMost; ++r) {
      const std::vector<float> y = align(level, 1, {x.begin() + r * d, x.begin() + (r + 1) * d}, matrix.data(), 2.0f, 1, d);
      alone.insert(alone.end(), y.begin(), y.end());
    }
    for (int32_t n = 1; n <= kMost; ++n) {
      const std::vector<float> y = align(level, 1 + n % 3, x, matrix.data(), 2.0f, n, d);
      ASSERT_EQ(std::memcmp(y.data(), alone.data(), y.size() * sizeof(float)), 0) << level << " d " << d << " n " << n;
    }
  }
}

TEST(Align, RowsAreBitEqualAloneAndInABatchOnAnyThreads) {
  expect_bit_equal_rows(200);
  expect_bit_equal_rows(584);  // several tasks of columns, the last of half a vector
}

TEST(Align, IdentityWorksInPlaceAndTinyRowsDoNotBlowUp) {
  constexpr int32_t kD = 24;
  for (const std::string& level : cpu::levels()) {
    ThreadPool threads(1);
    Queue queue{&threads};
    std::vector<float> x = random_floats(kD, 5);
    const std::vector<double> expected = reference(x, nullptr, 4.0, 1, kD);
    cpu::ops(level).align(queue, {x.data(), nullptr, 4.0f, 1, kD, x.data()});
    for (int32_t i = 0; i < kD; ++i) EXPECT_NEAR(x[i], expected[i], 1e-5);
    std::vector<float> zeros(kD, 0.0f), tiny(kD, 0.0f), broken(kD, 1.0f);
    cpu::ops(level).align(queue, {zeros.data(), nullptr, 4.0f, 1, kD, zeros.data()});
    EXPECT_EQ(zeros, std::vector<float>(kD, 0.0f));
    tiny[3] = 1e-8f;
    cpu::ops(level).align(queue, {tiny.data(), nullptr, 4.0f, 1, kD, tiny.data()});
    EXPECT_NEAR(tiny[3], 0.04f, 1e-6f);  // divided by 1e-6, not by its norm
    broken[5] = NAN;
    cpu::ops(level).align(queue, {broken.data(), nullptr, 4.0f, 1, kD, broken.data()});
    EXPECT_TRUE(std::isnan(broken[0]) && std::isnan(broken[5]));
  }
}

}  // namespace
}  // namespace latent4j
