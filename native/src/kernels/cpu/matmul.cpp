// matmul.cpp: y = x W^T for weights of any format. Few rows: weights are decoded in registers on their way from memory, which sets the time.
// Many rows: panels of decoded weights stay in the cache and are multiplied in register tiles.
//
// Every output element is one 16-lane accumulator, acc = fma(w, x, acc) from k = 0 upwards, then summed by reduce_add: the same numbers on both
// ways, for any n, tile and thread.
#include "kernels/cpu/decode_rows.h"
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

// Loops over accumulators are unrolled by pragma: accumulators indexed by a loop's variable would live in memory.

// Rows of x up to which weights are decoded in registers.
constexpr int kStreamRows = 4;
// How far ahead weights are prefetched at least: the memory's latency times its speed, with a margin.
constexpr size_t kPrefetchBytes = 8192;

// Weight rows of a panel: what reduce_add8 sums at once.
constexpr int kPanelRows = 8;
// Columns of a panel: 8 rows of them (16 KiB) leave room for the rows of x in a first-level cache.
constexpr int kPanelColumns = 512;
// Rows of x that pass over a panel before the next is decoded: their accumulators (64 bytes for each weight row) stay in the second level.
constexpr int kPassRows = 384;

// Register tile: kTileWeights weight rows times kTileRows rows of x; accumulators and a row of loads must fit the registers.
#if defined(L4J_LEVEL_AVX512) || defined(L4J_LEVEL_AVX512_BF16)
constexpr int kTileWeights = 8, kTileRows = 3;
#elif defined(L4J_LEVEL_AVX2)
constexpr int kTileWeights = 2, kTileRows = 3;
#else
constexpr int kTileWeights = 2, kTileRows = 1;
#endif

// One target's rows [begin, end), with what the ways need of MatmulArgs.
struct Work {
  const MatmulArgs& args;
  const MatmulTarget& target;
  size_t row_bytes;
  int32_t begin, end;
};

L4J_INLINE void write(const Work& work, int32_t row, int32_t out, float sum) {
  if (work.target.bias) sum += work.target.bias[out];
  float& y = work.target.y[static_cast<size_t>(row) * work.target.weight->rows + out];
  y = work.args.add ? y + sum : sum;
}

// `weights` rows of W at once, decoded in registers, times kRows rows of x (those past the last repeat it and are not written).
template <typename Format, int kRows, int kWeights>
static inline void stream_rows(const Work& work, int32_t out) {
  const int32_t k = work.args.k;
  const float* x[kRows];
  const std::byte* w[kWeights];
  Vec acc[kWeights][kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) x[r] = work.args.x + static_cast<size_t>(least(r, work.args.n - 1)) * k;
#pragma GCC unroll 8
  for (int i = 0; i < kWeights; ++i) {
    w[i] = row_of(*work.target.weight, work.row_bytes, out + i);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) acc[i][r] = zero();
  }
  // The same place of rows that follow is prefetched: several rows at once, in blocks of odd sizes, are too much for the hardware to foresee.
  const size_t together = kWeights * work.row_bytes, ahead = (kPrefetchBytes + together - 1) / together * together;
  int32_t at = 0;
  for (; at + Format::kElements <= k; at += Format::kElements) {
#pragma GCC unroll 8
    for (int i = 0; i < kWeights; ++i) {
      for (int line = 0; line < Format::kBytes; line += 64) __builtin_prefetch(w[i] + ahead + line);
      Format::block(w[i], [&](int v, Vec weight) __attribute__((always_inline)) {
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) acc[i][r] = fma(weight, load(x[r] + at + kLanes * v), acc[i][r]);
      });
      w[i] += Format::kBytes;
    }
  }
  if constexpr (Format::kElements == kLanes) {
    if (at < k) {
#pragma GCC unroll 8
      for (int i = 0; i < kWeights; ++i) {
        const Vec weight = Format::tail(w[i], k - at);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) acc[i][r] = fma(weight, load_n(x[r] + at, k - at), acc[i][r]);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kWeights; ++i) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      if (r < work.args.n) write(work, r, out + i, reduce_add(acc[i][r]));
    }
  }
}

template <typename Format, int kRows, int kWeights>
static void stream(const Work& work) {
  int32_t out = work.begin;
  for (; out + kWeights <= work.end; out += kWeights) stream_rows<Format, kRows, kWeights>(work, out);
  for (; out < work.end; ++out) stream_rows<Format, kRows, 1>(work, out);
}

// Continues the accumulators of one register tile over a panel's columns. acc [kRows][kPanelRows].
template <int kRows>
static inline void tile(const float* panel, const float* x, int32_t k, int32_t columns, bool first, Vec* acc) {
#pragma GCC unroll 8
  for (int part = 0; part < kPanelRows; part += kTileWeights) {
    Vec sum[kRows][kTileWeights];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < kTileWeights; ++i) sum[r][i] = first ? zero() : acc[r * kPanelRows + part + i];
    }
    const float* w = panel + part * kPanelColumns;
    int32_t at = 0;
    for (; at + kLanes <= columns; at += kLanes) {
      Vec row[kRows];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) row[r] = load(x + static_cast<size_t>(r) * k + at);
