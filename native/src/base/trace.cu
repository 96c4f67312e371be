// trace.cu: NVTX's headers come with CUDA's compiler; they find the profiler by themselves.
#include <nvtx3/nvToolsExt.h>

#include <cstdarg>
#include <cstdio>

#include "base/trace.h"

namespace latent4j {

Trace::Trace(const char* format, ...) {
  char text[128];
  va_list values;
  va_start(values, format);
  std::vsnprintf(text, sizeof text, format, values);
  va_end(values);
  nvtxRangePushA(text);
}

Trace::~Trace() { nvtxRangePop(); }

}  // namespace latent4j
