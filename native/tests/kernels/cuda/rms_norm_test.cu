// rms_norm on CUDA against the CPU, and bit for bit against itself in other batches.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

class CudaRmsNormTest : public test::CudaTest {};

TEST_F(CudaRmsNormTest, EqualsTheCpu) {
  std::mt19937 random(1);
  for (const auto& [n, d] : {std::pair{1, 8}, {1, 1024}, {3, 1000}, {17, 576}, {2, 1032}, {3, 2048}, {2, 2056}, {2, 8192}, {1, 10240}}) {
    const auto x = test::random_floats(static_cast<size_t>(n) * d, random, 3), weight = test::random_floats(d, random);
    const test::DeviceArray<float> device_x(x), device_weight(weight), y(x.size());
    std::vector<float> expected(x.size());
    Queue on = queue(), on_cpu = cpu_queue();
    cuda::rms_norm(on, {device_x.data(), device_weight.data(), 1e-5f, n, d, y.data()});
    finish();
    twin().rms_norm(on_cpu, {x.data(), weight.data(), 1e-5f, n, d, expected.data()});
    test::expect_near(y.read(), expected, 1e-6);
  }
}

TEST_F(CudaRmsNormTest, RowsAreTheSameAloneInABatchAndInPlace) {
  constexpr int32_t kRows = 5;
  std::mt19937 random(2);
  for (int32_t d : {200, 1024, 4096}) {
    const auto x = test::random_floats(static_cast<size_t>(kRows) * d, random), weight = test::random_floats(d, random);
    const test::DeviceArray<float> in_place(x), device_x(x), device_weight(weight), y(x.size());
    Queue on = queue();
    for (int32_t r = 0; r < kRows; r++) {
      cuda::rms_norm(on, {device_x.data() + r * d, device_weight.data(), 1e-6f, 1, d, y.data() + r * d});
    }
    cuda::rms_norm(on, {in_place.data(), device_weight.data(), 1e-6f, kRows, d, in_place.data()});
    finish();
    EXPECT_EQ(in_place.read(), y.read()) << "d " << d;
  }
}

TEST_F(CudaRmsNormTest, AZeroRowStaysZeroAndANaNStaysInItsRow) {
  constexpr int32_t kD = 64;
  std::vector<float> x(3 * kD, 0.0f);
  for (int32_t i = 0; i < kD; i++) x[2 * kD + i] = 2.0f;
  x[kD + 7] = NAN;
  const test::DeviceArray<float> device(x), weight(std::vector<float>(kD, 1.0f));
  Queue on = queue();
  cuda::rms_norm(on, {device.data(), weight.data(), 1e-6f, 3, kD, device.data()});
  finish();
  const std::vector<float> y = device.read();
  for (int32_t i = 0; i < kD; i++) {
    EXPECT_EQ(y[i], 0.0f);
    EXPECT_TRUE(std::isnan(y[kD + i]));
    EXPECT_NEAR(y[2 * kD + i], 1.0f, 1e-6);
  }
}

}  // namespace
}  // namespace latent4j
