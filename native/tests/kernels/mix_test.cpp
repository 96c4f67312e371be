// mix: a sum of rows of a table, by weights that a table of unit vectors shows as they are. Against the definition in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "kernels/cpu/dispatch.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

struct Settings {
  float temperature = 1, noise = 0, keep = 0, share = 1;
};

// y [n, d] after the op, which finds `y` there.
std::vector<float> run(const std::string& level, int n_threads, const Matrix& table, const std::vector<int32_t>& ids,
                       const std::vector<float>& values, const std::vector<SampleRow>& rows, int32_t n, int32_t k, Settings s,
                       std::vector<float> y = {}) {
  ThreadPool threads(n_threads);
  Queue queue{&threads};
  if (y.empty()) y.assign(static_cast<size_t>(n) * table.cols, NAN);
  y.push_back(-7);
  cpu::ops(level).mix(queue, {&table, ids.data(), values.data(), rows.empty() ? nullptr : rows.data(), n, k,
                              static_cast<int32_t>(ids.size()) / n, s.temperature, s.noise, s.keep, s.share, y.data()});
  EXPECT_EQ(y.back(), -7) << "wrote past the end";
  y.pop_back();
  return y;
}

std::vector<double> softmax(const float* values, int32_t k, double temperature) {
  std::vector<double> p(k);
  const double top = *std::max_element(values, values + k) / temperature;
  for (int32_t i = 0; i < k; i++) p[i] = std::exp(values[i] / temperature - top);
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& v : p) v /= sum;
  return p;
}

// n rows of `stride` different ids below `vocab`, and their logits, falling.
void candidates(int32_t n, int32_t stride, int32_t vocab, std::vector<int32_t>& ids, std::vector<float>& values) {
  for (int32_t row = 0; row < n; row++) {
    auto own = random_floats(stride, 11 + row, 2);
    std::sort(own.rbegin(), own.rend());
    values.insert(values.end(), own.begin(), own.end());
    for (int32_t i = 0; i < stride; i++) ids.push_back((vocab - 1 - 5 * i + row % 3) % vocab);
  }
}

TEST(Mix, SumsRowsOfEveryFormat) {
  constexpr int32_t kVocab = 337, kD = 512, kRows = 3, kStride = 64;
  std::vector<int32_t> ids;
  std::vector<float> values, row(kD);
  candidates(kRows, kStride, kVocab, ids, values);
  const std::vector<float> before = random_floats(kRows * kD, 5);
  for (int type = 0; type < kDTypes; type++) {
    const RandomWeight table(dtype_at(type), kVocab, kD, 6);
    for (const int32_t k : {1, 2, 10, 33, 64}) {
      for (const Settings s : {Settings{}, {0.6f, 0, 0, 1}, {1, 0, 0.75f, 0.25f}, {30, 0, 1, -2}}) {
        std::vector<double> expected(kRows * kD);
        for (int32_t r = 0; r < kRows; r++) {
          const auto p = softmax(values.data() + r * kStride, k, s.temperature);
          for (int32_t j = 0; j < kD; j++) expected[r * kD + j] = s.keep * static_cast<double>(before[r * kD + j]);
          for (int32_t i = 0; i < k; i++) {
            cpu::ops("plain").decode_row(table.view(), ids[r * kStride + i], row.data());
            for (int32_t j = 0; j < kD; j++) expected[r * kD + j] += s.share * p[i] * row[j];
          }
        }
        for (const std::string& level : cpu::levels()) {
          const auto y = run(level, 2, table.view(), ids, values, {}, kRows, k, s, s.keep == 0 ? std::vector<float>{} : before);
          for (size_t i = 0; i < y.size(); i++) {
            ASSERT_NEAR(y[i], expected[i], 1e-5) << level << " " << dtype_info(dtype_at(type)).name << " k " << k << " at " << i;
          }
        }
      }
    }
  }
}

