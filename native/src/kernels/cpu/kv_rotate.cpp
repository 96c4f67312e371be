// kv_rotate.cpp: keys turned in place, a task one layer of one page.
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/pages.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

template <bool kF32>
void rotate_page(const KvRotateArgs& args, int page, int layer, int begin, int end) {
  const PageLayout& layout = *args.memory.layout;
  const PageSteps steps = steps_of(layout);
  for (int head = 0; head < layout.n_kv_heads; head++) {
    std::byte* rows = args.memory.pages[page] + steps.layer * layer + steps.head * head;
    for (int slot = begin; slot < end; slot++) {
      std::byte* row = rows + steps.row * slot;
      rotate_row<kF32, kF32>(row, row, args.cos, args.sin, layout.head_dim);
    }
  }
}

}  // namespace

void kv_rotate(Queue& queue, const KvRotateArgs& args) {
  if (args.n <= 0) return;
  const PageLayout& layout = *args.memory.layout;
  const int first = args.from / layout.page_size, last = (args.from + args.n - 1) / layout.page_size;
  // Layers of a page one after the other: that is how they lie.
  queue.threads->run((last - first + 1) * layout.n_layers, [&](int task, int) {
    const int page = first + task / layout.n_layers, layer = task % layout.n_layers, start = page * layout.page_size;
    const int begin = most(0, args.from - start), end = least(layout.page_size, args.from + args.n - start);
    layout.dtype == DType::F32 ? rotate_page<true>(args, page, layer, begin, end) : rotate_page<false>(args, page, layer, begin, end);
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
