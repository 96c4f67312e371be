// kv_append.cpp: the way of a step's queries and keys to their rotated form, and of keys and values into the memory.
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/pages.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

// y = one head's x, normalized where a weight is given, pairs brought into the order (i, i + head_dim/2).
void prepare_head(const KvAppendArgs& args, const float* x, const float* norm, float* y) {
  const int d = args.head_dim, half = d / 2;
  Vec squares = zero();
  for (int i = 0; norm != nullptr && i < d; i += kLanes) {
    const Vec v = load_n(x + i, least(kLanes, d - i));
    squares = fma(v, v, squares);
  }
  const float scale = norm ? 1.0f / __builtin_sqrtf(reduce_add(squares) / static_cast<float>(d) + args.eps) : 1.0f;
  if (args.interleaved_input) {
    for (int i = 0; i < half; i++) {
      y[i] = norm ? x[2 * i] * scale * norm[2 * i] : x[2 * i];
      y[half + i] = norm ? x[2 * i + 1] * scale * norm[2 * i + 1] : x[2 * i + 1];
    }
    return;
  }
  for (int i = 0; i < d; i += kLanes) {
    const int n = least(kLanes, d - i);
    const Vec v = load_n(x + i, n);
    store_n(y + i, norm ? v * set1(scale) * load_n(norm + i, n) : v, n);
  }
}

template <bool kF32>
void append_row(const KvAppendArgs& args, int row, float* head) {
  const int d = args.head_dim;
  const float* cos = args.cos + static_cast<size_t>(row) * (d / 2);
  const float* sin = args.sin + static_cast<size_t>(row) * (d / 2);
  const std::byte* prepared = reinterpret_cast<const std::byte*>(head);

  float* q = args.q + static_cast<size_t>(row) * args.n_heads * d;
  for (int h = 0; h < args.n_heads; h++, q += d) {
    prepare_head(args, q, args.q_norm, head);
    rotate_row<true, true>(prepared, reinterpret_cast<std::byte*>(q), cos, sin, d);
  }

  const PagedView memory = args.sequences[args.places[row].sequence];
  const PageSteps steps = steps_of(*memory.layout);
  const float* k = args.k + static_cast<size_t>(row) * args.n_kv_heads * d;
  const float* v = args.v + static_cast<size_t>(row) * args.n_kv_heads * d;
  std::byte* key = row_at(memory, steps, steps.layer * args.layer, args.places[row].position);
  std::byte* value = key + steps.layer / 2;
  for (int h = 0; h < args.n_kv_heads; h++, k += d, v += d, key += steps.head, value += steps.head) {
    prepare_head(args, k, args.k_norm, head);
    rotate_row<true, kF32>(prepared, key, cos, sin, d);
    copy_row<true, kF32>(reinterpret_cast<const std::byte*>(v), value, d);
  }
}

}  // namespace

void kv_append(Queue& queue, const KvAppendArgs& args) {
  const int row_size = (args.n_heads + 2 * args.n_kv_heads) * args.head_dim;
  const int rows_per_task = most(1, 16384 / row_size);
  const int n_tasks = (args.n + rows_per_task - 1) / rows_per_task;
  queue.threads->run(n_tasks, [&](int task, int worker) {
    float* head = reinterpret_cast<float*>(queue.threads->scratch(worker, sizeof(float) * args.head_dim));
    const int end = least(args.n, (task + 1) * rows_per_task);
    for (int row = task * rows_per_task; row < end; row++) {
      const bool f32 = args.sequences.layout->dtype == DType::F32;
      f32 ? append_row<true>(args, row, head) : append_row<false>(args, row, head);
    }
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
