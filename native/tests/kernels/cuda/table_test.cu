// The table's ops on CUDA: they run on their queue's device, whichever the thread used last.
#include <vector>

#include "base/device.h"
#include "cuda_devices.h"

namespace latent4j {
namespace {

using CudaTableTest = test::WithCudaDevices<2>;

TEST_F(CudaTableTest, OpsRunOnTheirQueuesDevice) {
  constexpr int32_t kRows = 3, kColumns = 64;
  const std::vector<float> numbers(kRows * kColumns, 2.5f);
  for (const int index : {0, 1}) {
    Device& device = Device::open(index == 0 ? "cuda:0" : "cuda:1");
    ScopedQueue queue(device);
    Buffer<float> x(device), y(device);
    x.reserve(numbers.size());
    y.reserve(numbers.size());
    device.upload(queue, x.data(), numbers.data(), numbers.size() * sizeof(float));
    ASSERT_EQ(cudaSetDevice(1 - index), cudaSuccess);
    device.ops().copy_rows(queue, {x.data(), nullptr, nullptr, kRows, kColumns, y.data()});
    std::vector<float> copied(numbers.size());
    device.download(queue, copied.data(), y.data(), copied.size() * sizeof(float));
    device.finish(queue);
    EXPECT_EQ(copied, numbers) << "cuda:" << index;
  }
}

}  // namespace
}  // namespace latent4j
