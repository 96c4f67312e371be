// cuda_bench.h: what the benchmarks of CUDA ops share: memory, times by events over a captured graph (so that launches cost what they cost
// in a rollout), the device's streaming copy, cuBLAS where its library is found, and one CSV line per case.
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/stream.h"
#include "kernels/cuda/weights.h"
#include "kernels/random_weights.h"

namespace latent4j::bench {

// Memory of the device, freed with its owner.
class DeviceBytes {
 public:
  explicit DeviceBytes(size_t bytes) : bytes_(bytes) { L4J_CUDA_CHECK(cudaMalloc(&data_, bytes)); }
  ~DeviceBytes() { cudaFree(data_); }
  DeviceBytes(const DeviceBytes&) = delete;
  DeviceBytes& operator=(const DeviceBytes&) = delete;

  template <typename T>
  T* as() const { return reinterpret_cast<T*>(data_); }
  size_t size() const { return bytes_; }
  void write(const void* from, size_t bytes, size_t at = 0) { L4J_CUDA_CHECK(cudaMemcpy(data_ + at, from, bytes, cudaMemcpyHostToDevice)); }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_;
};

// Random numbers: constant ones would let the device run cooler, and so faster, than real ones do.
inline std::unique_ptr<DeviceBytes> random_numbers(size_t n, DType type = DType::F32) {
  const size_t size = type == DType::F32 ? 4 : 2, piece = std::min<size_t>(n, size_t{1} << 20);
  const std::vector<float> values = random_floats(piece, 7);
  std::vector<std::byte> bytes(piece * size);
  for (size_t i = 0; i < piece; i++) std::memcpy(&bytes[i * size], reinterpret_cast<const std::byte*>(&values[i]) + 4 - size, size);
  auto out = std::make_unique<DeviceBytes>(n * size);
  for (size_t at = 0; at < n; at += piece) out->write(bytes.data(), std::min(piece, n - at) * size, at * size);
  return out;
}

// cuBLAS, loaded when the program runs, so that nothing needs it to be built. Products in bf16, sums in f32.
class Cublas {
 public:
  explicit Cublas(cudaStream_t stream) {
    for (const char* name : {"libcublas.so.13", "libcublas.so.12", "libcublas.so"}) {
      if (!library_) library_ = dlopen(name, RTLD_NOW);
    }
    if (!library_) return;
    const auto create = reinterpret_cast<int (*)(void**)>(dlsym(library_, "cublasCreate_v2"));
    const auto set_stream = reinterpret_cast<int (*)(void*, cudaStream_t)>(dlsym(library_, "cublasSetStream_v2"));
    gemm_ = reinterpret_cast<Gemm>(dlsym(library_, "cublasGemmEx"));
    if (!create || !set_stream || !gemm_ || create(&handle_) != 0 || set_stream(handle_, stream) != 0) gemm_ = nullptr;
  }
  explicit operator bool() const { return gemm_; }

  // y [n, m] f32 = x [n, k] bf16 times W [m, k] bf16 transposed; row-major, which is column-major transposed.
  void matmul(const void* w, const void* x, float* y, int m, int n, int k) const {
    constexpr int kTransposed = 1, kPlain = 0, kBf16 = 14, kF32 = 0, kComputeF32 = 68, kDefault = -1;
    const float one = 1, zero = 0;
    const int status =
        gemm_(handle_, kTransposed, kPlain, m, n, k, &one, w, kBf16, k, x, kBf16, k, &zero, y, kF32, m, kComputeF32, kDefault);
    L4J_CHECK(status == 0, "INTERNAL", "cublasGemmEx gives status ", status);
  }

 private:
  using Gemm = int (*)(void*, int, int, int, int, int, const void*, const void*, int, int, const void*, int, int, const void*, void*, int,
                       int, int, int);
  void* library_ = nullptr;
  void* handle_ = nullptr;
  Gemm gemm_ = nullptr;
};

class Gpu {
 public:
  explicit Gpu(bool small) : small(small), scratch_(cuda::kScratchBytes), tickets_(cuda::kTickets * sizeof(uint32_t)) {
    cudaDeviceProp properties;
    L4J_CUDA_CHECK(cudaGetDeviceProperties(&properties, 0));
    name = properties.name;
    L4J_CUDA_CHECK(cudaMemset(tickets_.as<void>(), 0, tickets_.size()));
    stream = cuda::stream_of(0);
    // One that waits for the default stream: a copy from pageable memory returns before all of it has arrived.
    L4J_CUDA_CHECK(cudaStreamCreateWithFlags(&stream.handle, cudaStreamDefault));
    stream.scratch = scratch_.as<std::byte>();
    stream.tickets = tickets_.as<uint32_t>();
    // More than any level-2 cache holds, so that a rotation through as many bytes reads them from memory.
    rotation_bytes = small ? size_t{1} << 16 : std::max<size_t>(size_t{256} << 20, 4 * size_t(properties.l2CacheSize));
    copy_gb_per_s = copy_speed();
  }

