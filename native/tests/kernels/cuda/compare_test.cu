// compare on CUDA against the CPU.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

class CudaCompareTest : public test::CudaTest {
 protected:
  std::vector<Thought> on_cuda(const std::vector<float>& x, const std::vector<float>& before, int32_t n) {
    std::vector<Thought> blank(n);
    for (Thought& thought : blank) thought.entropy = 7, thought.padding = 1;
    const test::DeviceArray<float> device_x(x), device_before(before);
    const test::DeviceArray<Thought> thoughts(blank);
    Queue on = queue();
    const auto d = static_cast<int32_t>(x.size()) / n;
    cuda::compare(on, {device_x.data(), before.empty() ? nullptr : device_before.data(), n, d, thoughts.data()});
    finish();
    return thoughts.read();
  }
};

TEST_F(CudaCompareTest, EqualsTheCpu) {
  constexpr int32_t kRows = 3;
  std::mt19937 random(1);
  for (const int32_t d : {8, 576, 1024, 1032, 8192}) {
    const auto x = test::random_floats(static_cast<size_t>(kRows) * d, random);
    auto before = test::random_floats(x.size(), random);
    for (size_t i = 0; i < x.size(); i++) before[i] += x[i];
    std::fill_n(before.begin(), d, 0.0f);
    for (const auto& given : {before, std::vector<float>()}) {
      std::vector<Thought> expected(kRows);
      Queue on = cpu_queue();
      twin().compare(on, {x.data(), given.empty() ? nullptr : given.data(), kRows, d, expected.data()});
      const auto actual = on_cuda(x, given, kRows);
      for (int32_t row = 0; row < kRows; row++) {
        EXPECT_NEAR(actual[row].norm, expected[row].norm, 1e-5f * expected[row].norm) << "d " << d;
        if (std::isnan(expected[row].step_cosine)) EXPECT_TRUE(std::isnan(actual[row].step_cosine)) << row;
        else EXPECT_NEAR(actual[row].step_cosine, expected[row].step_cosine, 1e-5f) << "d " << d;
        EXPECT_TRUE(std::isnan(actual[row].nearest_cosine));
        EXPECT_EQ(actual[row].nearest_token, -1);
        EXPECT_EQ(actual[row].padding, 0);
        EXPECT_EQ(actual[row].entropy, 7);
        const auto part = [&](const std::vector<float>& of) {
          return of.empty() ? of : std::vector<float>(of.begin() + row * d, of.begin() + (row + 1) * d);
        };
        const auto alone = on_cuda(part(x), part(given), 1);
        EXPECT_EQ(std::memcmp(&alone[0].norm, &actual[row].norm, 2 * sizeof(float)), 0);
      }
    }
  }
}

}  // namespace
}  // namespace latent4j
