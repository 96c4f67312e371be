// align on CUDA against the CPU, and bit for bit against itself in other batches.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

// The CPU adds up each element in one chain, the longer the less exact.
constexpr double kTolerance = 4e-6;

class CudaAlignTest : public test::CudaTest {
 protected:
  std::vector<float> align(const std::vector<float>& x, const float* device_matrix, float target_norm, int32_t n, int32_t d) {
    const test::DeviceArray<float> device_x(x), y(x.size());
    Queue on = queue();
    cuda::align(on, {device_x.data(), device_matrix, target_norm, n, d, y.data()});
    finish();
    return y.read();
  }
};

TEST_F(CudaAlignTest, EqualsTheCpu) {
  std::mt19937 random(1);
  for (int32_t d : {8, 64, 72, 136, 576, 1024}) {
    const auto matrix = test::random_floats(static_cast<size_t>(d) * d, random, 1 / std::sqrt(static_cast<float>(d)));
    const test::DeviceArray<float> device_matrix(matrix);
    for (int32_t n : {1, 2, 3, 5, 16, 21}) {
      if (d > 500 && n > 5) continue;
      const auto x = test::random_floats(static_cast<size_t>(n) * d, random);
      for (bool identity : {false, true}) {
        for (float target_norm : {0.0f, 3.5f}) {
          std::vector<float> expected(x.size());
          Queue on_cpu = cpu_queue();
          twin().align(on_cpu, {x.data(), identity ? nullptr : matrix.data(), target_norm, n, d, expected.data()});
          SCOPED_TRACE(testing::Message() << "d " << d << " n " << n << " identity " << identity << " norm " << target_norm);
          test::expect_near(align(x, identity ? nullptr : device_matrix.data(), target_norm, n, d), expected, kTolerance);
        }
      }
    }
  }
}

TEST_F(CudaAlignTest, AWideMatrixGoesThroughSharedMemoryInParts) {
  constexpr int32_t kD = 2056;  // more than is staged at a time
  std::mt19937 random(2);
  const auto matrix = test::random_floats(static_cast<size_t>(kD) * kD, random, 0.02f), x = test::random_floats(kD, random);
  const test::DeviceArray<float> device_matrix(matrix);
  std::vector<float> expected(kD);
  Queue on_cpu = cpu_queue();
  twin().align(on_cpu, {x.data(), matrix.data(), 2.0f, 1, kD, expected.data()});
  test::expect_near(align(x, device_matrix.data(), 2.0f, 1, kD), expected, kTolerance);
}

TEST_F(CudaAlignTest, RowsAreTheSameAloneAndInABatch) {
  constexpr int32_t kMost = 19;
  std::mt19937 random(3);
  for (const auto& [d, rows] : {std::pair{200, kMost}, {1032, 9}}) {
    const auto matrix = test::random_floats(static_cast<size_t>(d) * d, random);
    const auto x = test::random_floats(static_cast<size_t>(kMost) * d, random);
    const test::DeviceArray<float> device_matrix(matrix);
    for (const float* w : {static_cast<const float*>(nullptr), static_cast<const float*>(device_matrix.data())}) {
      std::vector<float> alone;
      for (int32_t r = 0; r < rows; r++) {
        const auto y = align({x.begin() + r * d, x.begin() + (r + 1) * d}, w, 2.0f, 1, d);
        alone.insert(alone.end(), y.begin(), y.end());
      }
      for (int32_t n : {2, 3, 5, 9, 17, kMost}) {
        if (n > rows) continue;
        const auto y = align({x.begin(), x.begin() + n * d}, w, 2.0f, n, d);
        ASSERT_EQ(std::memcmp(y.data(), alone.data(), y.size() * sizeof(float)), 0) << "d " << d << " n " << n;
      }
    }
  }
}

TEST_F(CudaAlignTest, IdentityWorksInPlaceAndTinyRowsDoNotBlowUp) {
  constexpr int32_t kD = 24, kRows = 4;
  std::mt19937 random(4);
  std::vector<float> x = test::random_floats(kD * kRows, random), expected(x.size());
  for (int32_t i = kD; i < 3 * kD; i++) x[i] = 0;
  x[2 * kD + 3] = 1e-8f;  // divided by 1e-6, not by its norm
  x[3 * kD + 5] = NAN;
  const test::DeviceArray<float> device(x);
  Queue on = queue(), on_cpu = cpu_queue();
  cuda::align(on, {device.data(), nullptr, 4.0f, kRows, kD, device.data()});
  finish();
  twin().align(on_cpu, {x.data(), nullptr, 4.0f, kRows, kD, expected.data()});
  const std::vector<float> y = device.read();
  for (int32_t i = 0; i < 3 * kD; i++) EXPECT_NEAR(y[i], expected[i], 1e-6f * std::abs(expected[i])) << "at " << i;
  EXPECT_NEAR(y[2 * kD + 3], 0.04f, 1e-6f);
  for (int32_t i = 3 * kD; i < 4 * kD; i++) EXPECT_TRUE(std::isnan(y[i]));
}

TEST_F(CudaAlignTest, ANaNStaysInItsRowThroughTheMatrix) {
  constexpr int32_t kD = 40;
  std::mt19937 random(5);
  const auto matrix = test::random_floats(kD * kD, random);
  auto x = test::random_floats(3 * kD, random);
  const test::DeviceArray<float> device_matrix(matrix);
  const auto clean = align(x, device_matrix.data(), 1.5f, 3, kD);
  x[kD + 11] = NAN;
  const auto y = align(x, device_matrix.data(), 1.5f, 3, kD);
  for (int32_t i = 0; i < 3 * kD; i++) {
    if (i / kD == 1) EXPECT_TRUE(std::isnan(y[i]));
    else EXPECT_EQ(y[i], clean[i]);
  }
}

}  // namespace
}  // namespace latent4j
