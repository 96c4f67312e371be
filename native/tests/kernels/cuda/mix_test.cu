// mix on CUDA against the CPU: formats, blends, temperatures and the noise of seeds.
#include "kernels/cuda/cuda_test.h"
#include "kernels/cuda/weights.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

struct Settings {
  float temperature = 1, noise = 0, keep = 0, share = 1;
};

class CudaMixTest : public test::CudaTest {
 protected:
  static constexpr int32_t kVocab = 300, kRows = 3, kStride = 64;

  void SetUp() override {
    test::CudaTest::SetUp();
    std::mt19937 random(1);
    values_ = test::random_floats(kRows * kStride, random, 2);
    for (int32_t row = 0; row < kRows; row++) {
      for (int32_t i = 0; i < kStride; i++) ids_.push_back((kVocab - 1 - 3 * i + row) % kVocab);
      rows_.push_back({7, (uint64_t{1} << 40) + static_cast<uint64_t>(row)});
    }
  }

  // Rows [first, first + n).
  std::vector<float> on_cuda(const Matrix& table, int32_t k, Settings s, const std::vector<float>& before, int32_t first = 0,
                             int32_t n = kRows) {
    const auto part = [&](const auto& of, int32_t width) {
      return std::vector(of.begin() + first * width, of.begin() + (first + n) * width);
    };
    const test::DeviceArray<int32_t> ids(part(ids_, kStride));
    const test::DeviceArray<float> values(part(values_, kStride));
    const test::DeviceArray<SampleRow> rows(part(rows_, 1));
    const test::DeviceArray<float> y(part(before, table.cols));
    Queue on = queue();
    cuda::mix(on, {&table, ids.data(), values.data(), s.noise == 0 ? nullptr : rows.data(), n, k, kStride, s.temperature, s.noise, s.keep,
                   s.share, y.data()});
    finish();
    return y.read();
  }
  std::vector<float> on_cpu(const Matrix& table, int32_t k, Settings s, std::vector<float> y) {
    Queue on = cpu_queue();
    twin().mix(on, {&table, ids_.data(), values_.data(), rows_.data(), kRows, k, kStride, s.temperature, s.noise, s.keep, s.share,
                    y.data()});
    return y;
  }

  std::vector<int32_t> ids_;
  std::vector<float> values_;
  std::vector<SampleRow> rows_;
};

TEST_F(CudaMixTest, EqualsTheCpuInEveryFormat) {
  for (int type = 0; type < kDTypes; ++type) {
    const bool floats = dtype_info(dtype_at(type)).block_elements == 1;
    for (const int32_t d : {floats ? 8 : 256, floats ? 1032 : 1280}) {
      SCOPED_TRACE(testing::Message() << dtype_info(dtype_at(type)).name << " d " << d);
      const RandomWeight host(dtype_at(type), kVocab, d, 5);
      const test::DeviceArray<std::byte> stored(cuda::stored_bytes(host.view()));
      cuda::store(stream_, host.view(), stored.data());
      const Matrix table{stored.data(), kVocab, d, dtype_at(type)};
      const auto before = random_floats(static_cast<size_t>(kRows) * d, 6);
      const std::vector<float> nothing(before.size(), NAN);
      test::expect_near(on_cuda(table, 10, {}, nothing), on_cpu(host.view(), 10, {}, nothing), 1e-6);
      const Settings blend{0.6f, 0.5f, 0.75f, 0.25f};
      test::expect_near(on_cuda(table, 64, blend, before), on_cpu(host.view(), 64, blend, before), 1e-6);
    }
  }
}

TEST_F(CudaMixTest, SettingsAtTheirEnds) {
  constexpr int32_t kD = 576;
  const RandomWeight host(DType::F32, kVocab, kD, 5);
  const test::DeviceArray<std::byte> stored(cuda::stored_bytes(host.view()));
  cuda::store(stream_, host.view(), stored.data());
  const Matrix table{stored.data(), kVocab, kD, DType::F32};
  const auto before = random_floats(kRows * kD, 6);
  for (const int32_t k : {1, 2, 31, 32, 33, 64}) {
    for (const Settings s : {Settings{}, {1e-30f}, {1e30f}, {1, 1}, {0.7f, 30}, {1, 0, 1, 0}, {1, 0.3f, 0.5f, 0.5f}}) {
      SCOPED_TRACE(testing::Message() << "k " << k << " temperature " << s.temperature << " noise " << s.noise << " keep " << s.keep);
      test::expect_near(on_cuda(table, k, s, before), on_cpu(host.view(), k, s, before), 1e-6);
    }
  }
  EXPECT_EQ(on_cuda(table, 10, {1, 0, 1, 0}, before), before) << "what is kept is kept to the bit";
}

TEST_F(CudaMixTest, RowsAreBitEqualAloneAndInABatch) {
  constexpr int32_t kD = 1032;
  const RandomWeight host(DType::BF16, kVocab, kD, 5);
  const test::DeviceArray<std::byte> stored(cuda::stored_bytes(host.view()));
  cuda::store(stream_, host.view(), stored.data());
  const Matrix table{stored.data(), kVocab, kD, DType::BF16};
  const auto before = random_floats(kRows * kD, 6);
  const Settings s{0.8f, 0.5f, 0.5f, 0.5f};
  const auto together = on_cuda(table, 10, s, before);
  for (int32_t row = 0; row < kRows; row++) {
    EXPECT_EQ(on_cuda(table, 10, s, before, row, 1), std::vector<float>(together.begin() + row * kD, together.begin() + (row + 1) * kD));
  }
}

}  // namespace
}  // namespace latent4j
