// matmul.cu: a prompt's rows go to the tensor cores, the few rows of a step stream the weights.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/matmul_ways.h"

namespace latent4j::cuda {

void matmul(Queue& queue, const MatmulArgs& args) {
  if (args.n == 0) return;
  if (!args.prefill) return matmul_rows(*queue.stream, args);
  MatmulArgs tiles = args;
  if (args.norm.weight) {
    rms_norm(queue, {args.x, args.norm.weight, args.norm.eps, args.n, args.k, args.norm.scratch});
    tiles.x = args.norm.scratch;
    tiles.norm = {};
  }
  matmul_tiles(*queue.stream, tiles);
}

}  // namespace latent4j::cuda
