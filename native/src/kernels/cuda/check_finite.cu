// check_finite.cu: a block a row; only a bad row writes. Moves 4 n d bytes.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"

namespace latent4j::cuda {

namespace {

// A NaN or an infinity has all bits of its exponent.
__device__ bool is_bad(float v) { return (__float_as_uint(v) & 0x7f800000u) == 0x7f800000u; }

// x [gridDim.x, d / 4] float4, places [gridDim.x]
constexpr int kThreads = 256, kSlice = 16 * kThreads;  // of a row, for one block

__global__ void check_finite_kernel(const float* x, const RowPlace* places, int d, unsigned long long* first_bad) {
  wait_for_earlier_kernels();
  const float* row = x + static_cast<size_t>(blockIdx.x) * d;
  const int begin = static_cast<int>(blockIdx.y) * kSlice, end = min(d, begin + kSlice);
  bool bad = false;
  if (d % 4 == 0) {
    for (int at = begin + 4 * static_cast<int>(threadIdx.x); at < end; at += 4 * kThreads) {
      const float4 v = *reinterpret_cast<const float4*>(row + at);
      bad |= is_bad(v.x) | is_bad(v.y) | is_bad(v.z) | is_bad(v.w);
    }
  } else {  // logits of a vocabulary of any size: rows begin anywhere
    for (int at = begin + static_cast<int>(threadIdx.x); at < end; at += kThreads) bad |= is_bad(row[at]);
  }
  if (!__syncthreads_or(bad) || threadIdx.x != 0) return;
  const RowPlace place = places[blockIdx.x];
  const auto position = static_cast<unsigned long long>(static_cast<uint32_t>(place.position));
  atomicMin(first_bad, position << 32 | static_cast<uint32_t>(place.sequence));
}

}  // namespace

void check_finite(Queue& queue, const CheckFiniteArgs& args) {
  if (args.n == 0) return;
  // A hidden state is one or two slices, four loads a thread; a row of logits is tens: one block would take longer than all sampling.
  static_assert(sizeof(unsigned long long) == sizeof(uint64_t));
  const dim3 grid(args.n, (args.d + kSlice - 1) / kSlice);
  launch_kernel(*queue.stream, "check_finite_kernel", check_finite_kernel, grid, kThreads, 0, args.x, args.places, args.d,
                reinterpret_cast<unsigned long long*>(args.first_bad));
}

}  // namespace latent4j::cuda
