// matmul: against sums in double, and bit for bit against itself for other numbers of rows and threads.
#include <cmath>

#include <gtest/gtest.h>

#include "kernels/cpu/dispatch.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

// y = x W^T (+ bias), summed in double over weights decoded one row at a time; magnitude: the same sum of absolute values.
struct Reference {
  std::vector<double> y, magnitude;

  Reference(const std::vector<float>& x, int32_t n, const Matrix& w, const float* bias) : y(n * w.rows), magnitude(n * w.rows) {
    std::vector<float> row(w.cols);
    for (int32_t out = 0; out < w.rows; ++out) {
      cpu::ops("plain").decode_row(w, out, row.data());
      for (int32_t r = 0; r < n; ++r) {
        double sum = bias ? bias[out] : 0, absolute = std::fabs(sum);
        for (int32_t c = 0; c < w.cols; ++c) {
          sum += static_cast<double>(x[r * w.cols + c]) * row[c];
          absolute += std::fabs(static_cast<double>(x[r * w.cols + c]) * row[c]);
        }
        y[r * w.rows + out] = sum;
        magnitude[r * w.rows + out] = absolute;
      }
    }
  }
};

std::vector<float> multiply(const Ops& ops, ThreadPool& threads, const std::vector<float>& x, int32_t n, const Matrix& w,
                            const float* bias = nullptr) {
  Queue queue{&threads};
  std::vector<float> y(static_cast<size_t>(n) * w.rows + 1, 7.0f);
  const MatmulTarget target{&w, bias, y.data()};
  ops.matmul(queue, {x.data(), n, w.cols, &target, 1});
  EXPECT_EQ(y.back(), 7.0f) << "wrote past the end";
  y.pop_back();
  return y;
}

void expect_near_reference(DType type, int32_t m, int32_t k) {
  ThreadPool threads(2);
  const RandomWeight w(type, m, k, 3);
  const std::vector<float> bias = random_floats(m, 4);
  for (int32_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 20}) {
    const std::vector<float> x = random_floats(static_cast<size_t>(n) * k, 5);
    const Reference expected(x, n, w.view(), bias.data());
    for (const std::string& level : cpu::levels()) {
      const std::vector<float> y = multiply(cpu::ops(level), threads, x, n, w.view(), bias.data());
      for (size_t i = 0; i < y.size(); ++i) {
        ASSERT_NEAR(y[i], expected.y[i], 2e-6 * expected.magnitude[i])
            << level << " " << dtype_info(type).name << " n " << n << " m " << m << " k " << k << " at " << i;
      }
    }
  }
}

TEST(Matmul, IsNearTheSumInDoubleForEveryFormat) {
  for (int type = 0; type < kDTypes; ++type) {
    expect_near_reference(dtype_at(type), 29, 256);
    expect_near_reference(dtype_at(type), 64, 1280);  // more than one panel of columns
  }
}

TEST(Matmul, TakesColumnsThatDoNotDivideTheVector) {
  for (DType type : {DType::F32, DType::F16, DType::BF16}) {
    for (int32_t k : {1, 7, 16, 31, 519, 1025}) expect_near_reference(type, 13, k);
  }
  for (DType type : {DType::Q4_0, DType::Q4_1, DType::Q5_0, DType::Q5_1, DType::Q8_0}) expect_near_reference(type, 9, 544);
}

