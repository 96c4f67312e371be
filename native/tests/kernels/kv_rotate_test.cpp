#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/paged.h"

namespace latent4j {
namespace {

using test::TestMemory;

TEST(KvRotate, RotatesTheKeysOfItsPositionsOnlyAndBack) {
  const int layers = 2, heads = 3;
  for (const std::string& level : cpu::levels()) {
    for (const auto& [dtype, d, page_size] :
         std::vector<std::tuple<DType, int, int>>{{DType::F32, 64, 16}, {DType::F32, 24, 4}, {DType::BF16, 128, 32}, {DType::BF16, 8, 1}}) {
      std::mt19937 random(8);
      const int half = d / 2, from = 5, n = 30, length = 50;
      std::vector<float> cos(half), sin(half), back(half);
      for (int i = 0; i < half; i++) cos[i] = std::cos(0.2f * i + 1), sin[i] = std::sin(0.2f * i + 1), back[i] = -sin[i];
      TestMemory memory(dtype, page_size, layers, heads, d, length), original(dtype, page_size, layers, heads, d, length);
      memory.fill(0, length, random);
      random.seed(8);
      original.fill(0, length, random);
      ThreadPool pool(3);
      Queue queue{&pool};
      const auto compare = [&](bool rotated, double close) {
        for (int layer = 0; layer < layers; layer++) {
          for (int head = 0; head < heads; head++) {
            for (int p = 0; p < length; p++) {
              for (int i = 0; i < d; i++) {
                ASSERT_EQ(memory.value(layer, head, p, i), original.value(layer, head, p, i));
                const bool inside = p >= from && p < from + n;
                double expected = original.key(layer, head, p, i);
                if (inside && rotated) {
                  const double other = original.key(layer, head, p, i < half ? i + half : i - half);
                  expected = expected * cos[i % half] + (i < half ? -other : other) * sin[i % half];
                }
                ASSERT_NEAR(memory.key(layer, head, p, i), expected, inside ? close : 0.0) << level << " position " << p;
              }
            }
          }
        }
      };
      const double close = dtype == DType::F32 ? 2e-6 : 0.02;
      cpu::ops(level).kv_rotate(queue, {memory.view(), from, n, cos.data(), sin.data()});
      compare(true, close);
      cpu::ops(level).kv_rotate(queue, {memory.view(), from, n, cos.data(), back.data()});
      compare(false, 2 * close);
    }
  }
}

}  // namespace
}  // namespace latent4j