#pragma GCC unroll 8
      for (int i = 0; i < kTileWeights; ++i) {
        const Vec weight = load(w + i * kPanelColumns + at);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) sum[r][i] = fma(weight, row[r], sum[r][i]);
      }
    }
    if (at < columns) {
#pragma GCC unroll 8
      for (int i = 0; i < kTileWeights; ++i) {
        const Vec weight = load_n(w + i * kPanelColumns + at, columns - at);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) sum[r][i] = fma(weight, load_n(x + static_cast<size_t>(r) * k + at, columns - at), sum[r][i]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < kTileWeights; ++i) acc[r * kPanelRows + part + i] = sum[r][i];
    }
  }
}

// A worker's scratch: the decoded panel and the accumulators of a pass.
struct Scratch {
  float panel[kPanelRows * kPanelColumns];
  Vec acc[kPassRows * kPanelRows];
};

// Weight rows [out, out + kPanelRows) (those at `end` and above are not there) times rows [row, row + n) of x.
static void multiply_panel(const Work& work, int32_t out, int32_t row, int32_t n, Scratch& scratch) {
  const Matrix& w = *work.target.weight;
  const DTypeInfo& info = dtype_info(w.dtype);
  const DecodeStretch decode = kDecodeStretch[static_cast<int>(w.dtype)];
  const int32_t k = work.args.k, weights = least<int32_t>(kPanelRows, work.end - out);
  for (int32_t from = 0; from < k; from += kPanelColumns) {
    const int32_t columns = least(k - from, kPanelColumns);
    for (int32_t i = 0; i < weights; ++i) {
      const size_t offset = static_cast<size_t>(from / info.block_elements) * info.block_bytes;
      decode(row_of(w, work.row_bytes, out + i) + offset, columns, scratch.panel + i * kPanelColumns);
    }
    int32_t r = 0;
    const auto step = [&]<int kRows>() __attribute__((always_inline)) {
      const float* x = work.args.x + static_cast<size_t>(row + r) * k + from;
      tile<kRows>(scratch.panel, x, k, columns, from == 0, scratch.acc + static_cast<size_t>(r) * kPanelRows);
      r += kRows;
    };
    while (r + kTileRows <= n) step.template operator()<kTileRows>();
    if (kTileRows > 2 && r + 2 <= n) step.template operator()<2>();
    while (r < n) step.template operator()<1>();
  }
  for (int32_t r = 0; r < n; ++r) {
    Vec sums[kPanelRows];
    float y[kPanelRows];
#pragma GCC unroll 8
    for (int i = 0; i < kPanelRows; ++i) sums[i] = scratch.acc[r * kPanelRows + i];
    reduce_add8(sums, y);
    for (int32_t i = 0; i < weights; ++i) write(work, row + r, out + i, y[i]);
  }
}

static void multiply(const Work& work, Scratch& scratch) {
  const int32_t n = work.args.n;
  for (int32_t row = 0; row < n; row += kPassRows) {
    for (int32_t out = work.begin; out < work.end; out += kPanelRows) {
      multiply_panel(work, out, row, least(kPassRows, n - row), scratch);
    }
  }
}

using Stream = void (*)(const Work&);
constexpr Stream kStream1[kDTypes] = L4J_FORMATS(stream, 1, 4);
constexpr Stream kStream2[kDTypes] = L4J_FORMATS(stream, 2, 4);
constexpr Stream kStream4[kDTypes] = L4J_FORMATS(stream, 4, 2);

static void compute(const Work& work, ThreadPool& threads, int worker) {
  const int format = static_cast<int>(work.target.weight->dtype);
  if (work.args.n == 1) {
    kStream1[format](work);
  } else if (work.args.n == 2) {
    kStream2[format](work);
  } else if (work.args.n <= kStreamRows) {
    kStream4[format](work);
  } else {
    multiply(work, *reinterpret_cast<Scratch*>(threads.scratch(worker, sizeof(Scratch))));
  }
}

}  // namespace

void matmul(Queue& queue, const MatmulArgs& args) {
  int64_t rows = 0;
  for (int t = 0; t < args.n_targets; ++t) rows += args.targets[t].weight->rows;
  // Chunks of rows for four tasks a thread: balanced though threads are disturbed, few enough that taking them costs nothing.
  ThreadPool& threads = *queue.threads;
  const int64_t wanted = (rows + 4 * threads.size() - 1) / (4 * threads.size());
  const int32_t chunk = static_cast<int32_t>((wanted + kPanelRows - 1) / kPanelRows * kPanelRows);
  int32_t n_tasks = 0;
  for (int t = 0; t < args.n_targets; ++t) n_tasks += (args.targets[t].weight->rows + chunk - 1) / chunk;
  threads.run(n_tasks, [&](int task, int worker) {
    int t = 0;
    for (; task >= (args.targets[t].weight->rows + chunk - 1) / chunk; ++t) task -= (args.targets[t].weight->rows + chunk - 1) / chunk;
    const MatmulTarget& target = args.targets[t];
    const int32_t begin = task * chunk;
    compute({args, target, row_bytes_of(*target.weight), begin, least(begin + chunk, target.weight->rows)}, threads, worker);
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
