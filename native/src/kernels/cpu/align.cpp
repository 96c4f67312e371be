// align.cpp: the map from a last hidden state back to an input embedding. W is read by rows (y = x W), so its columns are the vectors'
// lanes: every element of y is one chain acc = fma(x[i], W[i][j], acc) over i, whatever the number of rows and threads.
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/simd.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

// Few rows: memory sets the time. A task reads long stretches of W's rows, kTogether rows at a time, and keeps its part of y in the cache.
constexpr int kStreamRows = 4, kTogether = 4;
constexpr int kLeastColumns = 256, kMostColumns = 1024;

// Continues y [r][j .. j + columns) of kRows rows by rows [i, i + kSteps) of W.
template <int kRows, int kSteps>
static inline void add_products(const AlignArgs& args, int32_t i, int32_t j, int32_t columns) {
  const size_t d = static_cast<size_t>(args.d);
  const float* w = args.matrix + i * d + j;
  Vec x[kRows][kSteps];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int s = 0; s < kSteps; ++s) x[r][s] = set1(args.x[r * d + i + s]);
  }
  const auto step = [&](int32_t at, const auto& from, const auto& to) __attribute__((always_inline)) {
    Vec acc[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) acc[r] = i == 0 ? zero() : from(args.y + r * d + j + at);
#pragma GCC unroll 4
    for (int s = 0; s < kSteps; ++s) {
      __builtin_prefetch(w + (s + 2 * kTogether) * d + at);
      const Vec weight = from(w + s * d + at);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) acc[r] = fma(x[r][s], weight, acc[r]);
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) to(args.y + r * d + j + at, acc[r]);
  };
  int32_t at = 0;
  for (; at + kLanes <= columns; at += kLanes) {
    step(at, [](const float* p) __attribute__((always_inline)) { return load(p); },
         [](float* p, Vec a) __attribute__((always_inline)) { store(p, a); });
  }
  const int rest = columns - at;
  if (rest > 0) {
    step(at, [&](const float* p) __attribute__((always_inline)) { return load_n(p, rest); },
         [&](float* p, Vec a) __attribute__((always_inline)) { store_n(p, a, rest); });
  }
}

template <int kRows>
static void stream_columns(const AlignArgs& args, int32_t j, int32_t columns) {
  int32_t i = 0;
  for (; i + kTogether <= args.d; i += kTogether) add_products<kRows, kTogether>(args, i, j, columns);
  for (; i < args.d; ++i) add_products<kRows, 1>(args, i, j, columns);
}
using StreamColumns = void (*)(const AlignArgs&, int32_t j, int32_t columns);
constexpr StreamColumns kStreamColumns[kStreamRows] = {stream_columns<1>, stream_columns<2>, stream_columns<3>, stream_columns<4>};

// Many rows. Columns of a task: rows of W are then read 256 bytes at a time, and kRows times kStrip / 16 accumulators fit the registers.
constexpr int kStrip = 64;
constexpr int kVecs = kStrip / kLanes;

// y [r][j .. j + columns) of kRows rows; kFull: columns == kStrip.
template <int kRows, bool kFull>
static inline void multiply_strip(const AlignArgs& args, int32_t row, int32_t j, int32_t columns) {
  const size_t d = static_cast<size_t>(args.d);
  const float* x = args.x + row * d;
  const float* w = args.matrix + j;
  Vec acc[kRows][kVecs];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVecs; ++v) acc[r][v] = zero();
  }
  int lanes[kVecs];
  for (int v = 0; v < kVecs; ++v) lanes[v] = most(0, least(kLanes, columns - v * kLanes));
  for (size_t i = 0; i < d; ++i, w += d) {
    __builtin_prefetch(w + 16 * d);
    __builtin_prefetch(w + 16 * d + kStrip - 1);
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) {
      const Vec weight = kFull ? load(w + v * kLanes) : load_n(w + v * kLanes, lanes[v]);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) acc[r][v] = fma(set1(x[r * d + i]), weight, acc[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVecs; ++v) store_n(args.y + (row + r) * d + j + v * kLanes, acc[r][v], lanes[v]);
  }
}

template <bool kFull>
static void multiply_columns(const AlignArgs& args, int32_t j, int32_t columns) {
  int32_t row = 0;
  for (; row + 4 <= args.n; row += 4) multiply_strip<4, kFull>(args, row, j, columns);
  for (; row < args.n; ++row) multiply_strip<1, kFull>(args, row, j, columns);
}

// y = a row of `from` rescaled to target_norm.
static void rescale(const AlignArgs& args, const float* from, float* y) {
  Vec squares = zero();
  int32_t at = 0;
  for (; at + kLanes <= args.d; at += kLanes) squares = fma(load(from + at), load(from + at), squares);
  if (at < args.d) squares = fma(load_n(from + at, args.d - at), load_n(from + at, args.d - at), squares);
  const float norm = __builtin_sqrtf(reduce_add(squares));
  // Written so that a norm that is not a number stays one.
  const Vec factor = set1(args.target_norm == 0.0f ? 1.0f : args.target_norm / (norm < 1e-6f ? 1e-6f : norm));
  for (at = 0; at + kLanes <= args.d; at += kLanes) store(y + at, load(from + at) * factor);
  if (at < args.d) store_n(y + at, load_n(from + at, args.d - at) * factor, args.d - at);
}

}  // namespace

void align(Queue& queue, const AlignArgs& args) {
  const float* from = args.matrix ? args.y : args.x;
  if (args.matrix && args.n <= kStreamRows) {
    const int32_t even = (args.d / (2 * queue.threads->size()) + kStrip - 1) / kStrip * kStrip;
    const int32_t wide = least<int32_t>(kMostColumns, most<int32_t>(kLeastColumns, even));
    queue.threads->run((args.d + wide - 1) / wide, [&](int task, int) {
      kStreamColumns[args.n - 1](args, task * wide, least(wide, args.d - task * wide));
    });
  } else if (args.matrix) {
    queue.threads->run((args.d + kStrip - 1) / kStrip, [&](int task, int) {
      const int32_t j = task * kStrip, columns = least(kStrip, args.d - j);
      columns == kStrip ? multiply_columns<true>(args, j, columns) : multiply_columns<false>(args, j, columns);
    });
  }
  if (args.target_norm == 0.0f && from == args.y) return;
  const auto one = [&](int row, int) {
    rescale(args, from + static_cast<size_t>(row) * args.d, args.y + static_cast<size_t>(row) * args.d);
  };
  // A row is less than a microsecond's work: few rows are done before a worker wakes.
  if (args.n < 16) {
    for (int32_t row = 0; row < args.n; ++row) one(row, 0);
  } else {
    queue.threads->run(args.n, one);
  }
}

}  // namespace latent4j::cpu::L4J_LEVEL