  Queue queue() { return {nullptr, &stream}; }

  // Seconds of one of `calls` calls in a row; call(i) enqueues the i-th. The median of the rounds.
  template <typename Call>
  double seconds(int calls, const Call& call) {
    call(0);  // what is done once, such as loading a kernel, is not captured
    L4J_CUDA_CHECK(cudaStreamSynchronize(stream.handle));
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    L4J_CUDA_CHECK(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeThreadLocal));
    for (int i = 0; i < calls; i++) call(i);
    L4J_CUDA_CHECK(cudaStreamEndCapture(stream.handle, &graph));
    L4J_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
    cudaEvent_t begin, end;
    L4J_CUDA_CHECK(cudaEventCreate(&begin));
    L4J_CUDA_CHECK(cudaEventCreate(&end));
    std::vector<float> ms;
    for (int round = 0; round < (small ? 2 : 12); round++) {
      float taken = 0;
      L4J_CUDA_CHECK(cudaEventRecord(begin, stream.handle));
      L4J_CUDA_CHECK(cudaGraphLaunch(exec, stream.handle));
      L4J_CUDA_CHECK(cudaEventRecord(end, stream.handle));
      L4J_CUDA_CHECK(cudaEventSynchronize(end));
      L4J_CUDA_CHECK(cudaEventElapsedTime(&taken, begin, end));
      if (round > 0) ms.push_back(taken);  // the first warms up
    }
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
    cudaGraphExecDestroy(exec);
    cudaGraphDestroy(graph);
    std::nth_element(ms.begin(), ms.begin() + ms.size() / 2, ms.end());
    return 1e-3 * ms[ms.size() / 2] / calls;
  }

  // How many copies of something of this size a rotation holds, and how many calls go through them: enough that starting a graph does not
  // count.
  int copies(size_t bytes) const { return static_cast<int>(std::min<size_t>(1024, rotation_bytes / bytes + 1)); }
  int calls(int copies) const { return small ? copies : (std::max(copies, 32) + copies - 1) / copies * copies; }

  const bool small;  // small shapes, to see that it runs: a simulator takes long
  std::string name;
  cuda::Stream stream;
  size_t rotation_bytes = 0;
  double copy_gb_per_s = 0;

 private:
  // GB/s, bytes read and bytes written together.
  double copy_speed() {
    const size_t bytes = small ? size_t{1} << 16 : size_t{1} << 30;
    const auto from = random_numbers(bytes / 4);
    const DeviceBytes to(bytes);
    const double taken = seconds(small ? 1 : 4, [&](int) {
      L4J_CUDA_CHECK(cudaMemcpyAsync(to.as<void>(), from->as<void>(), bytes, cudaMemcpyDeviceToDevice, stream.handle));
    });
    return 2e-9 * static_cast<double>(bytes) / taken;
  }

  DeviceBytes scratch_, tickets_;
};

struct CudaCase {
  std::string benchmark, shape, operation;
  double seconds = 0, bytes = 0, flops = 0;  // flops 0: bytes limit this one; else arithmetic does
  double baseline_seconds = 0;               // of cuBLAS; 0: none
};

inline void print_header() {
  std::printf("benchmark,shape,operation,us,bytes,gb_per_s,of_copy,tflop_per_s,baseline,baseline_us,times_baseline\n");
}

inline void print(const Gpu& gpu, const CudaCase& c) {
  const double speed = 1e-9 * c.bytes / c.seconds;
  std::printf("%s,%s,%s,%.2f,%.0f,%.1f,%.3f,", c.benchmark.c_str(), c.shape.c_str(), c.operation.c_str(), 1e6 * c.seconds, c.bytes, speed,
              speed / gpu.copy_gb_per_s);
  if (c.flops > 0) std::printf("%.1f", 1e-12 * c.flops / c.seconds);
  if (c.baseline_seconds > 0) {
    std::printf(",cublas,%.2f,%.3f\n", 1e6 * c.baseline_seconds, c.baseline_seconds / c.seconds);
  } else {
    std::printf(",,,\n");
  }
  std::fflush(stdout);
}

}  // namespace latent4j::bench
