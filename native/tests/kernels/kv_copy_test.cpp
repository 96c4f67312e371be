#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/paged.h"

namespace latent4j {
namespace {

using test::TestMemory;

struct Way {
  DType from, to;
  int from_page, to_page, head_dim;
  bool rotate;
};

class KvCopyTest : public testing::TestWithParam<Way> {};

TEST_P(KvCopyTest, MovesEveryLayerAndHeadAndNothingElse) {
  const Way way = GetParam();
  const int layers = 3, heads = 2, d = way.head_dim, half = d / 2;
  std::mt19937 random(6);
  std::vector<float> cos(half), sin(half);
  for (int i = 0; i < half; i++) cos[i] = std::cos(0.1f * i + 0.3f), sin[i] = std::sin(0.1f * i + 0.3f);
  for (const std::string& level : cpu::levels()) {
    const std::vector<std::array<int, 3>> moves = {{0, 0, 70}, {5, 0, 40}, {3, 19, 50}, {16, 32, 32}, {69, 0, 1}, {4, 4, 0}};
    for (const auto& [from, to, n] : moves) {
      for (int n_threads : {1, 3}) {
        TestMemory source(way.from, way.from_page, layers, heads, d, 70), target(way.to, way.to_page, layers, heads, d, 80);
        source.fill(0, 70, random);
        const std::vector<std::byte> source_before = source.bytes();
        ThreadPool pool(n_threads);
        Queue queue{&pool};
        const float *by_cos = way.rotate ? cos.data() : nullptr, *by_sin = way.rotate ? sin.data() : nullptr;
        cpu::ops(level).kv_copy(queue, {source.view(), target.view(), from, to, n, by_cos, by_sin});
        EXPECT_TRUE(source.bytes() == source_before);
        for (int layer = 0; layer < layers; layer++) {
          for (int head = 0; head < heads; head++) {
            for (int p = 0; p < 80; p++) {
              for (int i = 0; i < d; i++) {
                const float key = target.key(layer, head, p, i), value = target.value(layer, head, p, i);
                if (p < to || p >= to + n) {
                  ASSERT_TRUE(std::isnan(key) && std::isnan(value)) << level << " position " << p;
                  continue;
                }
                const int s = p - to + from, j = i % half;
                const float v = source.value(layer, head, s, i);
                ASSERT_EQ(value, way.to == DType::F32 ? v : test::round_bf16(v)) << level << " position " << p;
                double expected = source.key(layer, head, s, i);
                if (way.rotate) {
                  const double other = source.key(layer, head, s, i < half ? i + half : j);
                  expected = expected * cos[j] + (i < half ? -other : other) * sin[j];
                } else if (way.to != DType::F32) {
                  expected = test::round_bf16(static_cast<float>(expected));
                }
                const double close = !way.rotate ? 0 : way.to == DType::F32 ? 1e-6 : 1e-6 + std::abs(expected) / 256;
                ASSERT_NEAR(key, expected, close) << level << " position " << p << " number " << i;
              }
            }
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, KvCopyTest,
                         testing::Values(Way{DType::BF16, DType::BF16, 16, 16, 64, false}, Way{DType::BF16, DType::BF16, 16, 16, 64, true},
                                         Way{DType::F32, DType::BF16, 8, 32, 24, true}, Way{DType::BF16, DType::F32, 32, 4, 80, false},
                                         Way{DType::F32, DType::F32, 1, 16, 8, true}, Way{DType::F32, DType::BF16, 16, 16, 128, false},
                                         Way{DType::F32, DType::F32, 64, 16, 20, false}));

}  // namespace
}  // namespace latent4j
