// Weights on the device: as many bytes as in the file, and after decoding bit for bit what the CPU decodes, in every format.
#include "kernels/cuda/cuda_test.h"
#include "kernels/cuda/dequantize.cuh"
#include "kernels/cuda/weights.h"
#include "kernels/random_weights.h"
#include "safetensors_reader.h"

namespace latent4j {
namespace {

template <DType kType>
__global__ void decode_kernel(cuda::Format<kType> format, int units, float4* y) {
  constexpr int kPieces = cuda::Format<kType>::kUnit / 4;
  const int unit = blockIdx.x * blockDim.x + threadIdx.x;
  if (unit >= units) return;
  const auto packed = format.load(unit);
#pragma unroll
  for (int piece = 0; piece < kPieces; ++piece) y[unit * kPieces + piece] = format.decode(packed, unit, piece);
}

class CudaWeightsTest : public test::CudaTest {
 protected:
  std::vector<float> decoded(const Matrix& host) {
    const test::DeviceArray<std::byte> stored(cuda::stored_bytes(host));
    cuda::store(stream_, host, stored.data());
    const Matrix on_device{stored.data(), host.rows, host.cols, host.dtype};
    const test::DeviceArray<float> y(static_cast<size_t>(host.rows) * host.cols);
    cuda::with_dtype(host.dtype, [&]<DType kType>() {
      const int units = host.rows * host.cols / cuda::Format<kType>::kUnit;
      decode_kernel<kType><<<(units + 63) / 64, 64, 0, stream_.handle>>>(cuda::Format<kType>(on_device), units,
                                                                         reinterpret_cast<float4*>(y.data()));
      L4J_CUDA_CHECK(cudaGetLastError());
    });
    finish();
    return y.read();
  }

  void expect_decoded(const Matrix& host) {
    const std::vector<float> actual = decoded(host);
    std::vector<float> row(host.cols);
    for (int32_t r = 0; r < host.rows; ++r) {
      cpu::ops("plain").decode_row(host, r, row.data());
      for (int32_t c = 0; c < host.cols; ++c) {
        ASSERT_EQ(actual[static_cast<size_t>(r) * host.cols + c], row[c]) << dtype_info(host.dtype).name << " at " << r << ", " << c;
      }
    }
  }
};

TEST_F(CudaWeightsTest, DecodeToWhatTheCpuDecodes) {
  for (int i = 0; i < kDTypes; ++i) {
    const DType type = dtype_at(i);
    const int step = std::max(8, dtype_info(type).block_elements);
    for (const auto& [rows, blocks] : {std::pair{1, 1}, {7, 3}, {33, 2}}) {
      expect_decoded(RandomWeight(type, rows, blocks * step, 11 + i).view());
    }
  }
}

TEST_F(CudaWeightsTest, DecodeToTheReferenceOfEveryFormat) {
  const auto golden = read_safetensors(std::string(L4J_TEST_DATA) + "/golden/gguf_blocks.safetensors");
  for (int i = 0; i < kDTypes; ++i) {
    const std::string name = dtype_info(dtype_at(i)).name;
    const TestTensor &blocks = golden.at(name + ".bytes"), &values = golden.at(name + ".values");
    const Matrix host{reinterpret_cast<const std::byte*>(blocks.bytes.data()), static_cast<int32_t>(blocks.shape.at(0)),
                      static_cast<int32_t>(values.shape.at(1)), dtype_at(i)};
    EXPECT_EQ(decoded(host), values.floats()) << name;
  }
}

// More than one upload: chunks may end anywhere among the blocks of a row.
TEST_F(CudaWeightsTest, ComeInChunks) {
  const RandomWeight w(DType::Q8_0, 3, 3 << 20, 5);  // a chunk is 8 MB
  const test::DeviceArray<std::byte> stored(cuda::stored_bytes(w.view()));
  cuda::store(stream_, w.view(), stored.data());
  const std::vector<std::byte> planes = stored.read();
  const size_t n = static_cast<size_t>(w.view().rows) * w.view().cols, scales = cuda::plane_offset(DType::Q8_0, n, 2);
  for (size_t block = 0; block < n / 32; ++block) {
    const std::byte* host = w.view().data + 34 * block;
    ASSERT_EQ(std::memcmp(&planes[32 * block], host + 2, 32), 0) << block;
    ASSERT_EQ(std::memcmp(&planes[scales + 2 * block], host, 2), 0) << block;
  }
}

TEST_F(CudaWeightsTest, TakeTheBytesThatTheFileTakes) {
  for (int i = 0; i < kDTypes; ++i) {
    const Matrix shape{nullptr, 1000, 1024, dtype_at(i)};
    const size_t file = shape.row_bytes() * shape.rows;
    EXPECT_GE(cuda::stored_bytes(shape), file) << i;
    EXPECT_LT(cuda::stored_bytes(shape), file + 128 * cuda::kMostPlanes) << i;
  }
}

}  // namespace
}  // namespace latent4j
