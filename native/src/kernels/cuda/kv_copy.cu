// kv_copy.cu: positions of one memory to another in one pass: each number is read once and written once. The pages may be this device's, a
// peer's, or pinned host memory.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/kv_move.cuh"

namespace latent4j::cuda {

void kv_copy(Queue& queue, const KvCopyArgs& args) {
  if (args.n <= 0) return;
  kv_move(*queue.stream, args.source, args.target, args.from, args.to, args.n, 2 * args.target.layout->n_kv_heads, args.cos, args.sin);
}

}  // namespace latent4j::cuda
