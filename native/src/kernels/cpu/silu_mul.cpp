// silu_mul.cpp: element by element, so threads cut the batch wherever it suits them.
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/simd.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

L4J_INLINE Vec silu(Vec x) { return x / (set1(1.0f) + exp(zero() - x)); }

}  // namespace

void silu_mul(Queue& queue, const SiluMulArgs& args) {
  constexpr size_t kPerTask = 8192;  // element by element: rows may be cut anywhere
  const size_t size = static_cast<size_t>(args.n) * args.d_ff;
  queue.threads->run(static_cast<int>((size + kPerTask - 1) / kPerTask), [&](int task, int) {
    const size_t end = least(size, (static_cast<size_t>(task) + 1) * kPerTask);
    size_t i = static_cast<size_t>(task) * kPerTask;
    for (; i + kLanes <= end; i += kLanes) store(args.gate + i, silu(load(args.gate + i)) * load(args.up + i));
    if (i < end) {
      const int n = static_cast<int>(end - i);
      store_n(args.gate + i, silu(load_n(args.gate + i, n)) * load_n(args.up + i, n), n);
    }
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
