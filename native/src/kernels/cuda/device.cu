// device.cu: a CUDA GPU as a device. After an error that a device does not recover from (DEVICE_LOST) every later call on it answers the
// same, by the runtime's own rule; other devices and the process go on.
#include "kernels/cuda/device.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/stream.h"
#include "kernels/cuda/weights.h"

namespace latent4j::cuda {

namespace {

// What is given back on a lost device answers with an error; the next check of another device's launch must not find it.
void forget(cudaError_t error) noexcept {
  if (error != cudaSuccess) cudaGetLastError();
}

// Before something is given back, by whichever thread: else the runtime would first take memory of that thread's own device.
void look_at(int device) noexcept { forget(cudaSetDevice(device)); }

struct CudaMark final : Mark {
  explicit CudaMark(int device) : device(device) {}
  ~CudaMark() override {
    look_at(device);
    if (event) forget(cudaEventDestroy(event));
  }
  const int device;
  cudaEvent_t event = nullptr;
};

struct CudaReplay final : Replay {
  explicit CudaReplay(int device) : device(device) {}
  ~CudaReplay() override { reset(); }
  void reset() {
    look_at(device);
    if (graph) forget(cudaGraphExecDestroy(graph));  // one that still runs is freed when it is done
    graph = nullptr;
    ran = false;
    failures = 0;
  }
  const int device;
  ReplayKey key{};
  bool ran = false;  // once without a graph: kernels are loaded on first use, which a capture does not allow
  cudaGraphExec_t graph = nullptr;
  int failures = 0;  // to record it
};

std::string hex(const void* data, size_t n) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < n; i++) {
    const unsigned byte = static_cast<const unsigned char*>(data)[i];
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

void from_hex(const std::string& text, void* data, size_t n) {
  auto* bytes = static_cast<unsigned char*>(data);
  for (size_t i = 0; i < n; i++) bytes[i] = static_cast<unsigned char>(std::stoi(text.substr(2 * i, 2), nullptr, 16));
}

cudaDeviceProp properties_of(int index) {
  cudaDeviceProp properties;
  L4J_CUDA_CHECK(cudaGetDeviceProperties(&properties, index));
  return properties;
}

int device_count() {
  int n = 0;
  if (cudaGetDeviceCount(&n) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return n;
}

constexpr int kLeastCapability = 8;  // bf16 on tensor cores, cp.async

// Why the kernels do not run on this GPU; empty: they do.
std::string why_unusable(int index, const cudaDeviceProp& properties) {
  if (properties.major < kLeastCapability) {
    return concat("compute capability ", properties.major, ".", properties.minor, ", the kernels need ", kLeastCapability, ".0 or more");
  }
  cudaFuncAttributes attributes;
  cudaError_t error = cudaSetDevice(index);
  if (error == cudaSuccess) error = probe(attributes);
  if (error == cudaSuccess) return "";
  cudaGetLastError();
  return cudaGetErrorString(error);
}

class CudaDevice final : public Device {
 public:
  CudaDevice(int index, const cudaDeviceProp& properties)
      : Device(false), index_(index), id_(concat("cuda:", index)), name_(properties.name), properties_(properties),
        stream_(stream_of(index)) {}

  int index() const { return index_; }
  const cudaDeviceProp& properties() const { return properties_; }
  const std::string& id() const override { return id_; }
  const std::string& name() const override { return name_; }
  const Ops& ops() const override { return cuda::ops(); }
  int64_t free_bytes() const override {
    use();
    size_t free = 0, total = 0;
    L4J_CUDA_CHECK(cudaMemGetInfo(&free, &total));
    return static_cast<int64_t>(free);
  }
  // Enough rows that the tensor cores, not the weights' bytes, set the time.
  int32_t pass_rows() const override { return 1024; }

  bool reaches(const Device& other) override {
    if (&other == this) return true;
    const auto* peer = dynamic_cast<const CudaDevice*>(&other);
    if (!peer) return false;
    use();
    int can = 0;
    L4J_CUDA_CHECK(cudaDeviceCanAccessPeer(&can, index_, peer->index_));
    if (!can) return false;
    const cudaError_t error = cudaDeviceEnablePeerAccess(peer->index_, 0);
    if (error == cudaErrorPeerAccessAlreadyEnabled) {
      cudaGetLastError();
      return true;
    }
    if (error == cudaErrorTooManyPeers) {
      cudaGetLastError();
      return false;
    }
    L4J_CUDA_CHECK(error);
    return true;
  }

  std::byte* allocate(size_t bytes) override {
    use();
    void* memory = nullptr;
    if (const cudaError_t error = cudaMalloc(&memory, bytes); error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw Error("OUT_OF_MEMORY", concat(id_, ": no room for ", bytes, " bytes, ", free_bytes(), " of ", properties_.totalGlobalMem,
                                          " are free; a smaller memory pool (memoryPositions) or model may fit"));
    } else {
      L4J_CUDA_CHECK(error);
    }
    return static_cast<std::byte*>(memory);
  }
  void release(std::byte* memory) noexcept override {
    look_at(index_);
    forget(cudaFree(memory));
  }
  std::byte* allocate_pool(size_t bytes) override { return allocate(bytes); }
  void release_pool(std::byte* memory, size_t) noexcept override { release(memory); }
  std::byte* allocate_shared(size_t bytes) override {
    use();
    void* memory = nullptr;
    // Portable: a page that one GPU wrote is read by another.
    const cudaError_t error = cudaHostAlloc(&memory, bytes, cudaHostAllocPortable | cudaHostAllocMapped);
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw Error("OUT_OF_MEMORY", concat("no ", bytes, " bytes of the host's memory could be pinned for ", id_,
                                          " (see ulimit -l, and the container's limit of memory)"));
    }
    L4J_CUDA_CHECK(error);
    return static_cast<std::byte*>(memory);
  }
  void release_shared(std::byte* memory) noexcept override {
    look_at(index_);
    forget(cudaFreeHost(memory));
  }

  Matrix store(const Queue& queue, const Matrix& host) override {
    Matrix stored = host;
    std::byte* to = allocate(stored_bytes(host));
    stored.data = to;
    try {
      cuda::store(*queue.stream, host, to);
    } catch (...) {
      release(to);
      throw;
    }
    return stored;
  }

  Queue open_queue(ThreadPool* threads, bool ops) override {
    use();
    auto stream = std::make_unique<Stream>(stream_);
    Queue queue{threads, stream.get()};
    try {
      L4J_CUDA_CHECK(cudaStreamCreateWithFlags(&stream->handle, cudaStreamNonBlocking));
      if (!ops) return stream.release(), queue;
      stream->scratch = allocate(kScratchBytes);
      stream->tickets = reinterpret_cast<uint32_t*>(allocate(kTickets * sizeof(uint32_t)));
      L4J_CUDA_CHECK(cudaMemsetAsync(stream->tickets, 0, kTickets * sizeof(uint32_t), stream->handle));
    } catch (...) {
      close_queue(queue);
      stream.release();
      throw;
    }
    stream.release();
    return queue;
  }
  void close_queue(Queue& queue) noexcept override {
    Stream* stream = queue.stream;
    if (!stream) return;
    look_at(index_);
    if (stream->handle) {
      forget(cudaStreamSynchronize(stream->handle));
      forget(cudaStreamDestroy(stream->handle));
    }
    forget(cudaFree(stream->scratch));
    forget(cudaFree(stream->tickets));
    delete stream;
    queue.stream = nullptr;
  }

  void upload(const Queue& queue, void* to, const void* from, size_t bytes) override {
    transfer(queue, to, from, bytes, cudaMemcpyHostToDevice);
  }
  void download(const Queue& queue, void* to, const void* from, size_t bytes) override {
    transfer(queue, to, from, bytes, cudaMemcpyDeviceToHost);
  }
  void copy(const Queue& queue, void* to, const void* from, size_t bytes, size_t pitch, size_t rows) override {
    use();
    L4J_CUDA_CHECK(cudaMemcpy2DAsync(to, pitch, from, pitch, bytes, rows, cudaMemcpyDeviceToDevice, queue.stream->handle));
  }
  void fill(const Queue& queue, void* to, int byte, size_t bytes) override {
    use();
    L4J_CUDA_CHECK(cudaMemsetAsync(to, byte, bytes, queue.stream->handle));
  }
  void finish(const Queue& queue) override {
    use();
    L4J_CUDA_CHECK(cudaStreamSynchronize(queue.stream->handle));
  }

  std::unique_ptr<Mark> new_mark() override {
    use();
    auto mark = std::make_unique<CudaMark>(index_);
    L4J_CUDA_CHECK(cudaEventCreate(&mark->event));
    return mark;
  }
  void mark(const Queue& queue, Mark& mark) override {
    use();
    L4J_CUDA_CHECK(cudaEventRecord(static_cast<CudaMark&>(mark).event, queue.stream->handle));
  }
  bool reached(Mark& mark) override {
    use();
    const cudaError_t error = cudaEventQuery(static_cast<CudaMark&>(mark).event);
    if (error == cudaErrorNotReady) return cudaGetLastError(), false;
    L4J_CUDA_CHECK(error);
    return true;
  }
  void wait(Mark& mark) override {
    use();
    L4J_CUDA_CHECK(cudaEventSynchronize(static_cast<CudaMark&>(mark).event));
  }
  int64_t ns_between(Mark& from, Mark& to) override {
    use();
    float ms = 0;
    L4J_CUDA_CHECK(cudaEventElapsedTime(&ms, static_cast<CudaMark&>(from).event, static_cast<CudaMark&>(to).event));
    return static_cast<int64_t>(static_cast<double>(ms) * 1e6);
  }

 private:
  void use() const { use_device(index_); }

  void transfer(const Queue& queue, void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    if (bytes == 0) return;
    use();
    L4J_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, kind, queue.stream->handle));
  }

