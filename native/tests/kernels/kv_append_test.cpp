#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cpu/dispatch.h"
#include "kernels/paged.h"

namespace latent4j {
namespace {

using test::TestMemory;

struct Shape {
  int n_heads, n_kv_heads, head_dim, page_size;
  DType dtype;
  bool norm, interleaved;
};

struct Inputs {
  std::vector<float> q, k, v, q_norm, k_norm, cos, sin;
  std::vector<RowPlace> places;
};

constexpr int kLayers = 3, kLayer = 1;
constexpr float kEps = 1e-6f;

Inputs make_inputs(const Shape& shape, int n) {
  std::mt19937 random(5);
  const size_t d = shape.head_dim, rows = n;
  Inputs in;
  in.q = test::random_floats(rows * shape.n_heads * d, random);
  in.k = test::random_floats(rows * shape.n_kv_heads * d, random);
  in.v = test::random_floats(rows * shape.n_kv_heads * d, random);
  in.q_norm = test::random_floats(d, random);
  in.k_norm = test::random_floats(d, random);
  for (size_t i = 0; i < rows * d / 2; i++) {
    const float angle = static_cast<float>(i) * 0.37f;
    in.cos.push_back(1.1f * std::cos(angle));
    in.sin.push_back(1.1f * std::sin(angle));
  }
  // Rows alternate between two sequences; positions neither begin at 0 nor at a page.
  for (int r = 0; r < n; r++) in.places.push_back({r % 2, 3 + r / 2});
  return in;
}

// One head, normalized, in pairs (i, i + d/2), rotated.
std::vector<double> reference(const Shape& shape, const float* x, const std::vector<float>& weight, const float* cos, const float* sin) {
  const int d = shape.head_dim, half = d / 2;
  std::vector<double> y(x, x + d), z(d), out(d);
  if (shape.norm) {
    double squares = 0;
    for (double v : y) squares += v * v;
    for (int i = 0; i < d; i++) y[i] *= weight[i] / std::sqrt(squares / d + static_cast<double>(kEps));
  }
  for (int i = 0; i < half; i++) {
    z[i] = y[shape.interleaved ? 2 * i : i];
    z[half + i] = y[shape.interleaved ? 2 * i + 1 : half + i];
  }
  for (int i = 0; i < half; i++) {
    out[i] = z[i] * cos[i] - z[half + i] * sin[i];
    out[half + i] = z[half + i] * cos[i] + z[i] * sin[i];
  }
  return out;
}

KvAppendArgs args_of(const Shape& shape, const Inputs& in, std::vector<float>& q, PagedSequences sequences, int first, int n) {
  const size_t d = shape.head_dim;
  KvAppendArgs args{};
  args.q = q.data() + first * shape.n_heads * d;
  args.k = in.k.data() + first * shape.n_kv_heads * d;
  args.v = in.v.data() + first * shape.n_kv_heads * d;
  args.q_norm = shape.norm ? in.q_norm.data() : nullptr;
  args.k_norm = shape.norm ? in.k_norm.data() : nullptr;
  args.eps = kEps;
  args.cos = in.cos.data() + first * d / 2;
  args.sin = in.sin.data() + first * d / 2;
  args.interleaved_input = shape.interleaved;
  args.places = in.places.data() + first;
  args.sequences = sequences;
  args.n = n;
  args.n_heads = shape.n_heads;
  args.n_kv_heads = shape.n_kv_heads;
  args.head_dim = shape.head_dim;
  args.layer = kLayer;
  return args;
}

class KvAppendTest : public testing::TestWithParam<Shape> {};

TEST_P(KvAppendTest, EqualsTheDefinitionAloneAndInABatch) {
  const Shape shape = GetParam();
  const int n = 41, d = shape.head_dim, length = 3 + (n + 1) / 2;
  const Inputs in = make_inputs(shape, n);
  for (const std::string& level : cpu::levels()) {
    const auto memory = [&] { return TestMemory(shape.dtype, shape.page_size, kLayers, shape.n_kv_heads, d, length); };
    std::vector<TestMemory> together, alone;
    together.push_back(memory()), together.push_back(memory()), alone.push_back(memory()), alone.push_back(memory());
    std::byte* const* tables[2] = {together[0].pages(), together[1].pages()};
    std::byte* const* alone_tables[2] = {alone[0].pages(), alone[1].pages()};
    const PagedSequences views{tables, &together[0].layout()}, alone_views{alone_tables, &alone[0].layout()};
    std::vector<float> q = in.q, alone_q = in.q;
    ThreadPool three(3), one(1);
    Queue queue{&three}, single{&one};
    cpu::ops(level).kv_append(queue, args_of(shape, in, q, views, 0, n));
    for (int r = 0; r < n; r++) cpu::ops(level).kv_append(single, args_of(shape, in, alone_q, alone_views, r, 1));
    EXPECT_EQ(q, alone_q) << level;
    for (int s = 0; s < 2; s++) {
      for (int layer = 0; layer < kLayers; layer++) {
        for (int p = 0; p < length; p++) {
          const bool written = layer == kLayer && p >= 3 && 2 * (p - 3) + s < n;
          for (int head = 0; head < shape.n_kv_heads; head++) {
            ASSERT_NE(written, std::isnan(together[s].key(layer, head, p, 0)));
            ASSERT_NE(written, std::isnan(together[s].value(layer, head, p, d - 1)));
            for (int i = 0; written && i < d; i++) {
              ASSERT_EQ(together[s].key(layer, head, p, i), alone[s].key(layer, head, p, i));
              ASSERT_EQ(together[s].value(layer, head, p, i), alone[s].value(layer, head, p, i));
            }
          }
        }
      }
    }
    for (int r = 0; r < n; r++) {
      const float *cos = in.cos.data() + static_cast<size_t>(r) * d / 2, *sin = in.sin.data() + static_cast<size_t>(r) * d / 2;
      for (int h = 0; h < shape.n_heads; h++) {
        const size_t at = (static_cast<size_t>(r) * shape.n_heads + h) * d;
        const std::vector<double> expected = reference(shape, in.q.data() + at, in.q_norm, cos, sin);
        for (int i = 0; i < d; i++) ASSERT_NEAR(q[at + i], expected[i], 1e-5) << level << " q of row " << r;
      }
      const RowPlace place = in.places[r];
      for (int h = 0; h < shape.n_kv_heads; h++) {
        const size_t at = (static_cast<size_t>(r) * shape.n_kv_heads + h) * d;
        const std::vector<double> expected = reference(shape, in.k.data() + at, in.k_norm, cos, sin);
        for (int i = 0; i < d; i++) {
          const double close = shape.dtype == DType::F32 ? 1e-5 : 1e-5 + std::abs(expected[i]) / 256;
          ASSERT_NEAR(together[place.sequence].key(kLayer, h, place.position, i), expected[i], close) << level << " k of row " << r;
          const float v = in.v[at + i];
          ASSERT_EQ(together[place.sequence].value(kLayer, h, place.position, i), shape.dtype == DType::F32 ? v : test::round_bf16(v));
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, KvAppendTest,
                         testing::Values(Shape{9, 3, 64, 16, DType::BF16, false, true}, Shape{9, 3, 64, 4, DType::F32, false, true},
                                         Shape{4, 2, 128, 16, DType::BF16, true, false}, Shape{4, 2, 24, 8, DType::F32, true, false},
                                         Shape{2, 1, 8, 1, DType::F32, true, true}, Shape{5, 5, 80, 32, DType::BF16, false, false}));

}  // namespace
}  // namespace latent4j
