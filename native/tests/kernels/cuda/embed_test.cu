// embed on CUDA: rows of the table by token, bit for bit as the CPU decodes them, in every format.
#include "kernels/cuda/cuda_test.h"
#include "kernels/cuda/weights.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

class CudaEmbedTest : public test::CudaTest {};

TEST_F(CudaEmbedTest, GivesTheRowOfEveryToken) {
  constexpr int32_t kVocab = 37;
  for (int type = 0; type < kDTypes; ++type) {
    const int32_t blocks = dtype_info(dtype_at(type)).block_elements;
    for (const int32_t d : {blocks < 256 ? 96 : 256, 1280}) {
      const RandomWeight host(dtype_at(type), kVocab, d, 5);
      const test::DeviceArray<std::byte> stored(cuda::stored_bytes(host.view()));
      cuda::store(stream_, host.view(), stored.data());
      const Matrix table{stored.data(), kVocab, d, dtype_at(type)};
      for (int32_t n : {1, 2, 40}) {
        std::vector<int32_t> tokens(n);
        for (int32_t i = 0; i < n; ++i) tokens[i] = i == 1 ? -1 : (kVocab - 1 + 11 * i) % kVocab;
        const test::DeviceArray<int32_t> device_tokens(tokens);
        const test::DeviceArray<float> y(static_cast<size_t>(n) * d);
        std::vector<float> expected(y.size());
        Queue on = queue(), on_cpu = cpu_queue();
        cuda::embed(on, {&table, device_tokens.data(), n, y.data()});
        finish();
        twin().embed(on_cpu, {&host.view(), tokens.data(), n, expected.data()});
        EXPECT_EQ(y.read(), expected) << dtype_info(dtype_at(type)).name << " d " << d << " n " << n;
      }
    }
  }
}

}  // namespace
}  // namespace latent4j
