// kv_rotate on CUDA against the CPU.
#include "kernels/cuda/device_memory.h"

namespace latent4j {
namespace {

using test::DeviceMemory;
using test::TestMemory;

class CudaKvRotateTest : public test::CudaTest {};

TEST_F(CudaKvRotateTest, EqualsTheCpuAndLeavesValuesAndOtherPositions) {
  for (const auto& [dtype, d, page_size] : std::vector<std::tuple<DType, int, int>>{
           {DType::F32, 64, 16}, {DType::F32, 80, 4}, {DType::BF16, 128, 32}, {DType::BF16, 16, 1}, {DType::BF16, 256, 64}}) {
    constexpr int kLength = 150;
    std::mt19937 random(8);
    std::vector<float> cos, sin;
    for (int i = 0; i < d / 2; i++) cos.push_back(std::cos(0.2f * i + 1)), sin.push_back(std::sin(0.2f * i + 1));
    TestMemory memory(dtype, page_size, 2, 3, d, kLength), actual(dtype, page_size, 2, 3, d, kLength);
    memory.fill(0, kLength, random);
    const DeviceMemory device(memory, kLength);
    Queue on = queue(), on_cpu = cpu_queue();
    cuda::kv_rotate(on, {device.host_view(), 7, 135, cos.data(), sin.data()});
    finish();
    twin().kv_rotate(on_cpu, {memory.view(), 7, 135, cos.data(), sin.data()});
    device.read_into(actual);
    test::expect_same_memory(actual, memory, kLength, 1e-6);
  }
}

}  // namespace
}  // namespace latent4j
