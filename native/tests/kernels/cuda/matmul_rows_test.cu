// matmul of few rows on CUDA against the CPU, in every format, and bit for bit against itself for other numbers of rows.
#include "kernels/cuda/cuda_test.h"
#include "kernels/cuda/matmul_ways.h"
#include "kernels/cuda/weights.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

// A weight on the host and on the device.
class TwoWeights {
 public:
  TwoWeights(const cuda::Stream& stream, DType type, int32_t m, int32_t k, uint32_t seed)
      : host_(type, m, k, seed), stored_(cuda::stored_bytes(host_.view())) {
    cuda::store(stream, host_.view(), stored_.data());
    device_ = {stored_.data(), m, k, type};
  }
  const Matrix& host() const { return host_.view(); }
  const Matrix& device() const { return device_; }

 private:
  RandomWeight host_;
  test::DeviceArray<std::byte> stored_;
  Matrix device_;
};

class CudaMatmulRowsTest : public test::CudaTest {
 protected:
  // targets over x [n, k], on both devices; y of each begins as `start`.
  void expect_equal(const std::vector<const TwoWeights*>& weights, int32_t n, MatmulInto into, bool with_bias, bool with_norm,
                    double tolerance = 2e-6) {
    const int32_t k = weights[0]->host().cols;
    const std::vector<float> x = random_floats(static_cast<size_t>(n) * k, 5), norm = random_floats(k, 6);
    const test::DeviceArray<float> device_x(x), device_norm(norm);
    std::vector<MatmulTarget> on_cpu, on_device;
    std::vector<std::vector<float>> expected, biases;
    std::vector<std::unique_ptr<test::DeviceArray<float>>> device_biases, y;
    for (const TwoWeights* w : weights) {
      biases.push_back(random_floats(w->host().rows, 7));
      expected.push_back(random_floats(static_cast<size_t>(n) * w->host().rows, 8));
      device_biases.push_back(std::make_unique<test::DeviceArray<float>>(biases.back()));
      y.push_back(std::make_unique<test::DeviceArray<float>>(expected.back()));
    }
    for (size_t t = 0; t < weights.size(); ++t) {
      on_cpu.push_back({&weights[t]->host(), with_bias ? biases[t].data() : nullptr, expected[t].data()});
      on_device.push_back({&weights[t]->device(), with_bias ? device_biases[t]->data() : nullptr, y[t]->data()});
    }
    std::vector<float> scratch(x.size());
    MatmulArgs args{x.data(), n, k, on_cpu.data(), static_cast<int32_t>(weights.size()), into};
    if (with_norm) args.norm = {norm.data(), 1e-6f, scratch.data()};
    Queue cpu = cpu_queue();
    twin().matmul(cpu, args);
    args.x = device_x.data();
    args.targets = on_device.data();
    if (with_norm) args.norm = {device_norm.data(), 1e-6f, nullptr};
    Queue on = queue();
    cuda::matmul(on, args);
    finish();
    const size_t written = into == MatmulInto::silu_mul ? 1 : weights.size();
    for (size_t t = 0; t < written; ++t) {
      SCOPED_TRACE(testing::Message() << dtype_info(weights[t]->host().dtype).name << " n " << n << " m "
                                      << weights[t]->host().rows << " k " << k << " target " << t
                                      << " into " << static_cast<int>(into) << " norm " << with_norm);
      test::expect_near(y[t]->read(), expected[t], tolerance);
      if (HasFatalFailure()) return;
    }
  }

  std::vector<float> multiply(const std::vector<float>& x, int32_t n, const Matrix& w, const float* norm) {
    const test::DeviceArray<float> device_x(x), y(static_cast<size_t>(n) * w.rows);
    const MatmulTarget target{&w, nullptr, y.data()};
    cuda::matmul_rows(stream_, {device_x.data(), n, w.cols, &target, 1, MatmulInto::store, {norm, 1e-6f, nullptr}});
    finish();
    return y.read();
  }
};

TEST_F(CudaMatmulRowsTest, EqualsTheCpuInEveryFormat) {
  for (int i = 0; i < kDTypes; ++i) {
    const TwoWeights w(stream_, dtype_at(i), 29, 256, 3), wide(stream_, dtype_at(i), 50, 1280, 4);
    for (int32_t n : {1, 2, 3, 5, 16}) expect_equal({&w}, n, MatmulInto::store, true, false);
    for (int32_t n : {1, 4}) expect_equal({&wide}, n, MatmulInto::add, false, true);
  }
}

TEST_F(CudaMatmulRowsTest, TakesColumnsThatDoNotDivideTheWarp) {
  for (DType type : {DType::F32, DType::F16, DType::BF16}) {
    for (int32_t k : {8, 24, 1032}) {
      const TwoWeights w(stream_, type, 13, k, 3);
      for (int32_t n : {1, 7}) expect_equal({&w}, n, MatmulInto::store, false, true);
    }
  }
  for (DType type : {DType::Q4_0, DType::Q4_1, DType::Q5_0, DType::Q5_1, DType::Q8_0}) {
    const TwoWeights w(stream_, type, 9, 544, 3);
    for (int32_t n : {1, 3}) expect_equal({&w}, n, MatmulInto::store, true, true);
  }
}

