#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/histories.h"
#include "kernels/paged.h"

namespace latent4j {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

class PenalizeTest : public testing::Test {
 protected:
  std::vector<float> run(const std::string& level, std::vector<float> logits, const std::vector<RowPlace>& places,
                         const std::vector<SampleRow>& rows, const Penalties& penalties, const std::vector<History>& histories) {
    Queue queue{&pool_};
    const auto n = static_cast<int32_t>(places.size());
    cpu::ops(level).penalize(queue, {logits.data(), places.data(), rows.data(), &penalties, histories.empty() ? nullptr : histories.data(),
                                     n, static_cast<int32_t>(logits.size()) / n});
    return logits;
  }
  // One row whose sequence has read `prompt` and decoded `decoded`.
  std::vector<float> one(const std::string& level, const std::vector<float>& logits, const Penalties& penalties,
                         const std::vector<int32_t>& prompt, const std::vector<int32_t>& decoded) {
    test::Remembered remembered(prompt, decoded);
    return run(level, logits, {{0, 0}}, {{42, decoded.size()}}, penalties, {remembered.history()});
  }

  ThreadPool pool_{2};
};

TEST_F(PenalizeTest, RepetitionCountsATokenOnceWhereverItStood) {
  Penalties penalties = test::no_penalties();
  penalties.repetition = 2;
  for (const std::string& level : cpu::levels()) {
    EXPECT_EQ(one(level, {4, -4, 0, 1, -kInf, 6}, penalties, {0, 1, 1, 2, 4}, {0, 5, 5, 5}),
              (std::vector<float>{2, -8, 0, 1, -kInf, 3})) << level;
    EXPECT_EQ(one(level, {4, -4}, penalties, {}, {}), (std::vector<float>{4, -4})) << level;
  }
}

TEST_F(PenalizeTest, PresenceAndFrequencyCountWhatWasDecoded) {
  Penalties penalties = test::no_penalties();
  penalties.presence = 0.5f;
  penalties.frequency = 0.25f;
  for (const std::string& level : cpu::levels()) {
    EXPECT_EQ(one(level, {1, 1, 1, 1}, penalties, {0, 0, 1}, {1, 2, 2}), (std::vector<float>{1, 0.25f, 0, 1})) << level;
    penalties.repetition = 2;  // first, by the sign before anything was taken off
    EXPECT_EQ(one(level, {1, 1, 0.5f, 1}, penalties, {0, 0, 1}, {1, 2, 2}), (std::vector<float>{0.5f, -0.25f, -0.75f, 1})) << level;
    penalties.repetition = 1;
    penalties.presence = -0.5f;
    EXPECT_EQ(one(level, {1, 1, 1, 1}, penalties, {}, {3}), (std::vector<float>{1, 1, 1, 1.25f})) << level;
    penalties.presence = 0.5f;
  }
}

TEST_F(PenalizeTest, NoSequenceOfTokensComesTwice) {
  Penalties penalties = test::no_penalties();
  const std::vector<float> zeros(8, 0);
  const auto banned = [&](const std::string& level, int size, const std::vector<int32_t>& prompt, const std::vector<int32_t>& decoded) {
    penalties.no_repeat_ngram = size;
    std::vector<int> ids;
    const auto out = one(level, zeros, penalties, prompt, decoded);
    for (int id = 0; id < 8; id++) {
      if (out[id] == -kInf) ids.push_back(id);
    }
    return ids;
  };
  for (const std::string& level : cpu::levels()) {
    EXPECT_EQ(banned(level, 1, {1, 2}, {3}), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(banned(level, 2, {1, 2, 3, 1}, {4, 1}), (std::vector<int>{2, 4}));
    EXPECT_EQ(banned(level, 2, {1, 1}, {1}), (std::vector<int>{1}));
    EXPECT_EQ(banned(level, 3, {1, 2, 3, 2}, {1, 2}), (std::vector<int>{3}));
    EXPECT_EQ(banned(level, 3, {1, 2}, {}), (std::vector<int>{}));
    EXPECT_EQ(banned(level, 3, {}, {}), (std::vector<int>{}));
    EXPECT_EQ(banned(level, 4, {5, 6, 7}, {5, 6, 7}), (std::vector<int>{5}));
    EXPECT_EQ(banned(level, std::numeric_limits<int32_t>::max(), {5, 6, 7}, {5, 6, 7}), (std::vector<int>{}));
  }
}

TEST_F(PenalizeTest, SuppressedTokensNeverComeAndSomeNotFirst) {
  const std::vector<int32_t> never = {3, 1}, not_first = {0};
  Penalties penalties = test::no_penalties();
  penalties.suppressed = never.data(), penalties.n_suppressed = 2;
  penalties.suppressed_first = not_first.data(), penalties.n_suppressed_first = 1;
  for (const std::string& level : cpu::levels()) {
    EXPECT_EQ(run(level, {1, 2, 3, 4, 1, 2, 3, 4}, {{0, 9}, {1, 4}}, {{1, 0}, {1, 1}}, penalties, {}),
              (std::vector<float>{-kInf, -kInf, 3, -kInf, 1, -kInf, 3, -kInf})) << level;
  }
}

// Rows find their histories by sequence, and get the same numbers whatever stands beside them.
TEST_F(PenalizeTest, ARowIsItsOwn) {
  std::mt19937 random(5);
  const int vocab = 300, n = 7;
  std::vector<test::Remembered> remembered;
  std::vector<History> histories;
  for (int i = 0; i < n; i++) {
    remembered.emplace_back(test::random_tokens(40 * i, vocab, random), test::random_tokens(25, 30, random));
    histories.push_back(remembered.back().history());
  }
  Penalties penalties = test::no_penalties();
  penalties.repetition = 1.1f, penalties.presence = 0.3f, penalties.frequency = 0.7f, penalties.no_repeat_ngram = 2;
  const auto logits = test::random_floats(static_cast<size_t>(n) * vocab, random, 5);
  for (const std::string& level : cpu::levels()) {
    std::vector<RowPlace> places;
    for (int i = 0; i < n; i++) places.push_back({(i * 3 + 1) % n, i});
    const auto together = run(level, logits, places, std::vector<SampleRow>(n, {42, 25}), penalties, histories);
    for (int i = 0; i < n; i++) {
      const auto begin = static_cast<ptrdiff_t>(i) * vocab;
      const std::vector<float> row(logits.begin() + begin, logits.begin() + begin + vocab);
      const std::vector<float> expected(together.begin() + begin, together.begin() + begin + vocab);
      EXPECT_EQ(run(level, row, {places[i]}, {{42, 25}}, penalties, histories), expected) << level << " row " << i;
      EXPECT_NE(row, expected);
    }
  }
}

}  // namespace
}  // namespace latent4j
