// align_bench: y = x W, rescaled, at the widths of small and large models.
#include "bench.h"

namespace latent4j::bench {
namespace {

void measure(Machine& machine, int32_t d, int32_t n) {
  const size_t elements = static_cast<size_t>(d) * d;
  const std::vector<float> matrix = random_floats(elements, 1, 1.0f / std::sqrt(static_cast<float>(d)));
  const int copies = static_cast<int>(kRotationBytes / (4 * elements) + 1);
  std::vector<float> rotation;
  for (int i = 0; i < copies; ++i) rotation.insert(rotation.end(), matrix.begin(), matrix.end());
  const std::vector<float> x = random_floats(static_cast<size_t>(n) * d, 2);
  std::vector<float> y(x.size());
  Queue queue{&machine.threads};
  const auto call = [&](int number, float target_norm) {
    machine.ops.align(queue, {x.data(), &rotation[elements * (number % copies)], target_norm, n, d, y.data()});
  };
  const double seconds = median_seconds(machine.threads, copies, [&](int number) { call(number, 1.0f); });
  call(0, 0.0f);
  double worst = 0;
  for (int32_t j = 0; j < d; j += d / 16) {
    double sum = 0, absolute = 0;
    for (int32_t i = 0; i < d; ++i) {
      const double product = static_cast<double>(x[static_cast<size_t>(n - 1) * d + i]) * matrix[static_cast<size_t>(i) * d + j];
      sum += product;
      absolute += std::fabs(product);
    }
    worst = std::max(worst, std::fabs(y[static_cast<size_t>(n - 1) * d + j] - sum) / absolute);
  }
  print(machine, {"align", "F32", d, d, n, worst, seconds, 4.0 * elements + 8.0 * n * d, 2.0 * n * elements});
}

void measure_all(Machine& machine) {
  for (int32_t d : {576, 1024, 4096}) {
    for (int32_t n : {1, 4, 32}) measure(machine, d, n);
  }
}

}  // namespace
}  // namespace latent4j::bench

int main(int argc, char** argv) { return latent4j::bench::run(argc, argv, latent4j::bench::measure_all); }
