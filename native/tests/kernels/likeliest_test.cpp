// likeliest: the k largest of a row against a sort, what is seen of the distribution against sums in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/cpu/dispatch.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

struct Found {
  std::vector<int32_t> ids;
  std::vector<float> values;
  std::vector<Thought> thoughts;
};

constexpr int32_t kUntouched = 77;

Found run(const std::string& level, int n_threads, const std::vector<float>& logits, int32_t n, int32_t k, bool looks = false) {
  ThreadPool threads(n_threads);
  Queue queue{&threads};
  Found found;
  found.ids.assign(static_cast<size_t>(n) * k + 1, -7);
  found.values.assign(found.ids.size(), -7);
  found.thoughts.resize(looks ? n : 0);
  for (Thought& thought : found.thoughts) thought.nearest_token = thought.padding = kUntouched, thought.norm = kUntouched;
  cpu::ops(level).likeliest(queue, {logits.data(), n, static_cast<int32_t>(logits.size()) / n, k, found.ids.data(), found.values.data(),
                                    looks ? found.thoughts.data() : nullptr});
  EXPECT_EQ(found.ids.back(), -7);
  EXPECT_EQ(found.values.back(), -7);
  found.ids.pop_back();
  found.values.pop_back();
  return found;
}

std::vector<int32_t> order_of(const float* logits, int32_t vocab) {
  std::vector<int32_t> order(vocab);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
  return order;
}

void expect_sorted(const std::string& level, const std::vector<float>& logits, int32_t n, int32_t k) {
  const auto vocab = static_cast<int32_t>(logits.size()) / n;
  const Found found = run(level, 2, logits, n, k);
  for (int32_t row = 0; row < n; row++) {
    const float* own = logits.data() + static_cast<size_t>(row) * vocab;
    const std::vector<int32_t> order = order_of(own, vocab);
    for (int32_t i = 0; i < k; i++) {
      ASSERT_EQ(found.ids[row * k + i], order[i]) << level << " vocab " << vocab << " k " << k << " row " << row << " place " << i;
      ASSERT_EQ(found.values[row * k + i], own[order[i]]);
    }
  }
}

constexpr int32_t kVocabularies[] = {1, 5, 16, 17, 64, 127, 1000, 4099, 49152};

TEST(Likeliest, TheLargestInTheirOrder) {
  for (const std::string& level : cpu::levels()) {
    for (const int32_t vocab : kVocabularies) {
      std::vector<float> logits = random_floats(static_cast<size_t>(vocab) * 3, 1);
      for (float& x : logits) x -= 20;  // 0 is no logit to start from
      for (const int32_t k : {1, 2, 5, 10, 33, 63, 64}) {
        if (k <= vocab) expect_sorted(level, logits, 3, k);
      }
      if (vocab <= kMostLikely) expect_sorted(level, logits, 3, vocab);
    }
  }
}

TEST(Likeliest, WhereverTheyStand) {
  for (const std::string& level : cpu::levels()) {
    std::vector<float> rising(1037), falling(1037);
    for (size_t i = 0; i < rising.size(); i++) rising[i] = static_cast<float>(i), falling[i] = -static_cast<float>(i);
    expect_sorted(level, rising, 1, 64);
    expect_sorted(level, falling, 1, 64);
    expect_sorted(level, {3e38f, -3e38f, 1e-40f, -1e-40f, 0, 2}, 1, 6);
  }
}

TEST(Likeliest, OfEqualsTheLowerIdsComeFirst) {
  std::vector<float> few = random_floats(3000, 2);
  for (float& x : few) x = std::round(2 * x);  // -0 too, which is 0
  for (const std::string& level : cpu::levels()) {
    expect_sorted(level, std::vector<float>(500, -1.5f), 1, 64);
    for (const int32_t k : {1, 10, 64}) expect_sorted(level, few, 2, k);
    EXPECT_EQ(run(level, 1, {-0.0f, 0.0f, -0.0f}, 1, 3).ids, (std::vector<int32_t>{0, 1, 2}));
  }
}

void expect_thought(const Thought& thought, const float* logits, int32_t vocab, int32_t k) {
  const std::vector<int32_t> order = order_of(logits, vocab);
  double sum = 0, entropy = 0;
  for (int32_t i = 0; i < vocab; i++) sum += std::exp(static_cast<double>(logits[i]) - logits[order[0]]);
  for (int32_t i = 0; i < vocab; i++) {
    const double p = std::exp(static_cast<double>(logits[i]) - logits[order[0]]) / sum;
    if (p > 0) entropy -= p * std::log(p);
  }
  ASSERT_NEAR(thought.entropy, entropy, 2e-5 * std::max(1.0, entropy)) << "vocab " << vocab;
  for (int32_t i = 0; i < kThoughtTokens; i++) {
    ASSERT_EQ(thought.tokens[i], i < k ? order[i] : -1);
    const double p = i < k ? std::exp(static_cast<double>(logits[order[i]]) - logits[order[0]]) / sum : 0;
    ASSERT_NEAR(thought.probabilities[i], p, 1e-5 * p + 1e-44);
  }
  EXPECT_EQ(thought.norm, kUntouched);
  EXPECT_EQ(thought.nearest_token, kUntouched);
  EXPECT_EQ(thought.padding, kUntouched);
}

TEST(Likeliest, SeesTheWholeDistribution) {
  for (const std::string& level : cpu::levels()) {
    for (const int32_t vocab : kVocabularies) {
      for (const float scale : {0.0f, 0.1f, 3.0f, 40.0f}) {
        const std::vector<float> logits = random_floats(static_cast<size_t>(vocab) * 2, 3, scale);
        for (const int32_t k : {1, 3, 10}) {
          if (k > vocab) continue;
          const Found found = run(level, 2, logits, 2, k, true);
          for (int32_t row = 0; row < 2; row++) {
            expect_thought(found.thoughts[row], logits.data() + static_cast<size_t>(row) * vocab, vocab, k);
          }
          EXPECT_EQ(found.ids, run(level, 2, logits, 2, k).ids);
        }
      }
    }
    const std::vector<float> apart = {-3e38f, 3e38f, -3e38f, 0, 1, 2, 3};
    expect_thought(run(level, 1, apart, 1, 5, true).thoughts[0], apart.data(), 7, 5);
  }
}

TEST(Likeliest, RowsAreBitEqualAloneAndInABatchOnAnyThreads) {
  constexpr int32_t kRows = 7, kVocab = 5003;
  const std::vector<float> logits = random_floats(size_t{kRows} * kVocab, 4, 2);
  for (const std::string& level : cpu::levels()) {
    const Found together = run(level, 3, logits, kRows, 10, true);
    for (int32_t row = 0; row < kRows; row++) {
      const auto begin = logits.begin() + row * kVocab;
      const Found alone = run(level, 1, {begin, begin + kVocab}, 1, 10, true);
      EXPECT_EQ(alone.ids, std::vector<int32_t>(together.ids.begin() + 10 * row, together.ids.begin() + 10 * (row + 1)));
      EXPECT_EQ(std::memcmp(&alone.thoughts[0], &together.thoughts[row], sizeof(Thought)), 0) << row;
    }
  }
}

}  // namespace
}  // namespace latent4j
