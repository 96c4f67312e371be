#include <gtest/gtest.h>

#include "kernels/histories.h"

namespace latent4j {
namespace {

TEST(Remember, OneTokenAfterTheOtherIsTheHistoryOfAll) {
  std::mt19937 random(6);
  ThreadPool pool(1);
  Queue queue{&pool};
  const int n = 3, steps = 60, vocab = 20;
  for (const std::string& level : cpu::levels()) {
    std::vector<std::vector<int32_t>> prompts, decoded(n);
    std::vector<test::Remembered> remembered;
    std::vector<History> histories;
    for (int i = 0; i < n; i++) {
      prompts.push_back(test::random_tokens(9 * i, vocab, random));
      remembered.emplace_back(prompts[i], std::vector<int32_t>{}, steps);
    }
    for (test::Remembered& one : remembered) histories.push_back(one.history());
    for (int step = 0; step < steps; step++) {
      // Slots are not sequences, of which one leaves after 20 steps.
      std::vector<RowPlace> places = {{2, 0}, {0, 0}, {1, 0}};
      if (step >= 20) places.pop_back();
      std::vector<int32_t> tokens = test::random_tokens(static_cast<int>(places.size()), vocab, random);
      if (step % 7 == 3) tokens[1] = -1;  // there was none
      for (size_t row = 0; row < places.size(); row++) {
        if (tokens[row] >= 0) decoded[places[row].sequence].push_back(tokens[row]);
      }
      cpu::ops(level).remember(queue, {tokens.data(), places.data(), histories.data(), static_cast<int32_t>(places.size())});
      for (int i = 0; i < n; i++) {
        test::Remembered expected(prompts[i], decoded[i]);
        ASSERT_TRUE(test::same(histories[i], expected.history())) << level << " sequence " << i << " after step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace latent4j
