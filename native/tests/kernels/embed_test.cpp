// embed: rows of the table by token, for few and many tokens, in every format.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/cpu/dispatch.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

TEST(Embed, GivesTheRowOfEveryToken) {
  ThreadPool threads(2);
  Queue queue{&threads};
  for (const std::string& level : cpu::levels()) {
    const Ops& ops = cpu::ops(level);
    for (int type = 0; type < kDTypes; ++type) {
      const RandomWeight table(dtype_at(type), 37, 512, 5);
      for (int32_t n : {1, 2, 40}) {
        std::vector<int32_t> tokens(n);
        for (int32_t i = 0; i < n; ++i) tokens[i] = i == 1 ? -1 : (36 + 11 * i) % 37;
        std::vector<float> y(n * 512 + 1, 7.0f), row(512);
        ops.embed(queue, {&table.view(), tokens.data(), n, y.data()});
        for (int32_t i = 0; i < n; ++i) {
          cpu::ops("plain").decode_row(table.view(), std::max(tokens[i], 0), row.data());
          ASSERT_EQ(std::memcmp(row.data(), &y[i * 512], 512 * sizeof(float)), 0) << level << " " << type << " token " << i;
        }
        EXPECT_EQ(y.back(), 7.0f);
      }
    }
  }
}

}  // namespace
}  // namespace latent4j
