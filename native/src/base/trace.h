// trace.h: named ranges that a profiler shows (NVTX); nothing where the library has no CUDA or no profiler listens.
#pragma once

namespace latent4j {

#if defined(L4J_CUDA)
class Trace {
 public:
  [[gnu::format(printf, 2, 3)]] explicit Trace(const char* format, ...);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
};
#else
class Trace {
 public:
  template <typename... Values>
  explicit Trace(const char*, const Values&...) {}
  ~Trace() {}
};
#endif

}  // namespace latent4j
