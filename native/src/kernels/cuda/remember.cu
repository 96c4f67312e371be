// remember.cu: a token more in a sequence's history, on the device, so that a captured step can be replayed without the host. Reads 8 bytes
// a distinct token.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"

namespace latent4j::cuda {

namespace {

constexpr int kThreads = 256;

// tokens, places [n], histories [sequences]
__global__ void __launch_bounds__(kThreads) remember_kernel(RememberArgs args) {
  wait_for_earlier_kernels();
  __shared__ int at;
  const int row = static_cast<int>(blockIdx.x);
  History& history = args.histories[args.places[row].sequence];
  const int32_t token = args.tokens[row];
  if (token < 0) return;
  const int n_distinct = history.n_distinct;
  if (threadIdx.x == 0) at = n_distinct;
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < n_distinct; i += kThreads) {
    if (history.tallies[i].token == token) at = i;  // one thread's at most
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  history.tokens[history.n_tokens++] = token;
  if (at == n_distinct) history.tallies[history.n_distinct++] = {token, 0};
  history.tallies[at].decoded++;
}

}  // namespace

void remember(Queue& queue, const RememberArgs& args) {
  if (args.n == 0) return;
  // A block a row, as wide as a short answer has distinct tokens.
  launch_kernel(*queue.stream, "remember_kernel", remember_kernel, args.n, kThreads, 0, args);
}

}  // namespace latent4j::cuda
