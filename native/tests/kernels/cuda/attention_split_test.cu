// attention split over the memory on CUDA (latent steps, decode) against the CPU.
#include "base/error.h"
#include "kernels/cuda/attention_batch.h"

namespace latent4j {
namespace {

using test::AttentionBatch;
using test::AttentionShape;

class CudaAttentionSplitTest : public test::CudaTest, public testing::WithParamInterface<AttentionShape> {};

TEST_P(CudaAttentionSplitTest, EqualsTheCpu) {
  for (const auto& [ends, rows] : std::vector<std::pair<std::vector<int>, std::vector<int>>>{
           {{1}, {1}}, {{128}, {1}}, {{129}, {1}}, {{300, 5, 131, 64}, {1, 1, 3, 1}}}) {
    AttentionBatch batch(GetParam(), ends, rows);
    test::expect_near(batch.on_cuda(queue(), false), batch.on_cpu(twin(), cpu_queue()), 2e-6);
  }
}

TEST_P(CudaAttentionSplitTest, ARowsNumbersDependOnNothingElse) {
  AttentionBatch batch(GetParam(), {270, 7, 150}, {2, 1, 1});
  const std::vector<float> all = batch.on_cuda(queue(), false);
  for (int row = 0; row < batch.n(); row++) {
    const std::vector<float> expected(all.begin() + row * batch.row_size(), all.begin() + (row + 1) * batch.row_size());
    EXPECT_EQ(batch.on_cuda(queue(), false, row, 1, 1000), expected) << "row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, CudaAttentionSplitTest,
    testing::Values(AttentionShape{4, 2, 128, 16, DType::BF16, 0}, AttentionShape{3, 1, 64, 16, DType::F32, 0},
                    AttentionShape{2, 2, 80, 64, DType::BF16, 0}, AttentionShape{2, 1, 80, 1, DType::F32, 0},
                    AttentionShape{7, 1, 64, 64, DType::BF16, 0}, AttentionShape{4, 2, 128, 1, DType::F32, 0},
                    AttentionShape{4, 2, 32, 16, DType::BF16, 50}, AttentionShape{4, 2, 32, 16, DType::F32, 1},
                    AttentionShape{2, 1, 96, 16, DType::BF16, 130}, AttentionShape{3, 3, 96, 64, DType::F32, 0},
                    AttentionShape{16, 1, 16, 16, DType::BF16, 0}, AttentionShape{2, 2, 16, 64, DType::F32, 200},
                    AttentionShape{2, 1, 256, 16, DType::BF16, 0}, AttentionShape{5, 1, 256, 16, DType::F32, 100}));

using CudaAttentionSplit = test::CudaTest;

TEST_F(CudaAttentionSplit, LargeScoresDoNotOverflow) {
  AttentionBatch batch({2, 1, 64, 16, DType::F32, 0}, {200}, {3});
  batch.grow_queries(1000);
  test::expect_near(batch.on_cuda(queue(), false), batch.on_cpu(twin(), cpu_queue()), 1e-4);
}

TEST_F(CudaAttentionSplit, GoesInGroupsOfRowsWhereScratchDoesNotHoldAll) {
  AttentionBatch batch({32, 2, 256, 16, DType::BF16, 0}, {140, 5, 130}, {1, 1, 2});
  const std::vector<float> expected = batch.on_cuda(queue(), false);
  constexpr int kLongest = 125'000;  // of which scratch holds two rows
  EXPECT_EQ(batch.on_cuda(queue(), false, 0, batch.n(), kLongest), expected);
}

TEST_F(CudaAttentionSplit, RefusesGroupsThatItCannotHold) {
  AttentionBatch batch({17, 1, 16, 16, DType::BF16, 0}, {3}, {1});
  EXPECT_THROW(batch.on_cuda(queue(), false), Error);
}

}  // namespace
}  // namespace latent4j
