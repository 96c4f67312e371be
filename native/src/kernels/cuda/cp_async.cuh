// cp_async.cuh: copies from device memory to shared memory that pass no register and are waited for in groups, so that the tiles of later
// steps are on their way while one is computed.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace latent4j::cuda {

__device__ inline uint32_t shared_address(const void* p) { return static_cast<uint32_t>(__cvta_generic_to_shared(p)); }

// 16 bytes, both addresses multiples of 16; where not `present`, zeros and nothing is read (from must still be an address).
__device__ inline void cp_async_16(uint32_t to, const void* from, bool present = true) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(present ? 16 : 0) : "memory");
}

// 4 bytes, for what lies too oddly for more; of them the first `present` are read, the others are zeros. Through the L1 cache: its
// neighbours are wanted next.
__device__ inline void cp_async_4(uint32_t to, const void* from, int present = 4) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(from), "r"(present) : "memory");
}

// Ends a group of copies.
__device__ inline void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most kPending of this thread's groups are still on their way. Others' copies are there after a barrier.
template <int kPending>
__device__ inline void cp_async_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory"); }

}  // namespace latent4j::cuda
