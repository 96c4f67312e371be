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
  int window;
};

// A batch of rows over one memory per sequence; row r of sequence s stands at places[r].position.
struct Batch {
  std::vector<TestMemory> memories;
  std::vector<std::byte* const*> tables;
  PageLayout layout{};
  std::vector<RowPlace> places;
  std::vector<float> q;
};

constexpr int kLayers = 2, kLayer = 1;

// Sequence s has positions [0, ends[s]); its last rows[s] positions are the batch's rows.
Batch make_batch(const Shape& shape, const std::vector<int>& ends, const std::vector<int>& rows) {
  std::mt19937 random(11);
  Batch batch;
  for (size_t s = 0; s < ends.size(); s++) {
    batch.memories.emplace_back(shape.dtype, shape.page_size, kLayers, shape.n_kv_heads, shape.head_dim, ends[s]);
    batch.memories.back().fill(0, ends[s], random);
    for (int p = ends[s] - rows[s]; p < ends[s]; p++) batch.places.push_back({static_cast<int32_t>(s), p});
  }
  for (TestMemory& memory : batch.memories) batch.tables.push_back(memory.pages());
  batch.layout = batch.memories[0].layout();
  batch.q = test::random_floats(batch.places.size() * shape.n_heads * shape.head_dim, random);
  return batch;
}

AttentionArgs args_of(const Shape& shape, const Batch& batch, float* out) {
  AttentionArgs args{};
  args.q = batch.q.data();
  args.places = batch.places.data();
  args.sequences = {batch.tables.data(), &batch.layout};
  args.n = static_cast<int32_t>(batch.places.size());
  args.n_heads = shape.n_heads;
  args.n_kv_heads = shape.n_kv_heads;
  args.head_dim = shape.head_dim;
  args.layer = kLayer;
  args.window = shape.window;
  args.scale = 1.0f / std::sqrt(static_cast<float>(shape.head_dim));
  args.out = out;
  return args;
}

std::vector<float> run(const Ops& ops, int n_threads, const Shape& shape, const Batch& batch) {
  std::vector<float> out(batch.q.size(), NAN);
  ThreadPool pool(n_threads);
  Queue queue{&pool};
  ops.attention(queue, args_of(shape, batch, out.data()));
  return out;
}

std::vector<double> reference(const Shape& shape, const Batch& batch) {
  const int d = shape.head_dim;
  std::vector<double> out(batch.q.size());
  for (size_t r = 0; r < batch.places.size(); r++) {
    const TestMemory& memory = batch.memories[batch.places[r].sequence];
    const int p = batch.places[r].position, begin = shape.window > 0 ? std::max(0, p - shape.window + 1) : 0;
    for (int h = 0; h < shape.n_heads; h++) {
      const int kv = h / (shape.n_heads / shape.n_kv_heads);
      const size_t at = (r * shape.n_heads + h) * d;
      std::vector<double> scores;
      for (int t = begin; t <= p; t++) {
        double dot = 0;
        for (int i = 0; i < d; i++) dot += static_cast<double>(batch.q[at + i]) * memory.key(kLayer, kv, t, i);
        scores.push_back(dot / std::sqrt(d));
      }
      const double top = *std::max_element(scores.begin(), scores.end());
      double sum = 0;
      for (double& s : scores) sum += s = std::exp(s - top);
      for (int t = begin; t <= p; t++) {
        for (int i = 0; i < d; i++) out[at + i] += scores[t - begin] / sum * memory.value(kLayer, kv, t, i);
      }
    }
  }
  return out;
}

const std::vector<Shape> kShapes = {
    {9, 3, 64, 16, DType::BF16, 0},  {9, 3, 64, 16, DType::F32, 0},   {4, 4, 80, 8, DType::BF16, 0},  {14, 2, 64, 32, DType::F32, 0},
    {4, 2, 128, 1, DType::F32, 0},   {6, 2, 24, 256, DType::BF16, 0}, {6, 2, 24, 16, DType::F32, 0},  {2, 1, 8, 4, DType::F32, 0},
    {4, 2, 32, 16, DType::BF16, 50}, {4, 2, 32, 16, DType::F32, 1},   {4, 2, 32, 16, DType::F32, 200}, {60, 1, 16, 16, DType::BF16, 0},
};

class AttentionTest : public testing::TestWithParam<Shape> {};

TEST_P(AttentionTest, EqualsTheDefinition) {
  const Shape shape = GetParam();
  for (const std::string& level : cpu::levels()) {
    for (const auto& [ends, rows] : std::vector<std::pair<std::vector<int>, std::vector<int>>>{
             {{1}, {1}}, {{128}, {1}}, {{129}, {1}}, {{300}, {1}}, {{37, 5, 260}, {37, 1, 100}}, {{400}, {33}}}) {
      const Batch batch = make_batch(shape, ends, rows);
      const std::vector<double> expected = reference(shape, batch);
      const std::vector<float> out = run(cpu::ops(level), 2, shape, batch);
      for (size_t i = 0; i < out.size(); i++) ASSERT_NEAR(out[i], expected[i], 2e-5) << level << " number " << i;
    }
  }
}

TEST_P(AttentionTest, ARowsNumbersDependOnNothingElse) {
  const Shape shape = GetParam();
  const Batch batch = make_batch(shape, {300, 7, 150}, {90, 7, 1});
  for (const std::string& level : cpu::levels()) {
    const Ops& ops = cpu::ops(level);
    const std::vector<float> one_thread = run(ops, 1, shape, batch);
    EXPECT_EQ(run(ops, 2, shape, batch), one_thread) << level;
    EXPECT_EQ(run(ops, 3, shape, batch), one_thread) << level;
    const size_t row_size = static_cast<size_t>(shape.n_heads) * shape.head_dim;
    for (size_t row : {size_t{0}, size_t{1}, size_t{47}, size_t{89}, size_t{90}, size_t{96}, size_t{97}}) {
      Batch alone;
      alone.memories = {};
      alone.tables = {batch.tables[batch.places[row].sequence]};
      alone.layout = batch.layout;
      alone.places = {{0, batch.places[row].position}};
      alone.q.assign(batch.q.begin() + row * row_size, batch.q.begin() + (row + 1) * row_size);
      const std::vector<float> expected(one_thread.begin() + row * row_size, one_thread.begin() + (row + 1) * row_size);
      for (int n_threads : {1, 2, 3}) EXPECT_EQ(run(ops, n_threads, shape, alone), expected) << level << " row " << row;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionTest, testing::ValuesIn(kShapes));

TEST(AttentionTest, LargeScoresDoNotOverflow) {
  const Shape shape{2, 1, 64, 16, DType::F32, 0};
  Batch batch = make_batch(shape, {200}, {3});
  for (float& q : batch.q) q *= 1000;
  const std::vector<double> expected = reference(shape, batch);
  for (const std::string& level : cpu::levels()) {
    const std::vector<float> out = run(cpu::ops(level), 2, shape, batch);
    for (size_t i = 0; i < out.size(); i++) ASSERT_NEAR(out[i], expected[i], 1e-2) << level;
  }
}

}  // namespace
}  // namespace latent4j