TEST(Mix, RowsOfAnyWidth) {
  for (const int32_t d : {1, 3, 16, 19, 577}) {
    const RandomWeight table(DType::F32, 40, d, 7);
    std::vector<int32_t> ids;
    std::vector<float> values, row(d);
    candidates(2, 5, 40, ids, values);
    for (const std::string& level : cpu::levels()) {
      const auto y = run(level, 1, table.view(), ids, values, {}, 2, 5, {});
      for (int32_t r = 0; r < 2; r++) {
        const auto p = softmax(values.data() + 5 * r, 5, 1);
        std::vector<double> expected(d);
        for (int32_t i = 0; i < 5; i++) {
          cpu::ops("plain").decode_row(table.view(), ids[5 * r + i], row.data());
          for (int32_t j = 0; j < d; j++) expected[j] += p[i] * row[j];
        }
        for (int32_t j = 0; j < d; j++) ASSERT_NEAR(y[r * d + j], expected[j], 1e-6) << level << " d " << d;
      }
    }
  }
}

// A table of unit vectors: y is the weights themselves, by id.
class UnitTable {
 public:
  explicit UnitTable(int32_t n) : numbers_(static_cast<size_t>(n) * n) {
    for (int32_t i = 0; i < n; i++) numbers_[static_cast<size_t>(i) * n + i] = 1;
    view_ = {reinterpret_cast<const std::byte*>(numbers_.data()), n, n, DType::F32};
  }
  const Matrix& view() const { return view_; }

 private:
  std::vector<float> numbers_;
  Matrix view_;
};

TEST(Mix, WhatIsKeptIsKeptToTheBit) {
  const RandomWeight table(DType::BF16, 20, 48, 8);
  const std::vector<float> before = random_floats(48, 9);
  for (const std::string& level : cpu::levels()) {
    const std::vector<int32_t> ids{3, 4};
    EXPECT_EQ(run(level, 1, table.view(), ids, {2, 1}, {}, 1, 2, {1, 0, 1, 0}, before), before);
    EXPECT_EQ(run(level, 1, table.view(), ids, {2, 1}, {}, 1, 1, {1, 0, 0, 1}),
              run(level, 1, table.view(), ids, {2, 1}, {}, 1, 1, {0.01f, 0, 0, 1}, before))
        << "of one candidate its own row, whatever the temperature and what was there";
    std::vector<float> row(48);
    cpu::ops("plain").decode_row(table.view(), 3, row.data());
    EXPECT_EQ(run(level, 1, table.view(), ids, {2, 1}, {}, 1, 1, {}), row);
  }
}

TEST(Mix, TemperaturesAtTheirEnds) {
  const UnitTable table(4);
  for (const std::string& level : cpu::levels()) {
    const std::vector<int32_t> ids{2, 0, 3, 1};
    const std::vector<float> values{-1, -1.5f, -2, -900};
    EXPECT_EQ(run(level, 1, table.view(), ids, values, {}, 1, 4, {1e-30f}), (std::vector<float>{0, 0, 1, 0}));
    for (const float w : run(level, 1, table.view(), ids, values, {}, 1, 4, {1e30f})) EXPECT_NEAR(w, 0.25f, 1e-6f);
    const auto y = run(level, 1, table.view(), ids, {3e38f, 3e38f, -3e38f, 1}, {}, 1, 4, {});
    EXPECT_EQ(y, (std::vector<float>{0.5f, 0, 0.5f, 0})) << "logits at the ends of their type";
  }
}

TEST(Mix, NoiseDependsOnSeedStepAndIdOnly) {
  const UnitTable table(8);
  const std::vector<int32_t> ids{2, 0, 3, 1, 7}, turned{7, 1, 3, 0, 2};
  const std::vector<float> values(5, 0.5f);
  const Settings noisy{1, 1};
  for (const std::string& level : cpu::levels()) {
    const auto weights = [&](const std::vector<int32_t>& of, SampleRow row) {
      return run(level, 1, table.view(), of, values, {row}, 1, 5, noisy);
    };
    const auto one = weights(ids, {42, 3});
    EXPECT_EQ(weights(ids, {42, 3}), one);
    const auto other_order = weights(turned, {42, 3});
    for (size_t i = 0; i < one.size(); i++) EXPECT_NEAR(other_order[i], one[i], 1e-6f) << "the number of an id, not of its place";
    const std::vector<std::pair<const char*, SampleRow>> others = {{"step", {42, 4}}, {"seed", {43, 3}}, {"seed and step", {43, 2}}};
    for (const auto& [what, row] : others) EXPECT_NE(weights(ids, row), one) << what;
    // In a batch as alone.
    std::vector<int32_t> many_ids;
    std::vector<float> many_values;
    std::vector<SampleRow> rows;
    for (uint64_t i = 0; i < 6; i++) {
      many_ids.insert(many_ids.end(), ids.begin(), ids.end());
      many_values.insert(many_values.end(), values.begin(), values.end());
      rows.push_back({42 + i / 3, (uint64_t{1} << 40) + i % 3});
    }
    const auto together = run(level, 3, table.view(), many_ids, many_values, rows, 6, 5, noisy);
    for (size_t i = 0; i < rows.size(); i++) {
      EXPECT_EQ(std::vector<float>(together.begin() + 8 * i, together.begin() + 8 * (i + 1)), weights(ids, rows[i]));
    }
  }
}

