#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "kernels/cpu/dispatch.h"
#include "kernels/paged.h"

namespace latent4j {
namespace {

struct Settings {
  float temperature, top_p;
  int top_k;
  float min_p = 0;
};

std::vector<int32_t> run(const std::string& level, int n_threads, const std::vector<float>& logits, const std::vector<SampleRow>& rows,
                         Settings s) {
  ThreadPool pool(n_threads);
  Queue queue{&pool};
  std::vector<int32_t> tokens(rows.size(), -7);
  SampleArgs args{};
  args.logits = logits.data();
  args.rows = rows.data();
  args.n = static_cast<int32_t>(rows.size());
  args.vocab = static_cast<int32_t>(logits.size() / rows.size());
  args.temperature = s.temperature;
  args.top_p = s.top_p;
  args.top_k = s.top_k;
  args.tokens = tokens.data();
  args.min_p = s.min_p;
  cpu::ops(level).sample(queue, args);
  return tokens;
}

// Tokens drawn for steps 0 .. draws-1 from one row of logits.
std::map<int, int> draw(const std::string& level, const std::vector<float>& logits, Settings s, int draws, uint64_t seed = 42) {
  std::map<int, int> counts;
  for (int step = 0; step < draws; step++) counts[run(level, 1, logits, {{seed, static_cast<uint64_t>(step)}}, s)[0]]++;
  return counts;
}

// The probability of every token by definition: sort, cut at top_k, cut at top_p, cut at min_p, normalize.
std::vector<double> reference(const std::vector<float>& logits, Settings s) {
  std::vector<int> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return logits[a] > logits[b]; });
  if (s.top_k > 0 && s.top_k < static_cast<int>(order.size())) order.resize(s.top_k);
  std::vector<double> p(logits.size());
  double total = 0;
  for (int i : order) total += p[i] = std::exp((static_cast<double>(logits[i]) - logits[order[0]]) / s.temperature);
  double sum = 0;
  size_t kept = 0;
  while (kept < order.size() && sum < total * s.top_p) sum += p[order[kept++]];
  for (size_t i = kept; i < order.size(); i++) p[order[i]] = 0;
  for (double& v : p) {
    if (v < s.min_p) sum -= v, v = 0;  // the likeliest's is 1
  }
  for (double& v : p) v /= sum;
  return p;
}

TEST(Sample, GreedyIsTheFirstOfTheLargest) {
  std::mt19937 random(9);
  for (const std::string& level : cpu::levels()) {
    for (int vocab : {1, 5, 16, 33, 1000, 49152}) {
      std::vector<float> logits = test::random_floats(static_cast<size_t>(vocab) * 3, random);
      std::vector<int32_t> expected(3);
      for (int r = 0; r < 3; r++) {
        float* row = logits.data() + static_cast<size_t>(r) * vocab;
        const int first = vocab / 3, second = vocab - 1;
        row[first] = row[second] = 100;
        expected[r] = first;
      }
      EXPECT_EQ(run(level, 2, logits, {{1, 0}, {2, 0}, {3, 0}}, {0, 0.5f, 3}), expected) << level << " vocab " << vocab;
    }
  }
}

TEST(Sample, FrequenciesFollowTheDefinition) {
  std::mt19937 random(10);
  const std::vector<float> logits = test::random_floats(100, random, 2);
  const int draws = 4000;
  for (const std::string& level : cpu::levels()) {
    for (const Settings s : {Settings{1, 1, 0}, Settings{0.6f, 0.95f, 0}, Settings{0.6f, 0.95f, 20}, Settings{1.5f, 1, 7},
                             Settings{2, 0.5f, 99}, Settings{1, 0.9f, 1000}, Settings{1, 1, 0, 0.1f}, Settings{1.5f, 0.95f, 30, 0.05f},
                             Settings{1, 0.6f, 0, 0.01f}}) {
      const std::vector<double> p = reference(logits, s);
      const std::map<int, int> counts = draw(level, logits, s, draws);
      double chi_squared = 0;
      int kinds = 0;
      for (size_t i = 0; i < p.size(); i++) {
        const int count = counts.count(static_cast<int>(i)) ? counts.at(static_cast<int>(i)) : 0;
        if (p[i] == 0) {
          ASSERT_EQ(count, 0) << level << " token " << i;
        } else if (p[i] * draws >= 5) {
          chi_squared += (count - p[i] * draws) * (count - p[i] * draws) / (p[i] * draws);
          kinds++;
        }
      }
      EXPECT_LT(chi_squared, kinds + 5 * std::sqrt(2.0 * kinds) + 5) << level << " temperature " << s.temperature;
    }
  }
}

