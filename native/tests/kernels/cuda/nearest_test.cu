// nearest on CUDA: the CPU's row and cosine, to the bit.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

class CudaNearestTest : public test::CudaTest {
 protected:
  void expect_equal(const std::vector<float>& products, const std::vector<float>& scales, const std::vector<float>& norms) {
    const auto n = static_cast<int32_t>(norms.size()), vocab = static_cast<int32_t>(scales.size());
    std::vector<Thought> expected(n);
    for (int32_t i = 0; i < n; i++) expected[i].norm = norms[i], expected[i].nearest_token = -1;
    const test::DeviceArray<float> device_products(products), device_scales(scales);
    const test::DeviceArray<Thought> thoughts(expected);
    Queue on = queue(), on_cpu = cpu_queue();
    cuda::nearest(on, {device_products.data(), device_scales.data(), n, vocab, thoughts.data()});
    finish();
    twin().nearest(on_cpu, {products.data(), scales.data(), n, vocab, expected.data()});
    const auto actual = thoughts.read();
    for (int32_t i = 0; i < n; i++) {
      EXPECT_EQ(actual[i].nearest_token, expected[i].nearest_token) << "vocab " << vocab << " row " << i;
      if (std::isnan(expected[i].nearest_cosine)) EXPECT_TRUE(std::isnan(actual[i].nearest_cosine));
      else EXPECT_EQ(actual[i].nearest_cosine, expected[i].nearest_cosine);
      EXPECT_EQ(actual[i].norm, norms[i]);
    }
  }
};

TEST_F(CudaNearestTest, EqualsTheCpu) {
  std::mt19937 random(1);
  for (const int32_t vocab : {1, 7, 300, 4095, 4096, 4097, 49152}) {
    auto scales = test::random_floats(vocab, random);
    for (float& scale : scales) scale = std::abs(scale);
    expect_equal(test::random_floats(static_cast<size_t>(3) * vocab, random), scales, {200, 0.5f, 0});
  }
}

TEST_F(CudaNearestTest, OfEqualsTheLower) {
  std::vector<float> products(9000, -1.0f), scales(9000, 1.0f);
  expect_equal(products, scales, {1});
  products[8000] = products[8999] = products[5000] = 2;
  expect_equal(products, scales, {1});
  scales[5000] = 0;
  expect_equal(products, scales, {1});
  for (float& product : products) product = NAN;
  expect_equal(products, scales, {1});
}

}  // namespace
}  // namespace latent4j
