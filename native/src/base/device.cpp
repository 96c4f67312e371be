// device.cpp: the CPU as a device, and the way to the others.
#include "base/device.h"

#include <sys/mman.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>

#include "base/control_groups.h"
#include "base/error.h"
#include "kernels/cpu/dispatch.h"
#if defined(L4J_CUDA)
#include "kernels/cuda/device.h"
#endif

namespace latent4j {

namespace {

struct CpuMark : Mark {
  std::chrono::steady_clock::time_point at;
};

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

class CpuDevice final : public Device {
 public:
  CpuDevice() : Device(true) {}

  const std::string& id() const override { return id_; }
  const std::string& name() const override { return name_; }
  const Ops& ops() const override { return cpu::ops(""); }
  int64_t free_bytes() const override { return ram_bytes(); }
  // Activations stay in cache, weights are read once for all of them.
  int32_t pass_rows() const override { return 256; }
  bool reaches(const Device& other) override { return other.host(); }

  std::byte* allocate(size_t bytes) override {
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
    if (!memory) throw std::bad_alloc();
    return memory;
  }
  void release(std::byte* memory) noexcept override { std::free(memory); }
  std::byte* allocate_pool(size_t bytes) override {
    // No swap is set aside: pages that are never touched cost nothing.
    void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    L4J_CHECK(base != MAP_FAILED, "OUT_OF_MEMORY", "could not reserve ", bytes, " bytes: ", std::strerror(errno));
    return static_cast<std::byte*>(base);
  }
  void release_pool(std::byte* memory, size_t bytes) noexcept override { munmap(memory, bytes); }
  std::byte* allocate_shared(size_t bytes) override { return allocate(bytes); }
  void release_shared(std::byte* memory) noexcept override { release(memory); }
  Matrix store(const Queue&, const Matrix& host) override { return host; }

  Queue open_queue(ThreadPool* threads, bool) override { return {threads, nullptr}; }
  void close_queue(Queue&) noexcept override {}
  void upload(const Queue&, void* to, const void* from, size_t bytes) override { copy_bytes(to, from, bytes); }
  void download(const Queue&, void* to, const void* from, size_t bytes) override { copy_bytes(to, from, bytes); }
  void copy(const Queue&, void* to, const void* from, size_t bytes, size_t pitch, size_t rows) override {
    for (size_t i = 0; i < rows; i++) {
      std::memcpy(static_cast<std::byte*>(to) + i * pitch, static_cast<const std::byte*>(from) + i * pitch, bytes);
    }
  }
  void fill(const Queue&, void* to, int byte, size_t bytes) override { std::memset(to, byte, bytes); }
  void finish(const Queue&) override {}

  std::unique_ptr<Mark> new_mark() override { return std::make_unique<CpuMark>(); }
  void mark(const Queue&, Mark& mark) override { static_cast<CpuMark&>(mark).at = std::chrono::steady_clock::now(); }
  bool reached(Mark&) override { return true; }
  void wait(Mark&) override {}
  int64_t ns_between(Mark& from, Mark& to) override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(static_cast<CpuMark&>(to).at - static_cast<CpuMark&>(from).at).count();
  }

 private:
  static void copy_bytes(void* to, const void* from, size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void enqueue_erased(const Queue&, std::unique_ptr<Replay>&, const ReplayKey&, void (*step)(const void*), const void* context) override {
    step(context);
  }

  const std::string id_ = "cpu", name_ = cpu_name();
};

}  // namespace

Device& Device::cpu() {
  static Device& device = *new CpuDevice();  // lives as long as the process: threads may outlive statics
  return device;
}

std::string Device::why_no_cuda() {
#if defined(L4J_CUDA)
  return cuda::why_no_device();
#else
  return "this library was built without CUDA";
#endif
}

// What there is, for whoever asked for something else.
static std::string present() {
  std::string text;
  for (const DeviceFacts& device : Device::all()) {
    text += (text.empty() ? "" : ", ") + device.id;
    if (device.id != "cpu") text += " (" + device.name + (device.usable ? ")" : ", not usable: " + device.why + ")");
  }
  const std::string why = Device::why_no_cuda();
  return why.empty() ? text : text + " (no CUDA: " + why + ")";
}

Device& Device::open(const std::string& id) {
  if (id == "cpu") return cpu();
#if defined(L4J_CUDA)
  if (id.empty()) {
    Device* best = cuda::best_device();
    return best ? *best : cpu();
  }
  if (id.rfind("cuda:", 0) == 0 && id.size() > 5 && id.size() < 9 && id.find_first_not_of("0123456789", 5) == std::string::npos) {
    if (Device* device = cuda::open_device(std::stoi(id.substr(5)))) return *device;
  }
#else
  if (id.empty()) return cpu();
#endif
  throw Error("NO_DEVICE", concat("device \"", id, "\" is not here; present: ", present(), "; expected cpu or cuda:<index>"));
}

std::vector<DeviceFacts> Device::all() {
  const int64_t ram = cpu().free_bytes();
  std::vector<DeviceFacts> devices = {{"cpu", cpu().name(), "", ram, ram, available_cores(), true, ""}};
#if defined(L4J_CUDA)
  for (DeviceFacts& device : cuda::devices()) devices.push_back(std::move(device));
#endif
  return devices;
}

}  // namespace latent4j
