// attention on tensor cores on CUDA (prompts) against the CPU.
#include "kernels/cuda/attention_batch.h"

namespace latent4j {
namespace {

using test::AttentionBatch;
using test::AttentionShape;

class CudaAttentionPrefillTest : public test::CudaTest, public testing::WithParamInterface<AttentionShape> {};

TEST_P(CudaAttentionPrefillTest, EqualsTheCpu) {
  for (const auto& [ends, rows] : std::vector<std::pair<std::vector<int>, std::vector<int>>>{
           {{1}, {1}}, {{64}, {64}}, {{71}, {71}}, {{150, 5, 70, 33}, {40, 5, 3, 1}}}) {
    AttentionBatch batch(GetParam(), ends, rows);
    test::expect_near(batch.on_cuda(queue(), true), batch.on_cpu(twin(), cpu_queue()), 2e-6);
  }
}

TEST_P(CudaAttentionPrefillTest, ARowsNumbersDependOnNothingElse) {
  AttentionBatch batch(GetParam(), {110, 7, 80}, {37, 7, 2});
  const std::vector<float> all = batch.on_cuda(queue(), true);
  for (const auto& [row, n] : {std::pair{0, 1}, {13, 1}, {36, 1}, {37, 1}, {43, 3}, {5, 30}}) {
    const std::vector<float> expected(all.begin() + row * batch.row_size(), all.begin() + (row + n) * batch.row_size());
    EXPECT_EQ(batch.on_cuda(queue(), true, row, n, 1000), expected) << "row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, CudaAttentionPrefillTest,
    testing::Values(AttentionShape{4, 2, 128, 16, DType::BF16, 0}, AttentionShape{3, 1, 64, 16, DType::F32, 0},
                    AttentionShape{2, 2, 80, 64, DType::BF16, 0}, AttentionShape{2, 1, 80, 1, DType::F32, 0},
                    AttentionShape{7, 1, 64, 64, DType::BF16, 0}, AttentionShape{2, 1, 128, 1, DType::F32, 0},
                    AttentionShape{4, 2, 32, 16, DType::BF16, 50}, AttentionShape{4, 2, 32, 16, DType::F32, 1},
                    AttentionShape{2, 1, 96, 16, DType::BF16, 130}, AttentionShape{1, 1, 96, 64, DType::F32, 0},
                    AttentionShape{16, 1, 16, 16, DType::BF16, 0}, AttentionShape{2, 2, 16, 64, DType::F32, 20},
                    AttentionShape{2, 1, 256, 16, DType::BF16, 0}, AttentionShape{3, 1, 256, 16, DType::F32, 100}));

using CudaAttentionPrefill = test::CudaTest;

TEST_F(CudaAttentionPrefill, LargeScoresDoNotOverflow) {
  AttentionBatch batch({2, 1, 64, 16, DType::BF16, 0}, {200}, {3});
  batch.grow_queries(1000);
  test::expect_near(batch.on_cuda(queue(), true), batch.on_cpu(twin(), cpu_queue()), 1e-4);
}

}  // namespace
}  // namespace latent4j