  void enqueue_erased(const Queue& queue, std::unique_ptr<Replay>& slot, const ReplayKey& key, void (*step)(const void*),
                      const void* context) override {
    use();
    const cudaStream_t stream = queue.stream->handle;
    if (!slot) slot = std::make_unique<CudaReplay>(index_);
    auto& replay = static_cast<CudaReplay&>(*slot);
    if (!replay.ran || replay.key != key) {
      replay.reset();
      step(context);
      replay.key = key;
      replay.ran = true;
      return;
    }
    if (!replay.graph && (replay.failures == kMostFailures || !record(replay, stream, step, context))) {
      replay.failures = std::min(replay.failures + 1, kMostFailures);
      return step(context);
    }
    L4J_CUDA_CHECK(cudaGraphLaunch(replay.graph, stream));
  }

  static constexpr int kMostFailures = 3;

  // Whether the step could be recorded. What another thread does at the same time, loading a kernel say, can void a capture, which the next
  // launch then answers; the step itself can always be enqueued.
  static bool record(CudaReplay& replay, cudaStream_t stream, void (*step)(const void*), const void* context) {
    L4J_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    cudaGraph_t graph = nullptr;
    try {
      step(context);
    } catch (...) {
      const cudaError_t error = cudaStreamEndCapture(stream, &graph);
      forget(error);
      if (graph) forget(cudaGraphDestroy(graph));
      if (error == cudaErrorStreamCaptureInvalidated) return false;
      throw;
    }
    cudaError_t error = cudaStreamEndCapture(stream, &graph);
    if (error == cudaSuccess) error = cudaGraphInstantiate(&replay.graph, graph, 0);
    forget(error);
    if (graph) forget(cudaGraphDestroy(graph));
    if (error != cudaSuccess) replay.graph = nullptr;
    return error == cudaSuccess;
  }

