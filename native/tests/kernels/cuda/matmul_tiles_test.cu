// matmul_tiles on CUDA against the CPU's matmul.
#include <cstring>

#include "kernels/cuda/cuda_test.h"
#include "kernels/cuda/matmul_ways.h"
#include "kernels/cuda/weights.h"
#include "kernels/random_weights.h"

namespace latent4j {
namespace {

constexpr double kTolerance = 2e-6;
// Multiprocessors to choose tiles for: the large ones of any launch are enough for so many, or too few.
constexpr int kLargeTiles = 1, kSmallTiles = 1 << 20;

class CudaMatmulTilesTest : public test::CudaTest {
 protected:
  // A weight on the host, for the CPU, and as the device stores it.
  struct Weight {
    RandomWeight host;
    test::DeviceArray<std::byte> bytes;
    Matrix device;

    Weight(const cuda::Stream& stream, DType dtype, int32_t m, int32_t k, uint32_t seed)
        : host(dtype, m, k, seed), bytes(cuda::stored_bytes(host.view())), device(host.view()) {
      cuda::store(stream, host.view(), bytes.data());
      device.data = bytes.data();
    }
  };

  struct Shape {
    DType dtype;
    int32_t m;
  };

  // Both shapes of tiles.
  void expect_equals_the_cpu(const std::vector<Shape>& shapes, int32_t n, int32_t k, MatmulInto into, bool with_bias,
                             bool with_norm = false) {
    SCOPED_TRACE(testing::Message() << dtype_info(shapes[0].dtype).name << " n " << n << " k " << k << " m " << shapes[0].m << " into "
                                    << static_cast<int>(into));
    const std::vector<float> x = random_floats(static_cast<size_t>(n) * k, 5, 3);
    const test::DeviceArray<float> device_x(x);
    std::vector<std::unique_ptr<Weight>> weights;
    std::vector<std::vector<float>> biases, ys, olds;
    std::vector<std::unique_ptr<test::DeviceArray<float>>> device_biases;
    std::vector<MatmulTarget> targets;
    for (const Shape& shape : shapes) {
      const auto seed = static_cast<uint32_t>(weights.size());
      weights.push_back(std::make_unique<Weight>(stream_, shape.dtype, shape.m, k, 30 + seed));
      biases.push_back(random_floats(shape.m, 40 + seed, 5));
      olds.push_back(random_floats(static_cast<size_t>(n) * shape.m, 20, 2));  // to be overwritten or added to
      device_biases.push_back(std::make_unique<test::DeviceArray<float>>(biases.back()));
    }
    ys = olds;
    for (size_t i = 0; i < shapes.size(); ++i) {
      targets.push_back({&weights[i]->host.view(), with_bias ? biases[i].data() : nullptr, ys[i].data()});
    }
    const int n_targets = static_cast<int>(shapes.size());
    const std::vector<float> norm = random_floats(k, 50);
    const test::DeviceArray<float> device_norm(norm), device_scratch(x.size());
    std::vector<float> scratch(x.size());
    MatmulArgs args{x.data(), n, k, targets.data(), n_targets, into};
    if (with_norm) args.norm = {norm.data(), 1e-6f, scratch.data()};
    Queue on = queue(), on_cpu = cpu_queue();
    twin().matmul(on_cpu, args);
    args.x = device_x.data();
    args.prefill = true;
    if (with_norm) args.norm = {device_norm.data(), 1e-6f, device_scratch.data()};
    for (int n_sms : {kLargeTiles, kSmallTiles}) {
      SCOPED_TRACE(n_sms);
      stream_.n_sms = n_sms;
      std::vector<std::unique_ptr<test::DeviceArray<float>>> device_ys;
      for (size_t i = 0; i < shapes.size(); ++i) {
        device_ys.push_back(std::make_unique<test::DeviceArray<float>>(olds[i]));
        targets[i] = {&weights[i]->device, with_bias ? device_biases[i]->data() : nullptr, device_ys[i]->data()};
      }
      cuda::matmul(on, args);
      finish();
      const size_t n_results = into == MatmulInto::silu_mul ? 1 : shapes.size();
      for (size_t i = 0; i < n_results; ++i) test::expect_near(device_ys[i]->read(), ys[i], kTolerance);
    }
  }

