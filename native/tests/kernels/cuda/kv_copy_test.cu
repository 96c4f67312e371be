// kv_copy on CUDA against the CPU.
#include <array>

#include "kernels/cuda/device_memory.h"

namespace latent4j {
namespace {

using test::DeviceMemory;
using test::TestMemory;

struct Way {
  DType from, to;
  int from_page, to_page, head_dim;
  bool rotate;
};

constexpr int kLayers = 2, kHeads = 3, kSourceLength = 150, kTargetLength = 160;

class CudaKvCopyTest : public test::CudaTest, public testing::WithParamInterface<Way> {};

// With pages of one position, 145 positions take more pages than a launch holds.
TEST_P(CudaKvCopyTest, EqualsTheCpu) {
  const Way way = GetParam();
  std::mt19937 random(6);
  std::vector<float> cos, sin;
  for (int i = 0; i < way.head_dim / 2; i++) cos.push_back(std::cos(0.1f * i + 0.3f)), sin.push_back(std::sin(0.1f * i + 0.3f));
  for (const auto& [from, to, n] : std::vector<std::array<int, 3>>{{5, 0, 40}, {3, 15, 145}, {16, 32, 32}, {149, 0, 1}, {4, 4, 0}}) {
    TestMemory source(way.from, way.from_page, kLayers, kHeads, way.head_dim, kSourceLength);
    TestMemory target(way.to, way.to_page, kLayers, kHeads, way.head_dim, kTargetLength);
    source.fill(0, kSourceLength, random);
    const DeviceMemory device_source(source, kSourceLength), device_target(target, kTargetLength);
    TestMemory actual(way.to, way.to_page, kLayers, kHeads, way.head_dim, kTargetLength);
    Queue on = queue(), on_cpu = cpu_queue();
    KvCopyArgs args{device_source.host_view(), device_target.host_view(), from, to, n, nullptr, nullptr};
    if (way.rotate) args.cos = cos.data(), args.sin = sin.data();
    cuda::kv_copy(on, args);
    finish();
    args.source = source.view(), args.target = target.view();
    twin().kv_copy(on_cpu, args);
    device_target.read_into(actual);
    test::expect_same_memory(actual, target, kTargetLength, way.rotate ? 1e-6 : 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, CudaKvCopyTest,
                         testing::Values(Way{DType::BF16, DType::BF16, 16, 16, 64, false}, Way{DType::BF16, DType::BF16, 16, 64, 128, true},
                                         Way{DType::F32, DType::BF16, 8, 32, 96, true}, Way{DType::BF16, DType::F32, 32, 4, 80, false},
                                         Way{DType::F32, DType::F32, 1, 16, 16, true}, Way{DType::BF16, DType::BF16, 64, 1, 80, true},
                                         Way{DType::BF16, DType::F32, 16, 16, 256, true}, Way{DType::BF16, DType::BF16, 16, 16, 16, true}));

}  // namespace
}  // namespace latent4j
