// kv_move.cuh: rows of memory from pages to pages, keys rotated on the way: the kernel of kv_copy and, with both sides the same, of
// kv_rotate. Page addresses and angles travel in the launch's parameters: the tables are the host's, and nothing has to be copied first.
#pragma once

#include <algorithm>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/pages.cuh"

namespace latent4j::cuda {

struct MoveSide {
  static constexpr int kPages = 128;
  std::byte* pages[kPages];
  PageSteps steps;
  uint32_t begin;  // the first position, counted from slot 0 of pages[0]
};

struct MoveParameters {
  MoveSide source, target;
  float cos[128], sin[128];  // [head_dim / 2]
  uint32_t n;                // positions
  uint32_t half;             // head_dim / 2
  uint32_t heads;            // rows of a position in a layer that are moved; keys come first
  uint32_t rotated;          // of them, those that are rotated
};
static_assert(sizeof(MoveParameters) <= 4096);

inline constexpr int kMoveThreads = 256, kMovePasses = 2;

// A thread moves n numbers of each half of a row; threads side by side, rows side by side. blockIdx.y counts layers and heads.
template <typename From, typename To>
__global__ void __launch_bounds__(kMoveThreads) kv_move_kernel(const __grid_constant__ MoveParameters m) {
  wait_for_earlier_kernels();
  constexpr int n = sizeof(From) + sizeof(To) == 4 ? 8 : 4;
  const uint32_t lanes = m.half / n, rows = kMoveThreads / lanes, row = threadIdx.x / lanes, at = threadIdx.x % lanes * n;
  if (row >= rows) return;
  const uint32_t layer = blockIdx.y / m.heads, head = blockIdx.y % m.heads, first = blockIdx.x * rows * kMovePasses + row;
  float low[kMovePasses][n], high[kMovePasses][n];
#pragma unroll
  for (int pass = 0; pass < kMovePasses; pass++) {  // all loads before the first store: they wait for memory together
    const uint32_t position = first + pass * rows;
    if (position >= m.n) break;
    const From* from = reinterpret_cast<const From*>(
        m.source.steps.at(m.source.pages, m.source.steps.layer * layer + m.source.steps.head * head, m.source.begin + position));
    load_numbers(from + at, low[pass]);
    load_numbers(from + m.half + at, high[pass]);
  }
  if (head < m.rotated) {
#pragma unroll
    for (int i = 0; i < n; i++) {
      const float c = m.cos[at + i], s = m.sin[at + i];
#pragma unroll
      for (int pass = 0; pass < kMovePasses; pass++) {
        const float x = low[pass][i], y = high[pass][i];
        low[pass][i] = x * c - y * s;
        high[pass][i] = y * c + x * s;
      }
    }
  }
#pragma unroll
  for (int pass = 0; pass < kMovePasses; pass++) {
    const uint32_t position = first + pass * rows;
    if (position >= m.n) break;
    To* to = reinterpret_cast<To*>(
        m.target.steps.at(m.target.pages, m.target.steps.layer * layer + m.target.steps.head * head, m.target.begin + position));
    store_numbers(to + at, low[pass]);
    store_numbers(to + m.half + at, high[pass]);
  }
}

// Fills `side` with the pages from `position` on that `n` positions touch; returns how many of the n they hold.
inline uint32_t fill_side(const PagedView& view, uint32_t position, uint32_t n, MoveSide& side) {
  side.steps = PageSteps(*view.layout);
  const uint32_t size = side.steps.page_size, first = position / size, last = (position + n - 1) / size;
  side.begin = position % size;
  const uint32_t n_pages = std::min<uint32_t>(last - first + 1, MoveSide::kPages);
  std::copy_n(view.pages + first, n_pages, side.pages);
  return std::min(n, n_pages * size - side.begin);
}

// Moves n positions of all layers, of each the first `heads` rows. cos, sin [head_dim / 2] on the host, or null: nothing is rotated.
inline void kv_move(const Stream& stream, const PagedView& source, const PagedView& target, uint32_t from, uint32_t to, uint32_t n,
                    uint32_t heads, const float* cos, const float* sin) {
  MoveParameters m;
  m.half = static_cast<uint32_t>(target.layout->head_dim) / 2;
  m.heads = heads;
  m.rotated = cos != nullptr ? target.layout->n_kv_heads : 0;
  if (cos != nullptr) std::copy_n(cos, m.half, m.cos), std::copy_n(sin, m.half, m.sin);
  for (uint32_t done = 0; done < n; done += m.n) {
    m.n = fill_side(source, from + done, n - done, m.source);
    m.n = fill_side(target, to + done, m.n, m.target);
    with_page_type(source.layout->dtype, [&]<typename From>(From) {
      with_page_type(target.layout->dtype, [&]<typename To>(To) {
        // A block takes neighbouring positions of one head: what lies side by side is moved side by side.
        const uint32_t numbers = sizeof(From) + sizeof(To) == 4 ? 8 : 4, positions = kMoveThreads / (m.half / numbers) * kMovePasses;
        const dim3 grid((m.n + positions - 1) / positions, static_cast<uint32_t>(target.layout->n_layers) * heads);
        launch_kernel(stream, "kv_move_kernel", kv_move_kernel<From, To>, grid, kMoveThreads, 0, m);
      });
    });
  }
}

}  // namespace latent4j::cuda