TEST(Sample, TheSetsOfTopKAndTopPAreExact) {
  // Probabilities 0.4, 0.3, 0.2, 0.1, placed out of order.
  const std::vector<float> logits = {std::log(0.2f), std::log(0.4f), std::log(0.1f), std::log(0.3f)};
  for (const std::string& level : cpu::levels()) {
    const auto tokens = [&](Settings s) {
      std::vector<int> ids;
      for (const auto& [id, count] : draw(level, logits, s, 300)) ids.push_back(id);
      return ids;
    };
    EXPECT_EQ(tokens({1, 1, 0}), (std::vector<int>{0, 1, 2, 3}));
    EXPECT_EQ(tokens({1, 1, 2}), (std::vector<int>{1, 3}));
    EXPECT_EQ(tokens({1, 0.39f, 0}), (std::vector<int>{1}));
    EXPECT_EQ(tokens({1, 0.41f, 0}), (std::vector<int>{1, 3}));
    EXPECT_EQ(tokens({1, 0.69f, 0}), (std::vector<int>{1, 3}));
    EXPECT_EQ(tokens({1, 0.71f, 0}), (std::vector<int>{0, 1, 3}));
    EXPECT_EQ(tokens({1, 0.6f, 3}), (std::vector<int>{1, 3}));  // of three: 4/9, 3/9, 2/9
    EXPECT_EQ(tokens({1, 1e-9f, 0}), (std::vector<int>{1}));
    EXPECT_EQ(tokens({1, 1, 0, 0.24f}), (std::vector<int>{0, 1, 2, 3}));
    EXPECT_EQ(tokens({1, 1, 0, 0.26f}), (std::vector<int>{0, 1, 3}));
    EXPECT_EQ(tokens({1, 1, 0, 0.51f}), (std::vector<int>{1, 3}));
    EXPECT_EQ(tokens({1, 1, 2, 0.26f}), (std::vector<int>{1, 3}));
    EXPECT_EQ(tokens({1, 0.39f, 0, 0.26f}), (std::vector<int>{1}));
    EXPECT_EQ(tokens({2, 1, 0, 0.49f}), (std::vector<int>{0, 1, 2, 3}));  // after the temperature: of roots
    EXPECT_EQ(tokens({1, 1, 0, 1}), (std::vector<int>{1}));
    EXPECT_EQ(tokens({1, 0.9f, 0, 1e-45f}), (std::vector<int>{0, 1, 3}));
    EXPECT_EQ(tokens({1e-30f, 1, 0}), (std::vector<int>{1}));
    EXPECT_EQ(tokens({1e-42f, 1, 0}), (std::vector<int>{1}));
  }
}

TEST(Sample, OfEqualsTheLowerIdsStay) {
  const std::vector<float> logits(50, 1.5f);
  for (const std::string& level : cpu::levels()) {
    for (const auto& [id, count] : draw(level, logits, {1, 1, 5}, 200)) EXPECT_LT(id, 5);
    const std::map<int, int> half = draw(level, logits, {1, 0.5f, 0}, 500);
    EXPECT_EQ(half.size(), 25u);
    EXPECT_EQ(half.rbegin()->first, 24);
  }
}

TEST(Sample, DependsOnSeedAndStepOnly) {
  std::mt19937 random(11);
  const int vocab = 5000, n = 9;
  const std::vector<float> row = test::random_floats(vocab, random, 2);
  std::vector<float> logits;
  std::vector<SampleRow> rows;
  for (int r = 0; r < n; r++) {
    logits.insert(logits.end(), row.begin(), row.end());
    rows.push_back({static_cast<uint64_t>(r / 3), static_cast<uint64_t>(r % 3)});
  }
  for (const std::string& level : cpu::levels()) {
    for (const Settings s : {Settings{1, 0.95f, 0}, Settings{1, 0.95f, 50}, Settings{1, 1, 0}}) {
      const std::vector<int32_t> together = run(level, 1, logits, rows, s);
      EXPECT_EQ(run(level, 3, logits, rows, s), together);
      for (int r = 0; r < n; r++) EXPECT_EQ(run(level, 2, row, {rows[r]}, s)[0], together[r]);
      EXPECT_GT(std::set<int>(together.begin(), together.end()).size(), 3u);
    }
    // A top_k of everything is no top_k.
    EXPECT_EQ(run(level, 1, logits, rows, {1, 0.9f, vocab}), run(level, 1, logits, rows, {1, 0.9f, 0}));
  }
}

TEST(Sample, NumbersThatAreNoneAreNeverDrawnAndNeverHang) {
  const float inf = INFINITY, nan = NAN;
  for (const std::string& level : cpu::levels()) {
    for (const Settings s : {Settings{0, 1, 0}, Settings{1, 0.9f, 0}, Settings{1, 1, 0}, Settings{1, 0.9f, 2}, Settings{1, 0.9f, 4}}) {
      const auto one = [&](const std::vector<float>& logits) { return run(level, 1, logits, {{42, 0}}, s)[0]; };
      EXPECT_EQ(one({nan, nan, nan, nan, nan}), -1);
      EXPECT_EQ(one({-inf, -inf, -inf}), -1);
      EXPECT_EQ(one(std::vector<float>(1000, -inf)), -1);
      EXPECT_EQ(one({nan, -inf, -inf}), -1);
      EXPECT_EQ(one({nan, 1, nan, -inf, nan}), 1);
      EXPECT_EQ(one({1, inf, 2, inf, nan}), 1);
      EXPECT_EQ(one({-inf, -inf, -3, nan, -inf, nan, nan}), 2);
      std::vector<float> many(40, nan);
      many[33] = -1e30f;
      EXPECT_EQ(one(many), 33);
    }
  }
}

TEST(Sample, ALargeVocabularyKeepsItsSet) {
  std::mt19937 random(12);
  const int vocab = 151936;
  const std::vector<float> logits = test::random_floats(vocab, random, 1);
  for (const Settings s : {Settings{1, 0.9f, 0}, Settings{0.3f, 0.5f, 0}, Settings{1, 1, 1000}, Settings{1, 0.7f, 100000}}) {
    const std::vector<double> p = reference(logits, s);
    for (const std::string& level : cpu::levels()) {
      for (const auto& [id, count] : draw(level, logits, s, 20)) EXPECT_GT(p[id], 0) << level << " token " << id;
    }
  }
}

}  // namespace
}  // namespace latent4j
