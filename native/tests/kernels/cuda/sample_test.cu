// sample on CUDA against the CPU: the same tokens for the same logits, seeds and steps.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

struct Settings {
  float temperature, top_p;
  int top_k;
  float min_p = 0;
};

class CudaSampleTest : public test::CudaTest {
 protected:
  static SampleArgs args_of(const float* logits, const SampleRow* rows, size_t n, size_t vocab, Settings s, int32_t* tokens) {
    return {logits, rows, static_cast<int32_t>(n), static_cast<int32_t>(vocab), s.temperature, s.top_p, s.top_k, tokens, s.min_p};
  }
  std::vector<int32_t> on_cuda(const std::vector<float>& logits, const std::vector<SampleRow>& rows, Settings s) {
    const test::DeviceArray<float> device_logits(logits);
    const test::DeviceArray<SampleRow> device_rows(rows);
    const test::DeviceArray<int32_t> tokens(rows.size());
    Queue on = queue();
    cuda::sample(on, args_of(device_logits.data(), device_rows.data(), rows.size(), logits.size() / rows.size(), s, tokens.data()));
    finish();
    EXPECT_EQ(std::memcmp(device_logits.read().data(), logits.data(), logits.size() * sizeof(float)), 0) << "logits are left as they are";
    return tokens.read();
  }
  std::vector<int32_t> on_cpu(const std::vector<float>& logits, const std::vector<SampleRow>& rows, Settings s) {
    std::vector<int32_t> tokens(rows.size(), -7);
    Queue on = cpu_queue();
    twin().sample(on, args_of(logits.data(), rows.data(), rows.size(), logits.size() / rows.size(), s, tokens.data()));
    return tokens;
  }
  void expect_equal(const std::vector<float>& logits, const std::vector<SampleRow>& rows, Settings s) {
    EXPECT_EQ(on_cuda(logits, rows, s), on_cpu(logits, rows, s))
        << "vocab " << logits.size() / rows.size() << " temperature " << s.temperature << " top_p " << s.top_p << " top_k " << s.top_k;
  }
  // The same logits in n rows, steps 0 .. n-1.
  static std::vector<float> repeat(const std::vector<float>& row, int n) {
    std::vector<float> logits;
    for (int i = 0; i < n; i++) logits.insert(logits.end(), row.begin(), row.end());
    return logits;
  }
  static std::vector<SampleRow> steps(int n, uint64_t seed = 42) {
    std::vector<SampleRow> rows;
    for (int i = 0; i < n; i++) rows.push_back({seed, static_cast<uint64_t>(i)});
    return rows;
  }
};

TEST_F(CudaSampleTest, GreedyIsTheFirstOfTheLargest) {
  std::mt19937 random(1);
  for (int vocab : {1, 5, 33, 1000, 4096, 4097, 49152}) {
    auto logits = test::random_floats(static_cast<size_t>(vocab) * 3, random);
    for (int r = 0; r < 3; r++) {
      logits[static_cast<size_t>(r) * vocab + vocab * (r + 1) / 5] = logits[static_cast<size_t>(r + 1) * vocab - 1] = 100;
    }
    expect_equal(logits, steps(3), {0, 0.5f, 3});
  }
}

TEST_F(CudaSampleTest, DrawsWhatTheCpuDraws) {
  std::mt19937 random(2);
  for (const auto& [vocab, n] : {std::pair{7, 40}, {100, 24}, {4099, 3}, {8192, 2}}) {
    const auto logits = test::random_floats(static_cast<size_t>(vocab) * n, random, 3);
    for (const Settings s : {Settings{1, 1, 0}, {0.6f, 0.95f, 0}, {0.6f, 0.95f, 20}, {1.5f, 1, 5}, {2, 0.5f, 2000}, {1, 1e-9f, 0},
                             {100, 0.7f, 0}, {1, 1, 0, 0.1f}, {1.5f, 0.95f, 30, 0.05f}, {1, 0.6f, 0, 0.01f}, {3, 1, 0, 1},
                             {1, 1, 0, -0.0f}}) {
      expect_equal(logits, steps(n, 7), s);
    }
  }
}