  const int index_;
  const std::string id_, name_;
  const cudaDeviceProp properties_;
  const Stream stream_;  // what every queue's stream begins as
};

}  // namespace

std::string why_no_device() {
  int n = 0, driver = 0, runtime = 0;
  const cudaError_t error = cudaGetDeviceCount(&n);
  if (error == cudaSuccess) return n > 0 ? "" : "no NVIDIA GPU";
  cudaGetLastError();
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  return why_no_device(error, driver, runtime);
}

std::string why_no_device(int error, int driver, int runtime) {
  if (driver == 0) return "no NVIDIA driver";
  if (error != cudaErrorInsufficientDriver) return cudaGetErrorString(static_cast<cudaError_t>(error));
  const auto version = [](int v) { return concat("CUDA ", v / 1000, ".", v % 1000 / 10); };
  return concat("the driver is for ", version(driver), ", this library needs one for ", version(runtime), " or newer");
}

Device* open_device(int index) {
  static std::mutex mutex;
  static auto& opened = *new std::vector<std::unique_ptr<CudaDevice>>();  // lives as long as the process: threads may outlive statics
  std::lock_guard lock(mutex);
  for (const auto& device : opened) {
    if (device->index() == index) return device.get();
  }
  if (index >= device_count()) return nullptr;
  const cudaDeviceProp properties = properties_of(index);
  L4J_CHECK(properties.major >= kLeastCapability, "UNSUPPORTED", "cuda:", index, " (", properties.name, "): ",
            why_unusable(index, properties));
  use_device(index);
  cudaFuncAttributes code;
  L4J_CUDA_CHECK(probe(code));
  opened.push_back(std::make_unique<CudaDevice>(index, properties));
  return opened.back().get();
}