  // Where outputs are added to, a row's are 1 to m before.
  std::vector<float> multiply(const std::vector<float>& x, int32_t k, const Weight& weight, MatmulInto into = MatmulInto::store,
                              const Weight* other = nullptr, const float* bias = nullptr) {
    const auto n = static_cast<int32_t>(x.size() / k), m = weight.device.rows;
    std::vector<float> old(static_cast<size_t>(n) * m);
    for (size_t i = 0; i < old.size(); ++i) old[i] = static_cast<float>(i % m + 1);
    const test::DeviceArray<float> device_x(x), y(old), unused(old);
    const MatmulTarget targets[] = {{&weight.device, bias, y.data()}, {other ? &other->device : nullptr, bias, unused.data()}};
    cuda::matmul_tiles(stream_, {device_x.data(), n, k, targets, other ? 2 : 1, into});
    finish();
    return y.read();
  }

  // Of the launch that multiplies; nothing runs.
  unsigned blocks(int32_t n, int32_t k, const std::vector<const Weight*>& weights, MatmulInto into) {
    std::vector<MatmulTarget> targets;
    for (const Weight* weight : weights) targets.push_back({&weight->device, nullptr, nullptr});
    L4J_CUDA_CHECK(cudaStreamBeginCapture(stream_.handle, cudaStreamCaptureModeThreadLocal));
    cuda::matmul_tiles(stream_, {nullptr, n, k, targets.data(), static_cast<int>(targets.size()), into});
    cudaGraph_t graph;
    L4J_CUDA_CHECK(cudaStreamEndCapture(stream_.handle, &graph));
    cudaGraphNode_t nodes[2], split;
    size_t n_nodes = 2, n_roots = 1;
    L4J_CUDA_CHECK(cudaGraphGetNodes(graph, nodes, &n_nodes));
    L4J_CUDA_CHECK(cudaGraphGetRootNodes(graph, &split, &n_roots));
    EXPECT_EQ(n_nodes, 2u);
    cudaKernelNodeParams params = {};
    L4J_CUDA_CHECK(cudaGraphKernelNodeGetParams(nodes[0] == split ? nodes[1] : nodes[0], &params));
    L4J_CUDA_CHECK(cudaGraphDestroy(graph));
    return params.gridDim.x * params.gridDim.y;
  }

