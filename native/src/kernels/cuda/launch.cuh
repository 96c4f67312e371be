// launch.cuh: how kernels are started and how they begin. Where the GPU can (Stream::overlaps: programmatic dependent launch), a kernel's
// blocks start as soon as all blocks of the one before it have started and multiprocessors have room, instead of after its end: a step of a
// model is a chain of short kernels, and the gaps between them would cost as much as some of them.
#pragma once

#include <utility>

#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

// What every block of every kernel does before it reads or writes what another kernel writes or reads; what none writes (weights) it may
// read before. Since all blocks wait, a kernel has ended only after all kernels before it. What another kernel wrote is never read through
// __ldg, which the compiler may move up past this.
__device__ inline void wait_for_earlier_kernels() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");  // the next kernel's blocks may start, and wait in turn
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Throws what the launch itself answers. What goes wrong while the kernel runs comes with a later call.
template <typename... Parameters, typename... Arguments>
void launch_kernel(const Stream& stream, const char* name, void (*kernel)(Parameters...), dim3 grid, int threads, size_t shared_bytes,
                   Arguments&&... arguments) {
  cudaLaunchAttribute overlap = {};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream.handle;
  config.attrs = &overlap;
  config.numAttrs = stream.overlaps ? 1 : 0;
  const cudaError_t error = cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...);
  if (error != cudaSuccess) [[unlikely]] fail_launch(error, name, grid, threads, shared_bytes);
}

}  // namespace latent4j::cuda
