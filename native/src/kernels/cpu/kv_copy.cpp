// kv_copy.cpp: positions from pages to pages. A task is one layer of one target page: written in the order it lies, read in pieces that end
// where a source page ends.
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/pages.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

template <bool kFromF32, bool kToF32>
void copy_rows(const std::byte* from, size_t from_step, std::byte* to, size_t to_step, int n, int head_dim) {
  if constexpr (kFromF32 == kToF32) {
    __builtin_memcpy(to, from, from_step * n);  // rows lie side by side
  } else {
    for (int i = 0; i < n; i++) copy_row<kFromF32, kToF32>(from + from_step * i, to + to_step * i, head_dim);
  }
}

// Positions [begin, end) of the target, all in one of its pages, of one layer.
template <bool kFromF32, bool kToF32>
void copy_layer(const KvCopyArgs& args, int layer, int begin, int end) {
  const PageLayout& layout = *args.target.layout;
  const PageSteps source = steps_of(*args.source.layout), target = steps_of(layout);
  const int d = layout.head_dim, shift = args.from - args.to;
  for (int head = 0; head < 2 * layout.n_kv_heads; head++) {
    const bool turn = args.cos != nullptr && head < layout.n_kv_heads;  // keys come first
    const size_t source_head = source.layer * layer + source.head * head, target_head = target.layer * layer + target.head * head;
    for (int p = begin; p < end;) {
      const int n = least(end - p, source.page_size - (p + shift) % source.page_size);
      const std::byte* from = row_at(args.source, source, source_head, p + shift);
      std::byte* to = row_at(args.target, target, target_head, p);
      if (turn) {
        for (int i = 0; i < n; i++) {
          rotate_row<kFromF32, kToF32>(from + source.row * i, to + target.row * i, args.cos, args.sin, d);
        }
      } else {
        copy_rows<kFromF32, kToF32>(from, source.row, to, target.row, n, d);
      }
      p += n;
    }
  }
}

using CopyLayer = void (*)(const KvCopyArgs&, int layer, int begin, int end);

CopyLayer variant(bool from_f32, bool to_f32) {
  if (from_f32) return to_f32 ? copy_layer<true, true> : copy_layer<true, false>;
  return to_f32 ? copy_layer<false, true> : copy_layer<false, false>;
}

}  // namespace

void kv_copy(Queue& queue, const KvCopyArgs& args) {
  if (args.n <= 0) return;
  const PageLayout& layout = *args.target.layout;
  const CopyLayer copy = variant(args.source.layout->dtype == DType::F32, layout.dtype == DType::F32);
  const int first = args.to / layout.page_size, last = (args.to + args.n - 1) / layout.page_size;
  queue.threads->run((last - first + 1) * layout.n_layers, [&](int task, int) {
    const int start = (first + task / layout.n_layers) * layout.page_size;
    copy(args, task % layout.n_layers, most(args.to, start), least(args.to + args.n, start + layout.page_size));
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