Device* best_device() {
  std::vector<std::pair<size_t, int>> found;  // the most memory, of equals the first
  const int n = device_count();
  for (int i = 0; i < n; i++) {
    cudaDeviceProp properties;
    const cudaError_t error = cudaGetDeviceProperties(&properties, i);
    if (error == cudaSuccess) found.emplace_back(properties.totalGlobalMem, -i);
    forget(error);
  }
  std::sort(found.rbegin(), found.rend());
  // Asked in this order, so that the first look takes no memory on the others: a GPU gives some to each process that looks closer.
  for (const auto& [bytes, index] : found) {
    if (why_unusable(-index, properties_of(-index)).empty()) return open_device(-index);
  }
  return nullptr;
}

std::vector<DeviceFacts> devices() {
  std::vector<DeviceFacts> found;
  const int n = device_count();
  for (int i = 0; i < n; i++) {
    DeviceFacts facts;
    facts.id = concat("cuda:", i);
    cudaDeviceProp properties;
    cudaError_t error = cudaGetDeviceProperties(&properties, i);
    if (error == cudaSuccess) {
      facts.name = properties.name;
      facts.compute_capability = concat(properties.major, ".", properties.minor);
      facts.memory_bytes = static_cast<int64_t>(properties.totalGlobalMem);
      facts.multiprocessors = properties.multiProcessorCount;
      facts.why = why_unusable(i, properties);
      size_t free = 0, total = 0;
      if (facts.why.empty()) error = cudaMemGetInfo(&free, &total);
      facts.free_bytes = static_cast<int64_t>(free);
    }
    if (error != cudaSuccess) facts.why = cudaGetErrorString(error);  // broken, or lost since
    forget(error);
    facts.usable = facts.why.empty();
    found.push_back(std::move(facts));
  }
  return found;
}

// A ticket's device half: the GPU's UUID, then the IPC handle.
std::string export_handle(const Device& device, const std::byte* pool) {
  const auto& owner = dynamic_cast<const CudaDevice&>(device);
  use_device(owner.index());
  cudaIpcMemHandle_t handle;
  L4J_CUDA_CHECK(cudaIpcGetMemHandle(&handle, const_cast<std::byte*>(pool)));
  return hex(&owner.properties().uuid, sizeof(cudaUUID_t)) + hex(&handle, sizeof handle);
}

ImportedPool::ImportedPool(Device& target, const std::string& text) {
  cudaIpcMemHandle_t handle;
  cudaUUID_t uuid;
  L4J_CHECK(text.size() == 2 * (sizeof uuid + sizeof handle) && text.find_first_not_of("0123456789abcdef") == std::string::npos,
            "BAD_ARGUMENT", "a memory ticket's handle of ", text.size(), " characters, expected ", 2 * (sizeof uuid + sizeof handle),
            " hexadecimal ones");
  from_hex(text, &uuid, sizeof uuid);
  from_hex(text.substr(2 * sizeof uuid), &handle, sizeof handle);
  const int n = device_count();
  int owner = -1;
  for (int i = 0; i < n && owner < 0; i++) {
    const cudaDeviceProp properties = properties_of(i);
    if (std::memcmp(&properties.uuid, &uuid, sizeof uuid) == 0) owner = i;
  }
  L4J_CHECK(owner >= 0, "NO_DEVICE", "the memory is on a GPU that this process does not see (UUID ", text.substr(0, 2 * sizeof uuid), ")");
  L4J_CHECK(target.reaches(*open_device(owner)), "NO_DEVICE", target.id(), " cannot read the memory of cuda:", owner, " directly");
  device_ = dynamic_cast<const CudaDevice&>(target).index();  // the memory is mapped for who reads it, wherever it lies
  use_device(device_);
  void* base = nullptr;
  const cudaError_t error = cudaIpcOpenMemHandle(&base, handle, cudaIpcMemLazyEnablePeerAccess);
  if (error == cudaErrorInvalidValue || error == cudaErrorNotSupported || error == cudaErrorDeviceUninitialized ||
      error == cudaErrorInvalidResourceHandle || error == cudaErrorMapBufferObjectFailed) {
    cudaGetLastError();
    throw Error("BAD_ARGUMENT", concat("the memory ticket cannot be opened (", cudaGetErrorString(error),
                                       "); expected one of another process whose memory still lives; within a process hand the memory "
                                       "over itself"));
  }
  L4J_CUDA_CHECK(error);
  base_ = static_cast<std::byte*>(base);
}

ImportedPool::~ImportedPool() {
  look_at(device_);
  forget(cudaIpcCloseMemHandle(base_));
}

}  // namespace latent4j::cuda
