// device.h: CUDA GPUs as devices. Free of CUDA's own headers, for base/device.cpp.
#pragma once

#include <string>
#include <vector>

#include "base/device.h"

namespace latent4j::cuda {

// Null if there is none of this index. Throws UNSUPPORTED.
Device* open_device(int index);
// The one with the most memory of those that the kernels run on; null where there is none.
Device* best_device();
std::vector<DeviceFacts> devices();
std::string why_no_device();
std::string why_no_device(int error, int driver, int runtime);  // what cudaGetDeviceCount answers; versions as 1000 major + 10 minor

// Memory of another process's pool on the same machine, by CUDA IPC.
std::string export_handle(const Device& device, const std::byte* pool);  // hexadecimal; with the device's UUID
class ImportedPool {
 public:
  // Throws BAD_ARGUMENT, NO_DEVICE (its GPU is not here or out of reach), UNSUPPORTED.
  ImportedPool(Device& target, const std::string& handle);
  ~ImportedPool();
  ImportedPool(const ImportedPool&) = delete;
  ImportedPool& operator=(const ImportedPool&) = delete;
  std::byte* base() const { return base_; }

 private:
  int device_ = 0;
  std::byte* base_ = nullptr;
};

}  // namespace latent4j::cuda
