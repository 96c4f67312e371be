// rope_angles.cu: in f64, since a position of 100 000 times a frequency has no digits left in f32. Moves 8 n half bytes.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"

namespace latent4j::cuda {

namespace {

__global__ void rope_angles_kernel(RopeAnglesArgs args) {
  wait_for_earlier_kernels();
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= args.n * args.half) return;
  double cosine, sine;
  sincos(args.places[i / args.half].position * args.inv_freq[i % args.half], &sine, &cosine);
  args.cos[i] = static_cast<float>(cosine) * args.factor;
  args.sin[i] = static_cast<float>(sine) * args.factor;
}

}  // namespace

void rope_angles(Queue& queue, const RopeAnglesArgs& args) {
  const int size = args.n * args.half;
  if (size <= 0) return;
  // Small blocks: f64 is slow on most GPUs, and a single row's angles should be computed on more than one multiprocessor.
  constexpr int kThreads = 64;
  launch_kernel(*queue.stream, "rope_angles_kernel", rope_angles_kernel, (size + kThreads - 1) / kThreads, kThreads, 0, args);
}

}  // namespace latent4j::cuda
