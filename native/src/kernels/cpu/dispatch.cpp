// dispatch.cpp: picks a CPU level at run time. The only place that asks the CPU (and, through it, whether the OS saves the registers).
#include "kernels/cpu/dispatch.h"

#if defined(L4J_HAS_LEVEL_AVX2)
#include <cpuid.h>
#endif

#include "base/error.h"

namespace latent4j::cpu {

namespace plain { const Ops& table(); }
namespace avx2 { const Ops& table(); }
namespace avx512 { const Ops& table(); }
namespace avx512_bf16 { const Ops& table(); }

namespace {

struct Level {
  const char* name;
  const Ops& (*table)();
};

#if defined(L4J_HAS_LEVEL_AVX2)
// clang 14, which builds the fuzzers, does not know "f16c" as a name.
bool supports_f16c() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}
#endif

// Slowest first, only those present. What a level's flags in cmake/CpuDispatch.cmake allow the compiler to use is checked here.
std::vector<Level> present() {
  std::vector<Level> found = {{"plain", plain::table}};
#if defined(L4J_HAS_LEVEL_AVX2)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2") ||
      !supports_f16c()) {
    return found;
  }
  found.push_back({"avx2", avx2::table});
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512vl")) {
    return found;
  }
  found.push_back({"avx512", avx512::table});
  if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512vbmi")) {
    return found;
  }
  found.push_back({"avx512_bf16", avx512_bf16::table});
#endif
  return found;
}

}  // namespace

std::vector<std::string> levels() {
  std::vector<std::string> names;
  for (const Level& level : present()) names.emplace_back(level.name);
  return names;
}

const Ops& ops(const std::string& level) {
  const std::vector<Level> found = present();
  if (level.empty()) return found.back().table();
  std::string names;
  for (const Level& candidate : found) {
    if (level == candidate.name) return candidate.table();
    names += names.empty() ? candidate.name : std::string(", ") + candidate.name;
  }
  throw Error("UNSUPPORTED", "CPU level " + level + " is not present; this machine has " + names);
}

}  // namespace latent4j::cpu
