// check_finite on CUDA against the CPU: the least bad place of all, and none where there is none.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

class CudaCheckFiniteTest : public test::CudaTest {
 protected:
  // Both devices' answers, the same, when `first_bad` held `before`.
  uint64_t check(const std::vector<float>& x, const std::vector<RowPlace>& places, uint64_t before) {
    const auto n = static_cast<int32_t>(places.size()), d = static_cast<int32_t>(x.size() / places.size());
    const test::DeviceArray<float> device_x(x);
    const test::DeviceArray<RowPlace> device_places(places);
    const test::DeviceArray<uint64_t> first_bad(std::vector<uint64_t>{before});
    uint64_t expected = before;
    Queue on = queue(), on_cpu = cpu_queue();
    cuda::check_finite(on, {device_x.data(), device_places.data(), n, d, first_bad.data()});
    finish();
    twin().check_finite(on_cpu, {x.data(), places.data(), n, d, &expected});
    EXPECT_EQ(first_bad.read()[0], expected);
    return expected;
  }
};

TEST_F(CudaCheckFiniteTest, EqualsTheCpu) {
  constexpr uint64_t kNone = ~uint64_t{0};
  const std::vector<RowPlace> places = {{3, 70}, {2, 9}, {1, 9}, {0, 80}};
  for (int32_t d : {8, 1000, 1001, 1022, 3080, 9001, 12292}) {
    std::vector<float> x(static_cast<size_t>(4) * d, 3e38f);
    EXPECT_EQ(check(x, places, kNone), kNone);
    x[0] = -INFINITY;
    EXPECT_EQ(check(x, places, kNone), uint64_t{70} << 32 | 3);
    x[2 * d - 1] = NAN;
    EXPECT_EQ(check(x, places, kNone), uint64_t{9} << 32 | 2);
    x[2 * d + d / 2] = INFINITY;
    EXPECT_EQ(check(x, places, kNone), uint64_t{9} << 32 | 1);
    EXPECT_EQ(check(x, places, 5), 5u);  // an earlier step's place stays
  }
}

}  // namespace
}  // namespace latent4j