TEST(Matmul, RowsAreBitEqualAloneAndInABatchOfAnySizeOnAnyThreads) {
  ThreadPool pools[] = {ThreadPool(1), ThreadPool(2), ThreadPool(3)};
  constexpr int32_t kMost = 67, kM = 21, kK = 768;
  const std::vector<float> x = random_floats(kMost * kK, 6);
  for (const std::string& level : cpu::levels()) {
    const Ops& ops = cpu::ops(level);
    for (int type = 0; type < kDTypes; ++type) {
      const RandomWeight w(dtype_at(type), kM, kK, 7);
      std::vector<float> alone;
      for (int32_t r = 0; r < kMost; ++r) {
        const std::vector<float> y = multiply(ops, pools[0], {x.begin() + r * kK, x.begin() + (r + 1) * kK}, 1, w.view());
        alone.insert(alone.end(), y.begin(), y.end());
      }
      for (int32_t n = 1; n <= kMost; ++n) {
        const std::vector<float> y = multiply(ops, pools[n % 3], x, n, w.view());
        ASSERT_EQ(std::memcmp(y.data(), alone.data(), y.size() * sizeof(float)), 0) << level << " " << type << " n " << n;
      }
      for (ThreadPool& pool : pools) ASSERT_EQ(multiply(ops, pool, x, kMost, w.view()), std::vector<float>(alone)) << level << " " << type;
    }
  }
}

TEST(Matmul, RowsAreBitEqualWhereABatchTakesSeveralPasses) {
  ThreadPool threads(2);
  constexpr int32_t kN = 401, kK = 544;
  const std::vector<float> x = random_floats(kN * kK, 8);
  const RandomWeight w(DType::Q4_1, 10, kK, 9);
  for (const std::string& level : cpu::levels()) {
    const std::vector<float> y = multiply(cpu::ops(level), threads, x, kN, w.view());
    for (int32_t r = 0; r < kN; ++r) {
      const std::vector<float> alone = multiply(cpu::ops(level), threads, {x.begin() + r * kK, x.begin() + (r + 1) * kK}, 1, w.view());
      ASSERT_EQ(std::memcmp(&y[r * 10], alone.data(), 10 * sizeof(float)), 0) << level << " row " << r;
    }
  }
}

TEST(Matmul, WritesAllTargetsOfACallAndAddsWhereAsked) {
  ThreadPool threads(2);
  Queue queue{&threads};
  constexpr int32_t kK = 256;
  const RandomWeight q(DType::Q4_1, 40, kK, 10), k(DType::F32, 7, kK, 11), v(DType::Q6_K, 19, kK, 12);
  const std::vector<float> bias = random_floats(7, 13);
  for (const std::string& level : cpu::levels()) {
    for (int32_t n : {1, 3, 11}) {
      const std::vector<float> x = random_floats(n * kK, 14);
      std::vector<float> yq(n * 40, 1.0f), yk(n * 7, 2.0f), yv(n * 19, 3.0f);
      const MatmulTarget targets[] = {
          {&q.view(), nullptr, yq.data()}, {&k.view(), bias.data(), yk.data()}, {&v.view(), nullptr, yv.data()}};
      cpu::ops(level).matmul(queue, {x.data(), n, kK, targets, 3});
      EXPECT_EQ(yq, multiply(cpu::ops(level), threads, x, n, q.view()));
      EXPECT_EQ(yk, multiply(cpu::ops(level), threads, x, n, k.view(), bias.data()));
      EXPECT_EQ(yv, multiply(cpu::ops(level), threads, x, n, v.view()));
      const std::vector<float> once = yk;
      cpu::ops(level).matmul(queue, {x.data(), n, kK, targets, 3, MatmulInto::add});
      for (size_t i = 0; i < yk.size(); ++i) ASSERT_EQ(yk[i], once[i] + once[i]) << level << " n " << n;
    }
  }
}

TEST(Matmul, KeepsNotANumber) {
  ThreadPool threads(2);
  const RandomWeight w(DType::Q8_0, 8, 64, 15);
  for (const std::string& level : cpu::levels()) {
    for (int32_t n : {1, 2, 4, 6}) {
      std::vector<float> x = random_floats(n * 64, 16);
      x[n * 64 - 5] = NAN;
      const std::vector<float> y = multiply(cpu::ops(level), threads, x, n, w.view());
      for (int32_t i = 0; i < n * 8; ++i) EXPECT_EQ(std::isnan(y[i]), i >= (n - 1) * 8) << level << " n " << n << " at " << i;
    }
  }
}

}  // namespace
}  // namespace latent4j
