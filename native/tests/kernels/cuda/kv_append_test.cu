// kv_append on CUDA against the CPU.
#include "kernels/cuda/device_memory.h"

namespace latent4j {
namespace {

using test::DeviceArray;
using test::TestMemory;

struct Shape {
  int n_heads, n_kv_heads, head_dim, page_size;
  DType dtype;
  bool norm, interleaved;
};

constexpr int kRows = 11, kLayers = 3, kLayer = 1, kLength = 3 + (kRows + 1) / 2;

class CudaKvAppendTest : public test::CudaTest, public testing::WithParamInterface<Shape> {};

TEST_P(CudaKvAppendTest, EqualsTheCpuAndAloneEqualsTheBatch) {
  const Shape shape = GetParam();
  const size_t d = shape.head_dim;
  std::mt19937 random(5);
  const auto q = test::random_floats(kRows * shape.n_heads * d, random), k = test::random_floats(kRows * shape.n_kv_heads * d, random);
  const auto v = test::random_floats(k.size(), random), q_norm = test::random_floats(d, random), k_norm = test::random_floats(d, random);
  std::vector<float> cos, sin;
  for (size_t i = 0; i < kRows * d / 2; i++) cos.push_back(1.1f * std::cos(i * 0.37f)), sin.push_back(1.1f * std::sin(i * 0.37f));
  std::vector<RowPlace> places;  // rows alternate between two sequences
  for (int r = 0; r < kRows; r++) places.push_back({r % 2, 3 + r / 2});

  const auto memories = [&] {
    std::vector<TestMemory> two;
    for (int i = 0; i < 2; i++) two.emplace_back(shape.dtype, shape.page_size, kLayers, shape.n_kv_heads, shape.head_dim, kLength);
    return two;
  };
  std::vector<TestMemory> expected = memories(), actual = memories();
  std::byte* const* tables[2] = {expected[0].pages(), expected[1].pages()};
  std::vector<float> expected_q = q;
  Queue on = queue(), on_cpu = cpu_queue();
  KvAppendArgs args{expected_q.data(), k.data(), v.data(), shape.norm ? q_norm.data() : nullptr, shape.norm ? k_norm.data() : nullptr,
                    1e-6f, cos.data(), sin.data(), shape.interleaved, places.data(), {tables, &expected[0].layout()}, kRows, shape.n_heads,
                    shape.n_kv_heads, shape.head_dim, kLayer};
  twin().kv_append(on_cpu, args);

  const test::DeviceSequences sequences(actual, {kLength, kLength}), sequences_alone(actual, {kLength, kLength});
  const DeviceArray<float> device_q(q), device_q_alone(q), device_k(k), device_v(v), device_q_norm(q_norm), device_k_norm(k_norm);
  const DeviceArray<float> device_cos(cos), device_sin(sin);
  const DeviceArray<RowPlace> device_places(places);
  args.k = device_k.data(), args.v = device_v.data(), args.cos = device_cos.data(), args.sin = device_sin.data();
  args.q = device_q.data(), args.places = device_places.data(), args.sequences = sequences.view();
  if (shape.norm) args.q_norm = device_q_norm.data(), args.k_norm = device_k_norm.data();
  cuda::kv_append(on, args);
  args.n = 1, args.sequences = sequences_alone.view(), args.q = device_q_alone.data();
  for (int r = 0; r < kRows; r++) {
    cuda::kv_append(on, args);
    args.q += shape.n_heads * d, args.k += shape.n_kv_heads * d, args.v += shape.n_kv_heads * d;
    args.cos += d / 2, args.sin += d / 2, args.places++;
  }
  finish();
  test::expect_near(device_q.read(), expected_q, 1e-6);
  EXPECT_EQ(device_q.read(), device_q_alone.read());
  std::vector<TestMemory> alone = memories();
  for (int s = 0; s < 2; s++) {
    sequences[s].read_into(actual[s]);
    sequences_alone[s].read_into(alone[s]);
    test::expect_same_memory(actual[s], expected[s], kLength, 1e-5);
    const auto page_bytes = actual[s].layout().page_bytes();
    for (int page = 0; page * shape.page_size < kLength; page++) {
      EXPECT_EQ(std::memcmp(actual[s].pages()[page], alone[s].pages()[page], page_bytes), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, CudaKvAppendTest,
                         testing::Values(Shape{9, 3, 64, 16, DType::BF16, false, true}, Shape{9, 3, 64, 4, DType::F32, false, true},
                                         Shape{4, 2, 128, 16, DType::BF16, true, false}, Shape{4, 2, 32, 8, DType::F32, true, false},
                                         Shape{2, 1, 16, 1, DType::F32, true, true}, Shape{5, 5, 80, 64, DType::BF16, false, false},
                                         Shape{3, 1, 96, 2, DType::BF16, true, true}, Shape{2, 2, 256, 16, DType::BF16, true, false}));

}  // namespace
}  // namespace latent4j