// The largest of logits with Gumbel numbers is a token drawn by the logits' softmax; a difference of two Gumbel numbers is logistic.
TEST(Mix, NoiseIsGumbels) {
  constexpr int kDraws = 4000, kIds = 6;
  const UnitTable table(kIds);
  const std::vector<int32_t> ids{5, 4, 3, 2, 1, 0};
  const std::vector<float> values{1.2f, 0.7f, 0.7f, 0, -0.5f, -1};
  const auto p = softmax(values.data(), kIds, 1);
  for (const std::string& level : cpu::levels()) {
    std::map<int, int> drawn;
    double mean = 0, square = 0;
    for (int step = 0; step < kDraws; step++) {
      const auto y = run(level, 1, table.view(), ids, values, {{9, static_cast<uint64_t>(step)}}, 1, kIds, {1, 1});
      drawn[static_cast<int>(std::max_element(y.begin(), y.end()) - y.begin())]++;
      const double difference = std::log(static_cast<double>(y[5]) / y[4]) - (values[0] - values[1]);
      mean += difference / kDraws;
      square += difference * difference / kDraws;
    }
    double chi_squared = 0;
    for (int i = 0; i < kIds; i++) {
      const double expected = p[i] * kDraws;
      chi_squared += (drawn[ids[i]] - expected) * (drawn[ids[i]] - expected) / expected;
    }
    EXPECT_LT(chi_squared, 20) << level;  // of 5 degrees of freedom, one in a thousand is larger; the seed is fixed
    EXPECT_NEAR(mean, 0, 0.1) << level;
    EXPECT_NEAR(square, M_PI * M_PI / 3, 0.3) << level;
    // Half the noise, half the difference.
    const auto whole = run(level, 1, table.view(), ids, values, {{9, 1}}, 1, kIds, {1, 1});
    const auto half = run(level, 1, table.view(), ids, values, {{9, 1}}, 1, kIds, {1, 0.5f});
    EXPECT_NEAR(std::log(half[5] / half[4]) - 0.5f, 0.5f * (std::log(whole[5] / whole[4]) - 0.5f), 1e-4f);
  }
}

TEST(Mix, RowsAreBitEqualAloneAndInABatchOnAnyThreads) {
  constexpr int32_t kRows = 9, kVocab = 100, kD = 256, kStride = 12;
  std::vector<int32_t> ids;
  std::vector<float> values;
  candidates(kRows, kStride, kVocab, ids, values);
  const std::vector<float> before = random_floats(kRows * kD, 5);
  for (const DType type : {DType::BF16, DType::Q4_K}) {
    const RandomWeight table(type, kVocab, kD, 10);
    for (const std::string& level : cpu::levels()) {
      const auto together = run(level, 3, table.view(), ids, values, {}, kRows, 10, {0.7f, 0, 0.5f, 0.5f}, before);
      for (int32_t r = 0; r < kRows; r++) {
        const auto alone = run(level, 1, table.view(), {ids.begin() + r * kStride, ids.begin() + (r + 1) * kStride},
                               {values.begin() + r * kStride, values.begin() + (r + 1) * kStride}, {}, 1, 10, {0.7f, 0, 0.5f, 0.5f},
                               {before.begin() + r * kD, before.begin() + (r + 1) * kD});
        EXPECT_EQ(alone, std::vector<float>(together.begin() + r * kD, together.begin() + (r + 1) * kD)) << level << " row " << r;
      }
    }
  }
}

}  // namespace
}  // namespace latent4j
