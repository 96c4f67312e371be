// check_finite.cu: a block a row; only a bad row writes. Moves 4 n d bytes.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

namespace {

// A NaN or an infinity has all bits of its exponent.
__device__ bool is_bad(float v) { return (__float_as_uint(v) & 0x7f800000u) == 0x7f800000u; }

// x [gridDim.x, d / 4] float4, places [gridDim.x]
__global__ void check_finite_kernel(const float4* x, const RowPlace* places, int row_size, unsigned long long* first_bad) {
  const float4* row = x + static_cast<size_t>(blockIdx.x) * row_size;
  bool bad = false;
  for (int at = threadIdx.x; at < row_size; at += blockDim.x) {
    const float4 v = row[at];
    bad |= is_bad(v.x) | is_bad(v.y) | is_bad(v.z) | is_bad(v.w);
  }
  if (!__syncthreads_or(bad) || threadIdx.x != 0) return;
  const RowPlace place = places[blockIdx.x];
  const auto position = static_cast<unsigned long long>(static_cast<uint32_t>(place.position));
  atomicMin(first_bad, position << 32 | static_cast<uint32_t>(place.sequence));
}

}  // namespace

void check_finite(Queue& queue, const CheckFiniteArgs& args) {
  if (args.n == 0) return;
  // As copy_rows: a row is one or a few loads of 256 threads.
  static_assert(sizeof(unsigned long long) == sizeof(uint64_t));
  check_finite_kernel<<<args.n, 256, 0, queue.stream->handle>>>(reinterpret_cast<const float4*>(args.x), args.places, args.d / 4,
                                                               reinterpret_cast<unsigned long long*>(args.first_bad));
  L4J_CUDA_LAUNCHED("check_finite_kernel");
}

}  // namespace latent4j::cuda
