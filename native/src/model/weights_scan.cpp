// weights_scan.cpp: explains numbers that are not finite by the weight they come from.
#include <cmath>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "kernels/cpu/dispatch.h"
#include "model/json.h"
#include "model/weights.h"

namespace latent4j {

namespace {

constexpr size_t kLook = size_t{1} << 20;     // bytes of weights between two looks at the flag that cancels
constexpr int64_t kWidest = int64_t{1} << 24;  // elements in a row; no weight of ours is as wide

}  // namespace

std::string Weights::first_not_finite(int32_t* cancel) const {
  const Ops& ops = cpu::ops("");
  size_t unlooked = kLook;
  std::vector<float> values;
  for (const auto& [name, view] : checkpoint.tensors) {
    if (view.bytes == 0 || view.shape.empty() || view.shape.back() > kWidest) continue;
    Matrix matrix;
    matrix.data = view.data;
    matrix.dtype = view.dtype;
    matrix.cols = static_cast<int32_t>(view.shape.back());
    const size_t rows = view.bytes / matrix.row_bytes();
    if (rows > INT32_MAX) continue;
    matrix.rows = static_cast<int32_t>(rows);
    values.resize(matrix.cols);
    for (int32_t row = 0; row < matrix.rows; ++row) {
      if ((unlooked += matrix.row_bytes()) > kLook) {
        check_cancel(cancel, "stopped while the weights were looked through for a number that is not finite");
        unlooked = 0;
      }
      ops.decode_row(matrix, row, values.data());
      for (int32_t i = 0; i < matrix.cols; ++i) {
        if (!std::isfinite(values[i])) return concat("tensor ", name, " holds ", values[i], " at [", row, ", ", i, "]");
      }
    }
  }
  return "";
}

}  // namespace latent4j
