// nearest: the largest scaled product of each row, and nothing else of its thought.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

std::vector<Thought> run(const std::string& level, int n_threads, const std::vector<float>& products, const std::vector<float>& scales,
                         const std::vector<float>& norms) {
  ThreadPool threads(n_threads);
  Queue queue{&threads};
  std::vector<Thought> thoughts(norms.size());
  for (size_t i = 0; i < norms.size(); i++) {
    thoughts[i].norm = norms[i];
    thoughts[i].entropy = thoughts[i].step_cosine = 7;
    thoughts[i].nearest_token = -1;
    thoughts[i].tokens[4] = 77;
  }
  cpu::ops(level).nearest(queue, {products.data(), scales.data(), static_cast<int32_t>(norms.size()), static_cast<int32_t>(scales.size()),
                                  thoughts.data()});
  for (size_t i = 0; i < norms.size(); i++) {
    EXPECT_EQ(thoughts[i].norm, norms[i]);
    EXPECT_EQ(thoughts[i].entropy, 7);
    EXPECT_EQ(thoughts[i].step_cosine, 7);
    EXPECT_EQ(thoughts[i].tokens[4], 77);
  }
  return thoughts;
}

TEST(Nearest, TheLargestScaledProduct) {
  const std::vector<float> norms{20, 50, 300};  // longer than any product here
  for (const int32_t vocab : {1, 7, 16, 33, 1000, 9001}) {
    const std::vector<float> products = random_floats(norms.size() * vocab, 1);
    std::vector<float> scales = random_floats(vocab, 2);
    for (float& scale : scales) scale = std::abs(scale) + 0.1f;
    for (const std::string& level : cpu::levels()) {
      const auto thoughts = run(level, 2, products, scales, norms);
      for (size_t row = 0; row < norms.size(); row++) {
        int32_t best = 0;
        for (int32_t j = 0; j < vocab; j++) {
          if (products[row * vocab + j] * scales[j] > products[row * vocab + best] * scales[best]) best = j;
        }
        EXPECT_EQ(thoughts[row].nearest_token, best) << level << " vocab " << vocab;
        EXPECT_NEAR(thoughts[row].nearest_cosine, static_cast<double>(products[row * vocab + best]) * scales[best] / norms[row], 1e-5);
      }
    }
  }
}

TEST(Nearest, OfEqualsTheLowerAndNeverARowThatIsNoDirection) {
  for (const std::string& level : cpu::levels()) {
    const auto one = [&](const std::vector<float>& products, const std::vector<float>& scales, float norm = 1) {
      return run(level, 1, products, scales, {norm})[0];
    };
    EXPECT_EQ(one({1, 3, 2, 3}, {1, 1, 1.5f, 1}).nearest_token, 1);
    EXPECT_EQ(one({-4, -1, -3, -1}, {1, 1, 1, 1}).nearest_token, 1) << "all on the other side";
    EXPECT_EQ(one({-4, -1, 9, -2}, {1, 1, 0, 1}).nearest_token, 2) << "a row of zeros stands at a right angle";
    EXPECT_EQ(one({5, 1}, {0.1f, 1}).nearest_token, 1);
    EXPECT_EQ(one({1.0000001f, 0.5f}, {1, 1}).nearest_cosine, 1) << "no cosine is larger, however products round";
    EXPECT_TRUE(std::isnan(one({0, 0}, {1, 1}, 0).nearest_cosine)) << "a thought of zeros has no direction";
  }
}

}  // namespace
}  // namespace latent4j
