// cuda_devices.h: tests that need CUDA devices. Where there are fewer they are skipped, for a machine without a GPU builds and tests the
// rest; where L4J_REQUIRE_CUDA says that there are that many, they fail.
#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace latent4j::test {

inline int cuda_devices() {
  int n = 0;
  if (cudaGetDeviceCount(&n) != cudaSuccess) n = 0;
  cudaGetLastError();
  return n;
}

template <int kDevices>
class WithCudaDevices : public testing::Test {
 protected:
  void SetUp() override {
    const int n = cuda_devices();
    if (n >= kDevices) return;
    const char* required = std::getenv("L4J_REQUIRE_CUDA");
    ASSERT_LT(required ? std::atoi(required) : 0, kDevices) << n << " CUDA devices where L4J_REQUIRE_CUDA is " << required;
    GTEST_SKIP() << "needs " << kDevices << " CUDA devices, there are " << n;
  }
};

}  // namespace latent4j::test
