// silu_mul on CUDA against the CPU.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

class CudaSiluMulTest : public test::CudaTest {};

TEST_F(CudaSiluMulTest, EqualsTheCpu) {
  std::mt19937 random(1);
  for (const auto& [n, d_ff] : {std::pair{1, 8}, {1, 3072}, {3, 1000}, {17, 160}, {5, 2052}}) {
    const auto up = test::random_floats(static_cast<size_t>(n) * d_ff, random, 3);
    auto gate = test::random_floats(up.size(), random, 10);
    const test::DeviceArray<float> device_gate(gate), device_up(up);
    Queue on = queue(), on_cpu = cpu_queue();
    cuda::silu_mul(on, {device_gate.data(), device_up.data(), n, d_ff});
    finish();
    twin().silu_mul(on_cpu, {gate.data(), up.data(), n, d_ff});
    test::expect_near(device_gate.read(), gate, 1e-6);
  }
}

}  // namespace
}  // namespace latent4j
