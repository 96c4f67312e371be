// attention.cu: chooses the way.
#include "kernels/cuda/attention_ways.h"
#include "kernels/cuda/cuda_ops.h"

namespace latent4j::cuda {

void attention(Queue& queue, const AttentionArgs& args) {
  if (args.n <= 0) return;
  const int group = args.n_heads / args.n_kv_heads;
  L4J_CHECK(group <= kMostQueriesPerKey, "UNSUPPORTED", "attention on CUDA with ", group, " heads to a kv head");
  args.prefill ? attention_prefill(*queue.stream, args) : attention_split(*queue.stream, args);
}

}  // namespace latent4j::cuda
