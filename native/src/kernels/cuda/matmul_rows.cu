// matmul_rows.cu: few rows, targets of any formats: one launch for those that have the same.
#include "kernels/cuda/matmul_rows.h"

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/dequantize.cuh"

namespace latent4j::cuda {

namespace {

void launch(const Stream& stream, const MatmulArgs& args) {
  with_dtype(args.targets[0].weight->dtype, [&]<DType kType>() { launch_matmul_rows<kType>(stream, args); });
}

}  // namespace

void matmul_rows(const Stream& stream, const MatmulArgs& args) {
  MatmulArgs part = args;
  if (args.into == MatmulInto::silu_mul && args.targets[0].weight->dtype != args.targets[1].weight->dtype) {
    part.into = MatmulInto::store;
    matmul_rows(stream, part);
    Stream on = stream;
    Queue queue{nullptr, &on};
    silu_mul(queue, {args.targets[0].y, args.targets[1].y, args.n, args.targets[0].weight->rows});
    return;
  }
  for (int first = 0; first < args.n_targets; first += part.n_targets) {
    part.targets = args.targets + first;
    part.n_targets = 1;
    while (first + part.n_targets < args.n_targets &&
           part.targets[part.n_targets].weight->dtype == part.targets[0].weight->dtype) {
      ++part.n_targets;
    }
    launch(stream, part);
  }
}

}  // namespace latent4j::cuda