  static bool is_block(DType dtype) { return dtype_info(dtype).block_elements > 1; }
};

TEST_F(CudaMatmulTilesTest, EqualsTheCpuForEveryFormat) {
  for (int i = 0; i < kDTypes; ++i) {
    const int block = std::max(8, dtype_info(dtype_at(i)).block_elements);
    expect_equals_the_cpu({{dtype_at(i), 136}}, 17, block == 256 ? 512 : 160, MatmulInto::store, false);
    expect_equals_the_cpu({{dtype_at(i), 29}}, 5, block == 256 ? 256 : block == 32 ? 96 : 72, MatmulInto::store, true);
  }
}

TEST_F(CudaMatmulTilesTest, TakesAnyNumberOfTokens) {
  for (int i = 0; i < kDTypes; ++i) {
    const int32_t k = std::max(64, dtype_info(dtype_at(i)).block_elements);
    for (int32_t n : {1, 2, 15, 16, 17, 64, 65, 130}) expect_equals_the_cpu({{dtype_at(i), 23}}, n, k, MatmulInto::store, false);
  }
}

TEST_F(CudaMatmulTilesTest, TakesColumnsThatDoNotDivideTheStep) {
  for (DType dtype : {DType::BF16, DType::F16, DType::F32}) {
    for (int32_t k : {8, 16, 24, 40, 104}) expect_equals_the_cpu({{dtype, 9}}, 3, k, MatmulInto::store, false);
  }
  for (DType dtype : {DType::Q4_0, DType::Q4_1, DType::Q5_0, DType::Q5_1, DType::Q8_0}) {
    for (int32_t k : {32, 64, 96, 288}) expect_equals_the_cpu({{dtype, 9}}, 3, k, MatmulInto::store, false);
  }
}

TEST_F(CudaMatmulTilesTest, AddsAndAddsBias) {
  for (DType dtype : {DType::BF16, DType::F32, DType::Q4_1, DType::Q6_K}) {
    expect_equals_the_cpu({{dtype, 133}}, 18, 256, MatmulInto::add, false);
    expect_equals_the_cpu({{dtype, 7}}, 66, 256, MatmulInto::add, true);
  }
}

TEST_F(CudaMatmulTilesTest, MultipliesGateAndUpInOnePass) {
  for (DType dtype : {DType::BF16, DType::F16, DType::Q4_1, DType::Q4_K}) {
    expect_equals_the_cpu({{dtype, 72}, {dtype, 72}}, 19, 256, MatmulInto::silu_mul, false);
    expect_equals_the_cpu({{dtype, 21}, {dtype, 21}}, 3, 256, MatmulInto::silu_mul, true);
  }
  expect_equals_the_cpu({{DType::Q4_K, 72}, {DType::Q6_K, 72}}, 19, 256, MatmulInto::silu_mul, true);  // in two passes
  expect_equals_the_cpu({{DType::BF16, 24}, {DType::BF16, 24}}, 5, 72, MatmulInto::silu_mul, false, true);
  expect_equals_the_cpu({{DType::Q4_K, 24}, {DType::Q6_K, 24}}, 5, 256, MatmulInto::silu_mul, false, true);
}

TEST_F(CudaMatmulTilesTest, TakesThreeTargetsOfOneFormatAndOfSeveral) {
  expect_equals_the_cpu({{DType::BF16, 140}, {DType::BF16, 7}, {DType::BF16, 24}}, 20, 72, MatmulInto::store, true);
  expect_equals_the_cpu({{DType::Q4_K, 130}, {DType::Q4_K, 32}, {DType::Q6_K, 32}}, 9, 256, MatmulInto::store, false);
  expect_equals_the_cpu({{DType::Q8_0, 16}, {DType::F32, 16}, {DType::F16, 129}}, 9, 96, MatmulInto::add, false);
}

TEST_F(CudaMatmulTilesTest, TakesSmallTilesWhereLargeOnesLeaveMultiprocessorsIdle) {
  stream_.n_sms = 108;
  const Weight large(stream_, DType::BF16, 1024, 32, 1), other(stream_, DType::BF16, 1024, 32, 2), little(stream_, DType::BF16, 72, 32, 3);
  EXPECT_EQ(blocks(100, 32, {&large}, MatmulInto::add), 16u * 4);  // of 64 outputs and 32 tokens
  EXPECT_EQ(blocks(832, 32, {&large}, MatmulInto::add), 16u * 26);
  EXPECT_EQ(blocks(833, 32, {&large}, MatmulInto::add), 8u * 14);  // of 128 outputs and 64 tokens
  EXPECT_EQ(blocks(384, 32, {&large, &other}, MatmulInto::silu_mul), 32u * 12);
  EXPECT_EQ(blocks(385, 32, {&large, &other}, MatmulInto::silu_mul), 16u * 7);
  EXPECT_EQ(blocks(65, 32, {&large, &little, &other}, MatmulInto::store), (16 + 2 + 16) * 3u);
  EXPECT_EQ(blocks(400, 32, {&large, &little, &other}, MatmulInto::store), (8 + 1 + 8) * 7u);
}

// Rows alone get small tiles, all together large ones.
TEST_F(CudaMatmulTilesTest, ARowIsBitEqualAloneAndInABatch) {
  constexpr int32_t kN = 70, kM = 136;
  const test::DeviceArray<float> bias(random_floats(kM, 8));
  for (int i = 0; i < kDTypes; ++i) {
    const DType dtype = dtype_at(i);
    const int32_t k = is_block(dtype) ? 256 : 104;
    const std::vector<float> x = random_floats(kN * k, 6);
    const Weight weight(stream_, dtype, kM, k, 7), other(stream_, dtype, kM, k, 9);
    for (MatmulInto into : {MatmulInto::store, MatmulInto::add, MatmulInto::silu_mul}) {
      SCOPED_TRACE(testing::Message() << dtype_info(dtype).name << " into " << static_cast<int>(into));
      const auto outputs = [&](const std::vector<float>& rows, int n_sms) {
        stream_.n_sms = n_sms;
        return multiply(rows, k, weight, into, into == MatmulInto::silu_mul ? &other : nullptr, bias.data());
      };
      const std::vector<float> y = outputs(x, 4), small = outputs(x, kSmallTiles);
      ASSERT_EQ(std::memcmp(small.data(), y.data(), y.size() * sizeof(float)), 0);
      for (int32_t row : {0, 31, 64, kN - 1}) {
        for (int n_sms : {4, kLargeTiles}) {
          const std::vector<float> alone = outputs({x.begin() + row * k, x.begin() + (row + 1) * k}, n_sms);
          ASSERT_EQ(std::memcmp(alone.data(), y.data() + row * kM, kM * sizeof(float)), 0) << "row " << row << " alone on " << n_sms;
        }
      }
    }
  }
}

TEST_F(CudaMatmulTilesTest, KeepsAccuracyWhereARowsNumbersAreFarApart) {
  constexpr int32_t kN = 8, kM = 16, kK = 256;
  for (DType dtype : {DType::BF16, DType::F16, DType::Q8_0}) {
    std::vector<float> x = random_floats(kN * kK, 8, 1e-3f);
    const Weight weight(stream_, dtype, kM, kK, 9);
    const std::vector<float> small = multiply(x, kK, weight);
    // One large number in a row must not take the small ones' bits.
    for (int32_t row = 0; row < kN; ++row) x[row * kK + 17] = 3000;
    std::vector<float> decoded(kK);
    const std::vector<float> large = multiply(x, kK, weight);
    for (int32_t i = 0; i < kM; ++i) {
      twin().decode_row(weight.host.view(), i, decoded.data());
      for (int32_t row = 0; row < kN; ++row) {
        const double expected = 3000.0 * decoded[17] + small[row * kM + i];
        ASSERT_NEAR(large[row * kM + i], expected, 3000 * 1e-6 * std::abs(decoded[17]) + 1e-4) << row << " " << i;
      }
    }
  }
}

TEST_F(CudaMatmulTilesTest, TakesMoreRowsThanScratchHoldsAtOnce) {
  constexpr int32_t kK = 32768, kN = static_cast<int32_t>(cuda::kScratchBytes / (6 * kK));  // and some less fit
  expect_equals_the_cpu({{DType::BF16, 9}}, kN, kK, MatmulInto::add, true);
}

TEST_F(CudaMatmulTilesTest, KeepsNotANumberInItsRow) {
  for (DType dtype : {DType::BF16, DType::F16, DType::F32, DType::Q8_0}) {
    std::vector<float> x = random_floats(6 * 64, 16);
    x[6 * 64 - 5] = NAN;
    const Weight weight(stream_, dtype, 8, 64, 15);
    const std::vector<float> y = multiply(x, 64, weight);
    for (int32_t i = 0; i < 6 * 8; ++i) EXPECT_EQ(std::isnan(y[i]), i >= 5 * 8) << dtype_info(dtype).name << " at " << i;
  }
}

}  // namespace
}  // namespace latent4j
