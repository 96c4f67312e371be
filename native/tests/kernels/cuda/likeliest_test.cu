// likeliest on CUDA against the CPU: the same tokens, and of the distribution the same but for rounding.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

class CudaLikeliestTest : public test::CudaTest {
 protected:
  struct Found {
    std::vector<int32_t> ids;
    std::vector<float> values;
    std::vector<Thought> thoughts;
  };

  static std::vector<Thought> blank(int32_t n) {
    std::vector<Thought> thoughts(n);
    for (Thought& thought : thoughts) thought.norm = thought.step_cosine = thought.nearest_cosine = 7, thought.nearest_token = 77;
    return thoughts;
  }
  Found on_cuda(const std::vector<float>& logits, int32_t n, int32_t k, bool looks) {
    const test::DeviceArray<float> device_logits(logits), values(static_cast<size_t>(n) * k);
    const test::DeviceArray<int32_t> ids(values.size());
    const test::DeviceArray<Thought> thoughts(blank(n));
    Queue on = queue();
    cuda::likeliest(on, {device_logits.data(), n, static_cast<int32_t>(logits.size()) / n, k, ids.data(), values.data(),
                         looks ? thoughts.data() : nullptr});
    finish();
    return {ids.read(), values.read(), thoughts.read()};
  }
  Found on_cpu(const std::vector<float>& logits, int32_t n, int32_t k, bool looks) {
    Found found{std::vector<int32_t>(static_cast<size_t>(n) * k), std::vector<float>(static_cast<size_t>(n) * k), blank(n)};
    Queue on = cpu_queue();
    twin().likeliest(on, {logits.data(), n, static_cast<int32_t>(logits.size()) / n, k, found.ids.data(), found.values.data(),
                          looks ? found.thoughts.data() : nullptr});
    return found;
  }
  void expect_equal(const std::vector<float>& logits, int32_t n, int32_t k, bool looks = true) {
    SCOPED_TRACE(testing::Message() << "vocab " << logits.size() / n << " rows " << n << " k " << k);
    const Found actual = on_cuda(logits, n, k, looks), expected = on_cpu(logits, n, k, looks);
    EXPECT_EQ(actual.ids, expected.ids);
    EXPECT_EQ(actual.values, expected.values);
    for (int32_t row = 0; row < n; row++) {
      const Thought &a = actual.thoughts[row], &b = expected.thoughts[row];
      EXPECT_EQ(a.nearest_token, b.nearest_token);
      EXPECT_EQ(a.norm, b.norm);
      if (!looks) continue;
      EXPECT_NEAR(a.entropy, b.entropy, 2e-5f * std::max(1.0f, b.entropy));
      for (int i = 0; i < kThoughtTokens; i++) {
        EXPECT_EQ(a.tokens[i], b.tokens[i]);
        EXPECT_NEAR(a.probabilities[i], b.probabilities[i], 1e-5f * b.probabilities[i]);
      }
    }
  }
};

TEST_F(CudaLikeliestTest, EqualsTheCpu) {
  std::mt19937 random(1);
  for (const int32_t vocab : {1, 3, 33, 64, 1000, 2047, 2048, 2049, 4100, 9001}) {
    auto logits = test::random_floats(static_cast<size_t>(vocab) * 3, random, 3);
    for (float& x : logits) x -= 20;
    for (const int32_t k : {1, 5, 10, 64}) {
      if (k <= vocab) expect_equal(logits, 3, k, k != 5);
    }
  }
  for (const float scale : {0.0f, 0.1f, 60.0f}) expect_equal(test::random_floats(2 * 5000, random, scale), 2, 10);
}

// More candidates of slices than a block takes at a time.
TEST_F(CudaLikeliestTest, ALargeVocabulary) {
  std::mt19937 random(2);
  const auto logits = test::random_floats(151936, random, 3);
  expect_equal(logits, 1, 10);
  expect_equal(logits, 1, 64);
}

TEST_F(CudaLikeliestTest, WhereverTheyStand) {
  std::vector<float> rising(5000), falling(5000), crowded(5000, -30.0f);
  for (size_t i = 0; i < rising.size(); i++) rising[i] = 0.01f * static_cast<float>(i), falling[i] = -rising[i];
  // Eight threads of one warp hold all of them.
  for (size_t i = 0; i < 64; i++) crowded[2048 + 256 * (i % 8) + i / 8] = static_cast<float>(i);
  for (const auto& logits : {rising, falling, crowded}) expect_equal(logits, 1, 64);
  expect_equal({3e38f, -3e38f, 1e-40f, -1e-40f, 0, 2, -3e38f}, 1, 6);
}

TEST_F(CudaLikeliestTest, OfEqualsTheLowerIdsComeFirst) {
  expect_equal(std::vector<float>(2 * 4099, -1.5f), 2, 64);
  std::mt19937 random(3);
  auto few = test::random_floats(2 * 4500, random);
  for (float& x : few) x = std::round(2 * x);  // -0 too, which is 0
  for (const int32_t k : {1, 10, 64}) expect_equal(few, 2, k);
}

TEST_F(CudaLikeliestTest, RowsAreBitEqualAloneAndInABatch) {
  constexpr int32_t kRows = 5, kVocab = 5003;
  std::mt19937 random(4);
  const auto logits = test::random_floats(size_t{kRows} * kVocab, random, 2);
  const Found together = on_cuda(logits, kRows, 10, true);
  for (int32_t row = 0; row < kRows; row++) {
    const auto begin = logits.begin() + row * kVocab;
    const Found alone = on_cuda({begin, begin + kVocab}, 1, 10, true);
    EXPECT_EQ(alone.ids, std::vector<int32_t>(together.ids.begin() + 10 * row, together.ids.begin() + 10 * (row + 1)));
    EXPECT_EQ(std::memcmp(&alone.thoughts[0], &together.thoughts[row], sizeof(Thought)), 0) << row;
  }
}

// The engine reports logits that are not finite; until then they only must not lead anywhere.
TEST_F(CudaLikeliestTest, NumbersThatAreNoneGiveIdsAllTheSame) {
  std::vector<float> logits(3000, NAN);
  for (size_t i = 0; i < logits.size(); i += 3) logits[i] = i % 2 ? INFINITY : -INFINITY;
  for (const int32_t id : on_cuda(logits, 1, 64, true).ids) {
    EXPECT_GE(id, 0);
    EXPECT_LT(id, 3000);
  }
}

}  // namespace
}  // namespace latent4j
