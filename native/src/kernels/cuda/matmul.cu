// matmul.cu: a prompt's rows go to the tensor cores, the few rows of a step stream the weights; targets of one format share a launch.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/matmul_ways.h"

namespace latent4j::cuda {

void matmul(Queue& queue, const MatmulArgs& args) {
  if (args.n == 0) return;
  MatmulArgs part = args;
  if (args.prefill && args.norm.weight) {
    rms_norm(queue, {args.x, args.norm.weight, args.norm.eps, args.n, args.k, args.norm.scratch});
    part.x = args.norm.scratch;
    part.norm = {};
  }
  const MatmulTarget* targets = args.targets;
  const auto same_format = [&](int a, int b) { return targets[a].weight->dtype == targets[b].weight->dtype; };
  const bool apart = args.into == MatmulInto::silu_mul && !same_format(0, 1);
  if (apart) part.into = MatmulInto::store;
  for (int first = 0, end; first < args.n_targets; first = end) {
    end = first + 1;
    while (end < args.n_targets && same_format(first, end)) ++end;
    part.targets = targets + first;
    part.n_targets = end - first;
    (args.prefill ? matmul_tiles : matmul_rows)(*queue.stream, part);
  }
  if (apart) silu_mul(queue, {targets[0].y, targets[1].y, args.n, targets[0].weight->rows});
}

}  // namespace latent4j::cuda
