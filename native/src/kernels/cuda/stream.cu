// stream.cu: what a device tells of itself, what an error of the CUDA runtime means to whoever called, and what launchers share.
#include <mutex>
#include <string_view>

#include "base/error.h"
#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

namespace {

__global__ void probe_kernel() {}

const char* code_of(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "OUT_OF_MEMORY";
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
    case cudaErrorInsufficientDriver:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
    case cudaErrorDevicesUnavailable:
      return "NO_DEVICE";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorNotSupported:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorInvalidPtx:
    case cudaErrorInvalidKernelImage:
      return "UNSUPPORTED";
    // After these every call on the device answers the same until the process ends.
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorIllegalInstruction:
    case cudaErrorHardwareStackError:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorExternalDevice:
#if CUDART_VERSION >= 13000
    case cudaErrorTensorMemoryLeak:
    case cudaErrorContained:
#endif
    case cudaErrorMpsClientTerminated:
    case cudaErrorUnknown:
      return "DEVICE_LOST";
    default:
      return "INTERNAL";
  }
}

}  // namespace

void fail(cudaError_t error, const char* call) {
  cudaGetLastError();  // an error that passes is not reported a second time
  int device = -1;
  cudaGetDevice(&device);
  const char* code = code_of(error);
  const char* hint = "";
  if (code == std::string_view("DEVICE_LOST")) {
    hint = "; the cause may be any kernel before it (CUDA_LAUNCH_BLOCKING=1 or compute-sanitizer name it); the device needs a new process";
  }
  if (code == std::string_view("UNSUPPORTED")) hint = "; this library was built for " L4J_CUDA_BUILT_FOR;
  throw Error(code, concat("cuda:", device, ": ", cudaGetErrorString(error), " (", cudaGetErrorName(error), ") in ", call, hint));
}

void fail_launch(cudaError_t error, const char* kernel, dim3 grid, int threads, size_t shared_bytes) {
  const std::string launch = concat("the launch of ", kernel, ", grid ", grid.x, " x ", grid.y, " x ", grid.z, ", ", threads, " threads, ",
                                    shared_bytes, " bytes of shared memory");
  fail(error, launch.c_str());
}

void use_device(int device) {
  int before = -1;
  cudaGetDevice(&before);
  L4J_CUDA_CHECK(cudaSetDevice(device));
  if (before != device) cudaGetLastError();
}

cudaError_t probe(cudaFuncAttributes& attributes) { return cudaFuncGetAttributes(&attributes, probe_kernel); }

Stream stream_of(int device) {
  use_device(device);
  cudaDeviceProp properties;
  L4J_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  cudaFuncAttributes code;
  L4J_CUDA_CHECK(probe(code));
  int driver = 0;
  L4J_CUDA_CHECK(cudaDriverGetVersion(&driver));
  Stream stream;
  stream.device = device;
  stream.n_sms = properties.multiProcessorCount;
  // Graphs know overlapping kernels since CUDA 12.3. Code made of older PTX does not wait, whatever the GPU could do.
  stream.overlaps = properties.major >= 9 && code.ptxVersion >= 90 && driver >= 12030;
  return stream;
}

void SharedLimit::grow(const Stream& stream, const void* kernel, int bytes) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  std::atomic<int>& allowed = bytes_[stream.device];
  if (bytes <= allowed.load(std::memory_order_relaxed)) return;
  L4J_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
  allowed.store(bytes, std::memory_order_release);
}

}  // namespace latent4j::cuda
