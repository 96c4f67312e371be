// tickets.cuh: how the last block of a group to finish its part finds out that it is the last, and may go on with what all of them wrote.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace latent4j::cuda {

// Whether this is the last of n_blocks blocks to come here. It then sees what the others wrote before they came, by __ldcg: its own L1
// cache may hold what was there earlier. All threads of all the blocks call it. The ticket is zero before the first block comes and after
// the last one has.
__device__ inline bool is_last_block(uint32_t* ticket, uint32_t n_blocks) {
  __shared__ bool last;
  __threadfence();  // every thread's own writes, before its block is counted
  __syncthreads();
  if (threadIdx.x == 0) last = atomicInc(ticket, n_blocks - 1) == n_blocks - 1;
  __syncthreads();
  if (last) __threadfence();
  return last;
}

}  // namespace latent4j::cuda