TEST_F(CudaMatmulRowsTest, TakesMoreColumnsThanSharedMemoryHolds) {
  for (DType type : {DType::BF16, DType::Q4_1}) {
    const TwoWeights w(stream_, type, 130, 4128, 3), narrow(stream_, type, 5, 13312, 3);
    expect_equal({&w}, 16, MatmulInto::store, false, true);
    expect_equal({&narrow}, 1, MatmulInto::store, false, true);
  }
  for (DType type : {DType::Q2_K, DType::Q3_K}) {
    const TwoWeights w(stream_, type, 37, 4352, 3), narrow(stream_, type, 5, 26368, 3);
    expect_equal({&w}, 7, MatmulInto::store, false, true);
    expect_equal({&narrow}, 1, MatmulInto::store, false, true);
  }
}

TEST_F(CudaMatmulRowsTest, WritesAllTargetsOfACall) {
  const TwoWeights q(stream_, DType::BF16, 100, 256, 10), k(stream_, DType::BF16, 40, 256, 11), v(stream_, DType::BF16, 7, 256, 12);
  const TwoWeights other(stream_, DType::Q6_K, 19, 256, 13);
  for (int32_t n : {1, 3, 17, 40}) {
    for (MatmulInto into : {MatmulInto::store, MatmulInto::add}) {
      expect_equal({&q, &k, &v}, n, into, true, true);
      expect_equal({&q, &k, &other}, n, into, true, false);
      expect_equal({&other, &v}, n, into, false, true);
    }
  }
}

TEST_F(CudaMatmulRowsTest, PassesTwoTargetsThroughSiluMul) {
  for (DType type : {DType::F32, DType::BF16, DType::Q4_0, DType::Q8_0, DType::Q4_K}) {
    const TwoWeights gate(stream_, type, 53, 256, 20), up(stream_, type, 53, 256, 21);
    for (int32_t n : {1, 2, 4, 7, 16}) expect_equal({&gate, &up}, n, MatmulInto::silu_mul, false, true, 4e-6);
  }
  const TwoWeights gate(stream_, DType::Q5_K, 56, 256, 20), up(stream_, DType::Q6_K, 56, 256, 21);
  for (int32_t n : {1, 5}) expect_equal({&gate, &up}, n, MatmulInto::silu_mul, true, false, 4e-6);
}

// More rows of the matrix than all blocks take at once.
TEST_F(CudaMatmulRowsTest, GoesThroughATallMatrixTileByTile) {
  stream_.n_sms = 2;
  const TwoWeights w(stream_, DType::BF16, 501, 64, 30), tall(stream_, DType::Q8_0, 501, 4096, 31);
  for (int32_t n : {1, 2, 3}) expect_equal({&w}, n, MatmulInto::store, true, true);
  expect_equal({&tall}, 8, MatmulInto::store, true, true);
}

TEST_F(CudaMatmulRowsTest, RowsAreBitEqualAloneAndInABatchOfAnySize) {
  constexpr int32_t kMost = 19, kM = 60;
  for (int i = 0; i < kDTypes; ++i) {
    const int32_t k = dtype_at(i) == DType::BF16 ? 2056 : dtype_at(i) == DType::Q3_K ? 4352 : 768;
    const std::vector<float> x = random_floats(kMost * k, 6);
    const test::DeviceArray<float> norm(random_floats(k, 7));
    const TwoWeights w(stream_, dtype_at(i), kM, k, 7);
    std::vector<float> alone;
    for (int32_t r = 0; r < kMost; ++r) {
      const std::vector<float> y = multiply({x.begin() + r * k, x.begin() + (r + 1) * k}, 1, w.device(), norm.data());
      alone.insert(alone.end(), y.begin(), y.end());
    }
    for (int32_t n : {2, 3, 8, 19}) {
      const std::vector<float> y = multiply({x.begin(), x.begin() + n * k}, n, w.device(), norm.data());
      ASSERT_EQ(std::memcmp(y.data(), alone.data(), y.size() * sizeof(float)), 0) << dtype_info(dtype_at(i)).name << " n " << n;
    }
  }
}

TEST_F(CudaMatmulRowsTest, KeepsNotANumberInItsRow) {
  const TwoWeights w(stream_, DType::Q8_0, 8, 64, 15);
  for (int32_t n : {1, 2, 4, 6}) {
    std::vector<float> x = random_floats(n * 64, 16);
    x[n * 64 - 5] = NAN;
    const std::vector<float> y = multiply(x, n, w.device(), nullptr);
    for (int32_t i = 0; i < n * 8; ++i) EXPECT_EQ(std::isnan(y[i]), i >= (n - 1) * 8) << "n " << n << " at " << i;
  }
}

}  // namespace
}  // namespace latent4j
