// cuda_test.h: what a test of a CUDA op needs: a stream, arrays on the device that are checked when they come back, and the CPU's ops, its
// twin.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "cuda_devices.h"
#include "kernels/cpu/dispatch.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/stream.h"
#include "kernels/paged.h"

namespace latent4j::test {

// An array on the device. Its end is the allocation's end, so that a checker sees the first byte past it.
template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t n) : n_(n) { L4J_CUDA_CHECK(cudaMalloc(&data_, std::max<size_t>(1, n * sizeof(T)))); }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    L4J_CUDA_CHECK(cudaMemcpy(data_, values.data(), n_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }
  size_t size() const { return n_; }
  std::vector<T> read() const {
    std::vector<T> values(n_);
    L4J_CUDA_CHECK(cudaMemcpy(values.data(), data_, n_ * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t n_;
};

class CudaTest : public WithCudaDevices<1> {
 protected:
  void SetUp() override {
    WithCudaDevices<1>::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    stream_ = cuda::stream_of(0);
    scratch_ = std::make_unique<DeviceArray<std::byte>>(cuda::kScratchBytes);
    tickets_ = std::make_unique<DeviceArray<uint32_t>>(std::vector<uint32_t>(cuda::kTickets));
    stream_.scratch = scratch_->data();
    stream_.tickets = tickets_->data();
    // One that waits for the default stream: a copy from pageable memory returns before all of it has arrived.
    L4J_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_.handle, cudaStreamDefault));
  }
  void TearDown() override {
    if (!stream_.handle) return;
    finish();
    for (uint32_t ticket : tickets_->read()) ASSERT_EQ(ticket, 0u) << "an op left a ticket";
    cudaStreamDestroy(stream_.handle);
  }

  Queue queue() { return {nullptr, &stream_}; }
  Queue cpu_queue() { return {&threads_, nullptr}; }
  const Ops& twin() const { return cpu::ops(""); }
  void finish() { L4J_CUDA_CHECK(cudaStreamSynchronize(stream_.handle)); }

  cuda::Stream stream_;
  ThreadPool threads_{2};

 private:
  std::unique_ptr<DeviceArray<std::byte>> scratch_;
  std::unique_ptr<DeviceArray<uint32_t>> tickets_;
};

// Every number within `tolerance` of the largest of `expected`.
inline void expect_near(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  double largest = 0;
  for (float e : expected) largest = std::max(largest, std::abs(static_cast<double>(e)));
  for (size_t i = 0; i < actual.size(); i++) {
    ASSERT_LE(std::abs(static_cast<double>(actual[i]) - expected[i]), tolerance * largest) << "at " << i << " of " << actual.size() << ": "
        << actual[i] << ", expected " << expected[i];
  }
}

}  // namespace latent4j::test
