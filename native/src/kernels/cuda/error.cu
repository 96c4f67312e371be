// error.cu: what an error of the CUDA runtime means to whoever called.
#include "base/error.h"
#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

namespace {

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
  throw Error(code_of(error), concat("cuda:", device, ": ", cudaGetErrorString(error), " (", cudaGetErrorName(error), ") in ", call));
}

}  // namespace latent4j::cuda
