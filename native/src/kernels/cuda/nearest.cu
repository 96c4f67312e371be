// nearest.cu: the largest scaled product of each row. A row goes over several blocks, a slice each; the last one compares what they found.
// Moves 4 n vocab bytes of products, which the product before it has left in the L2 cache, and 4 vocab of scales.
#include <algorithm>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/sample.cuh"
#include "kernels/cuda/tickets.cuh"

namespace latent4j::cuda {

namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32;
constexpr int kPerThread = 16, kSlice = kThreads * kPerThread;

__device__ Rank block_max(Rank rank, Rank (&warps)[kWarps]) {
#pragma unroll
  for (unsigned offset = 16; offset > 0; offset /= 2) rank = max(rank, __shfl_xor_sync(0xffffffffu, rank, offset));
  __syncthreads();  // a call before this one has read its warps
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = rank;
  __syncthreads();
  for (Rank other : warps) rank = max(rank, other);
  return rank;
}

// products [n, vocab], scales [vocab], found [n, gridDim.x], tickets [n], thoughts [n]
__global__ void __launch_bounds__(kThreads) nearest_kernel(const float* products, const float* scales, int vocab, Rank* found,
                                                           uint32_t* tickets, Thought* thoughts) {
  wait_for_earlier_kernels();
  __shared__ Rank warps[kWarps];
  const int row = static_cast<int>(blockIdx.y), begin = static_cast<int>(blockIdx.x) * kSlice;
  products += static_cast<size_t>(row) * vocab;
  found += static_cast<size_t>(row) * gridDim.x;
  Rank best = 0;
#pragma unroll
  for (int i = 0; i < kPerThread; i++) {
    const int j = begin + i * kThreads + static_cast<int>(threadIdx.x);
    if (j >= vocab) break;
    const float scaled = __fmul_rn(products[j], scales[j]);
    if (scaled > -__builtin_inff()) best = max(best, rank_of(order_key(scaled), j));  // no NaN either
  }
  best = block_max(best, warps);
  if (threadIdx.x == 0) found[blockIdx.x] = best;
  if (!is_last_block(tickets + row, gridDim.x)) return;
  best = 0;
  for (unsigned i = threadIdx.x; i < gridDim.x; i += kThreads) best = max(best, __ldcg(found + i));
  best = block_max(best, warps);
  if (threadIdx.x != 0) return;
  Thought& thought = thoughts[row];
  const int nearest = best ? static_cast<int>(~static_cast<uint32_t>(best)) : -1;
  const float norm = thought.norm, scaled = nearest < 0 ? -__builtin_inff() : __fmul_rn(products[nearest], scales[nearest]);
  if (nearest >= 0) thought.nearest_token = nearest;
  thought.nearest_cosine = norm > 0 ? fminf(1.0f, fmaxf(-1.0f, scaled / norm)) : __builtin_nanf("");  // rounding goes past 1
}

}  // namespace

void nearest(Queue& queue, const NearestArgs& args) {
  const Stream& stream = *queue.stream;
  const int32_t n_slices = (args.vocab + kSlice - 1) / kSlice;
  const auto most = static_cast<int32_t>(std::min<size_t>(kScratchBytes / (sizeof(Rank) * n_slices), kTickets - 1));
  for (int32_t row = 0; row < args.n; row += most) {
    // Sixteen products a thread: more on their way at once than a wait for the cache needs, and tens of blocks to a row.
    launch_kernel(stream, "nearest_kernel", nearest_kernel, dim3(n_slices, std::min(most, args.n - row)), kThreads, 0,
                  args.products + static_cast<size_t>(row) * args.vocab, args.scales, args.vocab, reinterpret_cast<Rank*>(stream.scratch),
                  stream.tickets, args.thoughts + row);
  }
}

}  // namespace latent4j::cuda
