// rms_norm.cpp: a row's sum of squares goes over four vectors in one fixed order, so that it is the same in any batch.
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/simd.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

void rms_norm_row(const float* x, const float* weight, float eps, int d, float* y) {
  Vec sums[4] = {zero(), zero(), zero(), zero()};
  int i = 0;
  for (; i + 4 * kLanes <= d; i += 4 * kLanes) {
    for (int j = 0; j < 4; j++) {
      const Vec v = load(x + i + j * kLanes);
      sums[j] = fma(v, v, sums[j]);
    }
  }
  for (; i < d; i += kLanes) {
    const Vec v = load_n(x + i, least(kLanes, d - i));
    sums[0] = fma(v, v, sums[0]);
  }
  const float squares = reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3]));
  const Vec scale = set1(1.0f / __builtin_sqrtf(squares / static_cast<float>(d) + eps));
  for (i = 0; i + kLanes <= d; i += kLanes) store(y + i, load(x + i) * scale * load(weight + i));
  if (i < d) store_n(y + i, load_n(x + i, d - i) * scale * load_n(weight + i, d - i), d - i);
}

}  // namespace

void rms_norm(Queue& queue, const RmsNormArgs& args) {
  // A task is worth waking a thread for: about ten microseconds of work.
  const int rows_per_task = most(1, 32768 / args.d);
  const int n_tasks = (args.n + rows_per_task - 1) / rows_per_task;
  queue.threads->run(n_tasks, [&](int task, int) {
    const int end = least(args.n, (task + 1) * rows_per_task);
    for (int row = task * rows_per_task; row < end; row++) {
      const size_t at = static_cast<size_t>(row) * args.d;
      rms_norm_row(args.x + at, args.weight, args.eps, args.d, args.y + at);
    }
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
