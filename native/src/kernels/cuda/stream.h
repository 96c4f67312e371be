// stream.h: what a launcher gets with its arguments: a stream, and what it has to know of the stream's device. Errors of the CUDA runtime
// become latent4j::Error here.
#pragma once

#include <cuda_runtime.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernels/ops.h"

namespace latent4j::cuda {

inline constexpr size_t kScratchBytes = size_t{64} << 20;
inline constexpr int kTickets = 1 << 16;
inline constexpr int kMostDevices = 128;

struct Stream {
  cudaStream_t handle = nullptr;
  int device = 0;
  int n_sms = 0;                 // multiprocessors
  bool overlaps = false;         // a kernel may begin before the one before it has ended (launch.cuh)
  std::byte* scratch = nullptr;  // [kScratchBytes] partial results of one op; nothing survives from op to op
  uint32_t* tickets = nullptr;   // [kTickets] zero between ops: by counting them up, the last block of a group knows that it is the last
};

// Throws what `error` means: OUT_OF_MEMORY, NO_DEVICE (none, or a driver too old), UNSUPPORTED (no code for this GPU), DEVICE_LOST (an
// error after which this process can use the device no more), else INTERNAL.
[[noreturn]] void fail(cudaError_t error, const char* call);
[[noreturn]] void fail_launch(cudaError_t error, const char* kernel, dim3 grid, int threads, size_t shared_bytes);

// A stream of a device as far as the device tells of itself: without handle, scratch and tickets.
Stream stream_of(int device);

// What code there is for the current device's GPU, if any.
cudaError_t probe(cudaFuncAttributes& attributes);

// Makes a device the calling thread's current one. Errors that a lost device left behind in the thread are not taken for this one's.
void use_device(int device);

// The dynamic shared memory that one kernel may ask for: a property of the kernel on a device, whoever launches it. It only grows, so that
// no thread takes away what another is about to launch with; and asking for what is allowed already costs nothing, inside a capture
// neither.
class SharedLimit {
 public:
  void raise(const Stream& stream, const void* kernel, size_t bytes) {
    if (bytes > static_cast<size_t>(bytes_[stream.device].load(std::memory_order_acquire))) grow(stream, kernel, static_cast<int>(bytes));
  }

 private:
  void grow(const Stream& stream, const void* kernel, int bytes);

  std::array<std::atomic<int>, kMostDevices> bytes_{};
};

}  // namespace latent4j::cuda

#define L4J_CUDA_CHECK(call)                                                     \
  do {                                                                           \
    if (const cudaError_t error_ = (call); error_ != cudaSuccess) [[unlikely]] { \
      ::latent4j::cuda::fail(error_, #call);                                     \
    }                                                                            \
  } while (false)
