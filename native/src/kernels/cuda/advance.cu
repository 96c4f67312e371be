// advance.cu: one step on, on the device, so that a captured step can be replayed without the host. Moves 16 bytes a row and 8 to 16 more.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

namespace {

// places, samples, rows [n]
__global__ void advance_kernel(RowPlace* places, SampleRow* samples, int32_t* rows, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= n) return;
  places[i].position++;
  if (samples) samples[i].step++;
  if (rows) rows[i]++;
}

}  // namespace

void advance(Queue& queue, const AdvanceArgs& args) {
  if (args.n == 0) return;
  constexpr int kThreads = 64;  // rows are few: any small block does
  advance_kernel<<<(args.n + kThreads - 1) / kThreads, kThreads, 0, queue.stream->handle>>>(args.places, args.samples, args.rows, args.n);
  L4J_CUDA_LAUNCHED("advance_kernel");
}

}  // namespace latent4j::cuda
