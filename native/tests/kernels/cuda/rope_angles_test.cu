// rope_angles on CUDA against the CPU.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

class CudaRopeAnglesTest : public test::CudaTest {};

TEST_F(CudaRopeAnglesTest, EqualsTheCpuAtFarPositionsToo) {
  for (const auto& [half, factor] : {std::pair{8, 1.0f}, {40, 1.25f}, {64, 1.0f}}) {
    std::vector<double> inv_freq;
    for (int i = 0; i < half; i++) inv_freq.push_back(std::pow(1e6, -static_cast<double>(i) / half));
    const std::vector<RowPlace> places = {{0, 0}, {0, 1}, {3, 999}, {1, 40960}, {2, 131071}, {0, 1 << 20}, {0, (1 << 30) + 12345}};
    const int n = static_cast<int>(places.size());
    std::vector<float> cos(static_cast<size_t>(n) * half), sin(cos.size());
    const test::DeviceArray<double> device_freq(inv_freq);
    const test::DeviceArray<RowPlace> device_places(places);
    const test::DeviceArray<float> device_cos(cos.size()), device_sin(cos.size());
    Queue on = queue(), on_cpu = cpu_queue();
    cuda::rope_angles(on, {device_places.data(), device_freq.data(), factor, n, half, device_cos.data(), device_sin.data()});
    finish();
    twin().rope_angles(on_cpu, {places.data(), inv_freq.data(), factor, n, half, cos.data(), sin.data()});
    // Both round a f64 to f32; two last bits of a f64 apart, they may do so to neighbours.
    test::expect_near(device_cos.read(), cos, 6e-8);
    test::expect_near(device_sin.read(), sin, 6e-8);
  }
}

}  // namespace
}  // namespace latent4j
