// copy_rows on CUDA: rows land where they are sent, and nowhere else.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

class CudaCopyRowsTest : public test::CudaTest {};

TEST_F(CudaCopyRowsTest, EqualsTheCpu) {
  std::mt19937 random(1);
  const std::vector<int32_t> from = {4, 0, 4, 2}, to = {1, 5, 3, 0};
  const test::DeviceArray<int32_t> device_from(from), device_to(to);
  for (int32_t d : {8, 576, 1024, 2056}) {
    const auto x = test::random_floats(static_cast<size_t>(6) * d, random);
    const test::DeviceArray<float> device_x(x);
    for (const auto& [use_from, use_to] : {std::pair{true, true}, {true, false}, {false, true}, {false, false}}) {
      std::vector<float> expected(x.size(), -1.0f);
      const test::DeviceArray<float> y(expected);
      Queue on = queue(), on_cpu = cpu_queue();
      cuda::copy_rows(on, {device_x.data(), use_from ? device_from.data() : nullptr, use_to ? device_to.data() : nullptr, 4, d, y.data()});
      finish();
      twin().copy_rows(on_cpu, {x.data(), use_from ? from.data() : nullptr, use_to ? to.data() : nullptr, 4, d, expected.data()});
      EXPECT_EQ(y.read(), expected) << "d " << d;
    }
  }
}

}  // namespace
}  // namespace latent4j
