// penalize on CUDA against the CPU: the same bits.
#include "kernels/cuda/cuda_histories.h"

namespace latent4j {
namespace {

class CudaPenalizeTest : public test::CudaTest {
 protected:
  void expect_equal(std::vector<float> logits, const std::vector<RowPlace>& places, const std::vector<SampleRow>& rows, Penalties penalties,
                    std::vector<test::Remembered>& remembered, const std::vector<int32_t>& suppressed) {
    const auto n = static_cast<int32_t>(places.size()), vocab = static_cast<int32_t>(logits.size()) / n;
    const test::DeviceArray<float> device_logits(logits);
    const test::DeviceArray<RowPlace> device_places(places);
    const test::DeviceArray<SampleRow> device_rows(rows);
    const test::DeviceArray<int32_t> device_suppressed(suppressed);
    const test::DeviceHistories histories(remembered);
    Queue on = queue(), on_cpu = cpu_queue();
    Penalties settings = penalties;
    settings.suppressed = settings.suppressed_first = device_suppressed.data();
    const test::DeviceArray<Penalties> device_settings(std::vector<Penalties>{settings});
    cuda::penalize(on, {device_logits.data(), device_places.data(), device_rows.data(), device_settings.data(), histories.data(), n,
                        vocab});
    finish();
    penalties.suppressed = penalties.suppressed_first = suppressed.data();
    const std::vector<History> twins = test::histories_of(remembered);
    twin().penalize(on_cpu, {logits.data(), places.data(), rows.data(), &penalties, twins.empty() ? nullptr : twins.data(), n, vocab});
    const auto actual = device_logits.read();
    EXPECT_EQ(std::memcmp(actual.data(), logits.data(), logits.size() * sizeof(float)), 0)
        << n << " rows, vocab " << vocab << ", repetition " << penalties.repetition << ", ngram " << penalties.no_repeat_ngram;
  }
};

TEST_F(CudaPenalizeTest, EqualsTheCpu) {
  std::mt19937 random(7);
  for (const auto& [n, vocab, length] : {std::tuple{1, 50, 3}, {3, 1000, 255}, {5, 70, 700}, {2, 4099, 1500}}) {
    std::vector<test::Remembered> remembered;
    std::vector<RowPlace> places;
    std::vector<SampleRow> rows;
    for (int i = 0; i < n; i++) {
      remembered.emplace_back(test::random_tokens(i * length / n, vocab, random), test::random_tokens(length, std::min(vocab, 40), random));
      places.push_back({(2 * i + 1) % n, 7});
      rows.push_back({42, static_cast<uint64_t>(i % 2)});
    }
    const auto logits = test::random_floats(static_cast<size_t>(n) * vocab, random, 6);
    const std::vector<int32_t> suppressed = {3, 0, vocab - 1};
    for (const Penalties& penalties : {Penalties{1.3f, 0, 0, 0, nullptr, nullptr, 0, 0}, {1, 0.7f, -0.3f, 0, nullptr, nullptr, 0, 0},
                                       {0.9f, -1.1f, 0.37f, 2, nullptr, nullptr, 1, 3}, {1, 0, 0, 1, nullptr, nullptr, 0, 2},
                                       {1.1f, 0, 0, 3, nullptr, nullptr, 3, 0}, {1.1f, 0, 0, 5000, nullptr, nullptr, 0, 0}}) {
      expect_equal(logits, places, rows, penalties, remembered, suppressed);
    }
  }
}

TEST_F(CudaPenalizeTest, WithoutHistories) {
  std::mt19937 random(8);
  std::vector<test::Remembered> none;
  const auto logits = test::random_floats(3 * 100, random, 6);
  const Penalties penalties = {1, 0, 0, 0, nullptr, nullptr, 1, 2};
  expect_equal(logits, {{0, 1}, {9, 2}, {1, 3}}, {{1, 0}, {1, 1}, {1, uint64_t{1} << 32}}, penalties, none, {99, 5});
}

}  // namespace
}  // namespace latent4j
