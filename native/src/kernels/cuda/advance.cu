// advance.cu: one step on, on the device, so that a captured step can be replayed without the host. Moves 16 bytes a row and 8 to 16 more.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"

namespace latent4j::cuda {

namespace {

// places, samples, rows [n]
__global__ void advance_kernel(RowPlace* places, SampleRow* samples, int32_t* rows, int n) {
  wait_for_earlier_kernels();
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
  launch_kernel(*queue.stream, "advance_kernel", advance_kernel, (args.n + kThreads - 1) / kThreads, kThreads, 0, args.places,
                args.samples, args.rows, args.n);
}

}  // namespace latent4j::cuda
