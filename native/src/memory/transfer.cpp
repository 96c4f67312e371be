// transfer.cpp: a plan of pieces, whole pages shared and the rest copied, then the pieces one by one.
#include "memory/transfer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.h"

namespace latent4j {
namespace {

// Positions [from, from + n) of a source that land, in one go, at [to, to + n).
struct Piece {
  const Memory* source;
  int32_t from, to, n;
  bool shared;  // whole pages, unchanged: no copy
};

std::string shape_of(const PageLayout& layout) {
  return concat(layout.n_layers, " layers, ", layout.n_kv_heads, " kv heads of ", layout.head_dim);
}

int64_t check_ranges(const Config& config, const PageLayout& target, const std::vector<MemoryRange>& ranges) {
  int64_t total = 0;
  for (size_t i = 0; i < ranges.size(); i++) {
    const MemoryRange& range = ranges[i];
    L4J_CHECK(range.memory != nullptr, "BAD_ARGUMENT", "range ", i, " has no memory");
    L4J_CHECK(0 <= range.begin && range.begin <= range.end && range.end <= range.memory->length(), "BAD_ARGUMENT", "range ", i,
              ": positions ", range.begin, " to ", range.end, " of a memory of ", range.memory->length());
    const PageLayout& source = range.memory->layout();
    L4J_CHECK(source.n_layers == target.n_layers && source.n_kv_heads == target.n_kv_heads && source.head_dim == target.head_dim,
              "INCOMPATIBLE_MEMORY", "range ", i, " is of a memory with ", shape_of(source), "; the target has ", shape_of(target));
    total += range.end - range.begin;
  }
  L4J_CHECK(total <= config.max_positions, "CONTEXT_EXCEEDED", total, " positions, the model's context is ", config.max_positions);
  return total;
}

// Splits ranges into whole pages that can be shared and the rest. The last page of all may be shared although it is not full: whoever
// writes to it next copies it.
std::vector<Piece> plan(const PagePool* pool, const std::vector<MemoryRange>& ranges, int64_t total, bool rotate) {
  const int32_t page_size = pool->layout().page_size;
  std::vector<Piece> pieces;
  int32_t to = 0;
  const auto add = [&](const Memory* source, int32_t begin, int32_t end, bool shared) {
    if (begin < end) pieces.push_back({source, begin, to, end - begin, shared});
    to += std::max(0, end - begin);
  };
  for (const MemoryRange& range : ranges) {
    const int32_t delta = to - range.begin;
    const bool pages_fit = &range.memory->pool() == pool && delta % page_size == 0 && (delta == 0 || !rotate);
    int32_t first = range.end, last = range.end;  // the shared middle
    if (pages_fit) {
      first = (range.begin + page_size - 1) / page_size * page_size;
      last = int64_t{to} + range.end - range.begin == total ? range.end : range.end / page_size * page_size;
      if (first >= last) first = last = range.end;
    }
    add(range.memory, range.begin, first, false);
    add(range.memory, first, last, true);
    add(range.memory, last, range.end, false);
  }
  return pieces;
}

// Between devices that do not reach each other: the source's ops write pages in pinned memory of the host, the target's read them there.
void copy_by_host(Queue& queue, const Ops& ops, Device& from, Device& to, const KvCopyArgs& args) {
  constexpr int32_t kPositions = 256;  // at a time: some MiB, enough to fill a bus
  Device& pinning = from.host() ? to : from;
  const PageLayout& source = *args.source.layout;
  PageLayout layout = source;
  layout.page_size = kPositions;
  Buffer<std::byte> page(pinning, Buffer<std::byte>::Where::shared);
  page.reserve(layout.page_bytes());
  std::byte* const pages[] = {page.data()};
  const std::shared_ptr<ThreadPool> threads = from.host() ? ThreadPool::shared(0) : nullptr;
  ScopedQueue out(from, threads.get(), ScopedQueue::For::copies);  // a GPU that is full can still hand over
  for (int32_t done = 0; done < args.n; done += kPositions) {
    const int32_t n = std::min(kPositions, args.n - done);
    from.ops().kv_copy(out, {args.source, {pages, &layout}, args.from + done, 0, n, nullptr, nullptr});
    from.finish(out);
    ops.kv_copy(queue, {{pages, &layout}, args.target, 0, args.to + done, n, args.cos, args.sin});
    to.finish(queue);
  }
}

}  // namespace

std::unique_ptr<Memory> assemble(Queue& queue, const Ops& ops, const Config& config, std::shared_ptr<PagePool> pool,
                                 const std::vector<MemoryRange>& ranges, bool rotate) {
  const PageLayout& layout = pool->layout();
  const int64_t total = check_ranges(config, layout, ranges);
  L4J_CHECK(static_cast<int32_t>(config.rope.inv_freq.size()) * 2 == layout.head_dim, "INTERNAL", config.rope.inv_freq.size(),
            " rope frequencies for a head of ", layout.head_dim);
  const std::vector<Piece> pieces = plan(pool.get(), ranges, total, rotate);
  // Said before anything is copied, with the whole need.
  int64_t need = (total + layout.page_size - 1) / layout.page_size;
  for (const Piece& piece : pieces) need -= piece.shared ? (piece.n + layout.page_size - 1) / layout.page_size : 0;
  const int64_t free = pool->free_pages();
  L4J_CHECK(need <= free, "OUT_OF_PAGES", "need ", need, ", free ", free, " (for ", total, " positions)");

  auto memory = std::make_unique<Memory>(pool);
  const FinishAtEnd pages_stay(pool->device(), queue);  // an error must not free pages that are still written to, or let go of the sources
  std::vector<float> cos(layout.head_dim / 2), sin(layout.head_dim / 2);
  for (const Piece& piece : pieces) {
    if (piece.shared) {
      memory->append_shared(*piece.source, piece.from, piece.n);
      continue;
    }
    const int32_t delta = piece.to - piece.from;
    const bool turn = rotate && delta != 0;
    for (size_t i = 0; turn && i < cos.size(); i++) {
      const double angle = delta * config.rope.inv_freq[i];
      cos[i] = static_cast<float>(std::cos(angle));
      sin[i] = static_cast<float>(std::sin(angle));
    }
    memory->reserve(piece.n);
    const KvCopyArgs args{piece.source->view(), memory->view(), piece.from, piece.to, piece.n, turn ? cos.data() : nullptr,
                          turn ? sin.data() : nullptr};
    Device& from = piece.source->pool().device();
    if (&from == &pool->device() || pool->device().reaches(from)) {
      ops.kv_copy(queue, args);
    } else {
      copy_by_host(queue, ops, from, pool->device(), args);
    }
    memory->commit(piece.n);
  }
  pool->device().finish(queue);
  return memory;
}

void read_layer(const Memory& memory, int32_t layer, float* keys, float* values) {
  const PageLayout& layout = memory.layout();
  L4J_CHECK(layer >= 0 && layer < layout.n_layers, "BAD_ARGUMENT", "layer ", layer, " of ", layout.n_layers);
  Device& device = memory.pool().device();
  ScopedQueue queue(device, nullptr, ScopedQueue::For::copies);
  const PagedView view = memory.view();
  const size_t row_bytes = layout.element_bytes() * layout.head_dim, layer_bytes = layout.head_bytes() * layout.n_kv_heads * 2;
  std::vector<std::byte> copy(device.host() ? 0 : layer_bytes);
  const auto read = [&](const std::byte* from, float* to) {
    if (layout.dtype == DType::F32) {
      std::memcpy(to, from, row_bytes);
      return;
    }
    for (int32_t i = 0; i < layout.head_dim; i++) {
      uint16_t bits;
      std::memcpy(&bits, from + 2 * i, 2);
      to[i] = std::bit_cast<float>(uint32_t{bits} << 16);
    }
  };
  for (int32_t begin = 0; begin < memory.length(); begin += layout.page_size) {
    const std::byte* lines = view.pages[begin / layout.page_size] + layout.keys_at(layer, 0);  // the layer's share of a page
    if (!device.host()) {
      device.download(queue, copy.data(), lines, layer_bytes);
      device.finish(queue);
      lines = copy.data();
    }
    const int32_t n = std::min(layout.page_size, memory.length() - begin);
    for (int32_t head = 0; head < layout.n_kv_heads; head++) {
      for (int32_t slot = 0; slot < n; slot++) {
        const std::byte* row = lines + layout.head_bytes() * head + row_bytes * slot;
        const size_t at = (static_cast<size_t>(head) * memory.length() + begin + slot) * layout.head_dim;
        read(row, keys + at);
        read(row + layout.head_bytes() * layout.n_kv_heads, values + at);
      }
    }
  }
}

}  // namespace latent4j
