// remember on CUDA against the CPU.
#include "kernels/cuda/cuda_histories.h"

namespace latent4j {
namespace {

class CudaRememberTest : public test::CudaTest {};

TEST_F(CudaRememberTest, EqualsTheCpu) {
  std::mt19937 random(9);
  const int n = 4, steps = 12;
  for (const int vocab : {6, 900}) {
    std::vector<test::Remembered> remembered;
    for (int i = 0; i < n; i++) remembered.emplace_back(test::random_tokens(200 * i, vocab, random), std::vector<int32_t>{}, steps);
    const test::DeviceHistories histories(remembered);
    std::vector<History> twins = test::histories_of(remembered);
    Queue on = queue(), on_cpu = cpu_queue();
    for (int step = 0; step < steps; step++) {
      std::vector<RowPlace> places = {{3, 0}, {0, 0}, {2, 0}, {1, 0}};
      if (step >= 5) places.erase(places.begin() + 1);
      const auto rows = static_cast<int32_t>(places.size());
      auto tokens = test::random_tokens(rows, vocab, random);
      if (step % 5 == 2) tokens[1] = -1;  // there was none
      const test::DeviceArray<int32_t> device_tokens(tokens);
      const test::DeviceArray<RowPlace> device_places(places);
      cuda::remember(on, {device_tokens.data(), device_places.data(), histories.data(), rows});
      finish();
      twin().remember(on_cpu, {tokens.data(), places.data(), twins.data(), rows});
    }
    for (int i = 0; i < n; i++) EXPECT_TRUE(test::same(histories.read(i).history(), twins[i])) << "vocab " << vocab << " sequence " << i;
  }
}

}  // namespace
}  // namespace latent4j
