// kv_rotate.cu: keys turned in place: moved to where they are. Each is read once and written once; values are not touched.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/kv_move.cuh"

namespace latent4j::cuda {

void kv_rotate(Queue& queue, const KvRotateArgs& args) {
  if (args.n <= 0) return;
  kv_move(*queue.stream, args.memory, args.memory, args.from, args.from, args.n, args.memory.layout->n_kv_heads, args.cos, args.sin);
}

}  // namespace latent4j::cuda