TEST_F(CudaSampleTest, OfEqualsTheLowerIdsStay) {
  // Whole buckets of equals, more than a block lists one a thread; the ends of both sets fall among them.
  std::vector<float> row(5001, 1.5f);
  for (size_t i = 0; i < row.size(); i += 3) row[i] = i % 2 ? 0.0f : -0.0f;
  for (const Settings s : {Settings{1, 1, 5}, {1, 0.5f, 0}, {1, 0.9f, 3335}, {1, 0.97f, 4000}}) {
    expect_equal(repeat(row, 4), steps(4, 5), s);
  }
  const std::vector<float> equal(50, 1.5f);
  for (int32_t token : on_cuda(repeat(equal, 60), steps(60), {1, 1, 5})) EXPECT_LT(token, 5);
  expect_equal(repeat(equal, 60), steps(60), {1, 1, 0, 1});  // all are as likely as the likeliest
  const auto half = on_cuda(repeat(equal, 300), steps(300), {1, 0.5f, 0});
  EXPECT_EQ(*std::max_element(half.begin(), half.end()), 24);
}

TEST_F(CudaSampleTest, DependsOnSeedAndStepOnly) {
  constexpr int kVocab = 5000, kRows = 9;
  std::mt19937 random(3);
  const auto row = test::random_floats(kVocab, random, 2);
  std::vector<SampleRow> rows;
  for (int r = 0; r < kRows; r++) rows.push_back({static_cast<uint64_t>(r / 3), static_cast<uint64_t>(r % 3) + (uint64_t{1} << 40)});
  for (const Settings s : {Settings{1, 0.95f, 0}, {1, 0.95f, 50}, {1, 1, 0}}) {
    const auto together = on_cuda(repeat(row, kRows), rows, s);
    EXPECT_EQ(together, on_cpu(repeat(row, kRows), rows, s));
    for (int r = 0; r < kRows; r += 4) EXPECT_EQ(on_cuda(row, {rows[r]}, s)[0], together[r]);
    std::vector<int32_t> kinds = together;
    std::sort(kinds.begin(), kinds.end());
    EXPECT_GT(std::unique(kinds.begin(), kinds.end()) - kinds.begin(), 3);
  }
}

TEST_F(CudaSampleTest, NumbersThatAreNoneAreNeverDrawnAndNeverHang) {
  const float inf = INFINITY, nan = NAN;
  std::vector<float> many(40, nan);
  many[33] = -1e30f;
  for (const Settings s : {Settings{0, 1, 0}, {1, 0.9f, 0}, {1, 1, 0}, {1, 0.9f, 2}, {1, 0.9f, 4}, {1e-42f, 1, 0}}) {
    const auto one = [&](const std::vector<float>& logits) { return on_cuda(logits, steps(1), s)[0]; };
    EXPECT_EQ(one({nan, nan, nan, nan, nan}), -1);
    EXPECT_EQ(one({-inf, -inf, -inf}), -1);
    EXPECT_EQ(one(std::vector<float>(5000, -inf)), -1);
    EXPECT_EQ(one({nan, -inf, -inf}), -1);
    EXPECT_EQ(one({nan, 1, nan, -inf, nan}), 1);
    EXPECT_EQ(one({1, inf, 2, inf, nan}), 1);
    EXPECT_EQ(one({-inf, -inf, -3, nan, -inf, nan, nan}), 2);
    EXPECT_EQ(one(many), 33);
  }
}

TEST_F(CudaSampleTest, ALargeVocabulary) {
  std::mt19937 random(4);
  const auto row = test::random_floats(151936, random, 2);
  for (const Settings s : {Settings{0.6f, 0.95f, 20}, {1, 0.9f, 0}}) expect_equal(row, steps(1, 9), s);
}

}  // namespace
}  // namespace latent4j
