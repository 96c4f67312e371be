// compare: norms and cosines against sums in double.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

std::vector<Thought> run(const std::string& level, const std::vector<float>& x, const float* before, int32_t n) {
  ThreadPool threads(2);
  Queue queue{&threads};
  std::vector<Thought> thoughts(n);
  for (Thought& thought : thoughts) thought.entropy = 7, thought.tokens[0] = 77, thought.padding = 1;
  cpu::ops(level).compare(queue, {x.data(), before, n, static_cast<int32_t>(x.size()) / n, thoughts.data()});
  for (const Thought& thought : thoughts) {
    EXPECT_EQ(thought.entropy, 7);
    EXPECT_EQ(thought.tokens[0], 77);
    EXPECT_TRUE(std::isnan(thought.nearest_cosine));
    EXPECT_EQ(thought.nearest_token, -1);
    EXPECT_EQ(thought.padding, 0);
  }
  return thoughts;
}

TEST(Compare, NormsAndCosines) {
  constexpr int32_t kRows = 3;
  for (const int32_t d : {1, 5, 16, 31, 576, 2056}) {
    const std::vector<float> x = random_floats(static_cast<size_t>(kRows) * d, 1), noise = random_floats(x.size(), 2);
    std::vector<float> before = x;
    for (size_t i = 0; i < x.size(); i++) before[i] += 0.3f * noise[i];
    for (const std::string& level : cpu::levels()) {
      const auto thoughts = run(level, x, before.data(), kRows);
      for (int32_t row = 0; row < kRows; row++) {
        double xx = 0, bb = 0, xb = 0;
        for (int32_t i = row * d; i < (row + 1) * d; i++) {
          xx += static_cast<double>(x[i]) * x[i];
          bb += static_cast<double>(before[i]) * before[i];
          xb += static_cast<double>(x[i]) * before[i];
        }
        EXPECT_NEAR(thoughts[row].norm, std::sqrt(xx), 1e-5 * std::sqrt(xx)) << level << " d " << d;
        EXPECT_NEAR(thoughts[row].step_cosine, xb / std::sqrt(xx * bb), 1e-5) << level << " d " << d;
        const auto alone = run(level, {x.begin() + row * d, x.begin() + (row + 1) * d}, before.data() + row * d, 1);
        EXPECT_EQ(alone[0].norm, thoughts[row].norm);
        EXPECT_EQ(alone[0].step_cosine, thoughts[row].step_cosine);
      }
    }
  }
}

TEST(Compare, WithNothingBeforeThereIsNoCosine) {
  const std::vector<float> x{3, 4}, zeros{0, 0};
  for (const std::string& level : cpu::levels()) {
    for (const float* before : {static_cast<const float*>(nullptr), zeros.data()}) {
      EXPECT_EQ(run(level, x, before, 1)[0].norm, 5);
      EXPECT_TRUE(std::isnan(run(level, x, before, 1)[0].step_cosine));
    }
    EXPECT_TRUE(std::isnan(run(level, zeros, x.data(), 1)[0].step_cosine));
    EXPECT_EQ(run(level, zeros, x.data(), 1)[0].norm, 0);
    EXPECT_EQ(run(level, x, x.data(), 1)[0].step_cosine, 1);
    for (uint32_t seed = 0; seed < 50; seed++) {
      const std::vector<float> any = random_floats(64, seed);
      const float cosine = run(level, any, any.data(), 1)[0].step_cosine;
      EXPECT_LE(cosine, 1) << "however its sums round";
      EXPECT_GT(cosine, 0.99999f);
    }
  }
}

}  // namespace
}  // namespace latent4j
