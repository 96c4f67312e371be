// advance on CUDA against the CPU.
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

class CudaAdvanceTest : public test::CudaTest {};

TEST_F(CudaAdvanceTest, EqualsTheCpu) {
  for (int32_t n : {1, 7, 64, 130}) {
    std::vector<RowPlace> places;
    std::vector<SampleRow> samples;
    std::vector<int32_t> rows;
    for (int32_t i = 0; i < n; i++) {
      places.push_back({i, 100 - i});
      samples.push_back({~uint64_t{0}, (uint64_t{1} << 32) - 1 + i});
      rows.push_back(5 * i);
    }
    const test::DeviceArray<RowPlace> device_places(places);
    const test::DeviceArray<SampleRow> device_samples(samples);
    const test::DeviceArray<int32_t> device_rows(rows);
    Queue on = queue(), on_cpu = cpu_queue();
    cuda::advance(on, {device_places.data(), device_samples.data(), device_rows.data(), n});
    cuda::advance(on, {device_places.data(), nullptr, nullptr, n});
    finish();
    twin().advance(on_cpu, {places.data(), samples.data(), rows.data(), n});
    twin().advance(on_cpu, {places.data(), nullptr, nullptr, n});
    const auto actual_places = device_places.read();
    const auto actual_samples = device_samples.read();
    EXPECT_EQ(device_rows.read(), rows);
    for (int32_t i = 0; i < n; i++) {
      EXPECT_EQ(actual_places[i].sequence, places[i].sequence);
      EXPECT_EQ(actual_places[i].position, places[i].position);
      EXPECT_EQ(actual_samples[i].seed, samples[i].seed);
      EXPECT_EQ(actual_samples[i].step, samples[i].step);
    }
  }
}

}  // namespace
}  // namespace latent4j
