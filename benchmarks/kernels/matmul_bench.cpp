// matmul_bench: decode shapes (few rows: how near to the memory's speed) and prefill shapes (many rows: how near to the arithmetic peak).
#include "bench.h"

namespace latent4j::bench {
namespace {

struct Shape {
  int32_t m, k;
};

// The largest error of a few outputs, relative to the sum of absolute values.
double error_of(const Machine& machine, const Matrix& w, const std::vector<float>& x, const std::vector<float>& y, int32_t n) {
  std::vector<float> row(w.cols);
  double worst = 0;
  for (int32_t out = 0; out < w.rows; out += w.rows / 16) {
    machine.ops.decode_row(w, out, row.data());
    for (int32_t r = 0; r < n; ++r) {
      double sum = 0, absolute = 0;
      for (int32_t c = 0; c < w.cols; ++c) {
        sum += static_cast<double>(x[static_cast<size_t>(r) * w.cols + c]) * row[c];
        absolute += std::fabs(static_cast<double>(x[static_cast<size_t>(r) * w.cols + c]) * row[c]);
      }
      worst = std::max(worst, std::fabs(y[static_cast<size_t>(r) * w.rows + out] - sum) / absolute);
    }
  }
  return worst;
}

void measure(Machine& machine, DType type, Shape shape, int32_t n) {
  if (shape.k % dtype_info(type).block_elements != 0) return;
  const RandomWeight weight(type, shape.m, shape.k, 1);
  const size_t bytes = weight.view().row_bytes() * shape.m;
  const bool decode = n <= 8;
  const int copies = decode ? static_cast<int>(kRotationBytes / bytes + 1) : 1;
  std::vector<std::byte> rotation(bytes * copies);
  for (int i = 0; i < copies; ++i) std::memcpy(&rotation[bytes * i], weight.view().data, bytes);
  const std::vector<float> x = random_floats(static_cast<size_t>(n) * shape.k, 2);
  std::vector<float> y(static_cast<size_t>(n) * shape.m);
  Queue queue{&machine.threads};
  const double seconds = median_seconds(machine.threads, copies, [&](int call) {
    Matrix w = weight.view();
    w.data = &rotation[bytes * (call % copies)];
    const MatmulTarget target{&w, nullptr, y.data()};
    machine.ops.matmul(queue, {x.data(), n, shape.k, &target, 1});
  });
  const double flops = 2.0 * n * shape.m * shape.k;
  print(machine, {"matmul", dtype_info(type).name, shape.m, shape.k, n, error_of(machine, weight.view(), x, y, n), seconds,
                  bytes + 4.0 * n * (shape.m + shape.k), flops});
}

void measure_all(Machine& machine) {
  const Shape prefill[] = {{576, 576}, {1536, 576}, {576, 1536}, {4864, 896}, {8960, 1536}, {4096, 4096}};
  const Shape decode[] = {{576, 576}, {1536, 576}, {576, 1536}, {49152, 576}, {4096, 4096}, {4096, 14336}};
  for (int type = 0; type < kDTypes; ++type) {
    for (const Shape& shape : decode) measure(machine, dtype_at(type), shape, 1);
    for (int32_t n : {2, 3, 4, 5, 8}) measure(machine, dtype_at(type), {4096, 4096}, n);
  }
  for (DType type : {DType::BF16, DType::Q4_1, DType::Q8_0, DType::Q4_K, DType::Q6_K}) {
    for (const Shape& shape : prefill) {
      for (int32_t n : {16, 32, 256}) measure(machine, type, shape, n);
    }
  }
}

}  // namespace
}  // namespace latent4j::bench

int main(int argc, char** argv) { return latent4j::bench::run(argc, argv, latent4j::bench::measure_all); }
