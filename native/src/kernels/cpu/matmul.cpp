// matmul.cpp: y = x W^T for weights of any format. Few rows: weights are decoded in registers on their way from memory, which sets the
// time. Many rows: panels of decoded weights stay in the cache and are multiplied in register tiles.
//
// Every output element is one 16-lane accumulator, acc = fma(w, x, acc) from k = 0 upwards, then summed by reduce_add: the same numbers on
// both ways, for any n, tile and thread.
#include "kernels/cpu/decode_rows.h"
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

// Loops over accumulators are unrolled by pragma: accumulators indexed by a loop's variable would live in memory.

// Rows of x up to which weights are decoded in registers.
constexpr int kStreamRows = 4;
// Weight rows at once by the number of rows of x (that index): enough independent accumulators, few enough to fit the registers.
#if defined(L4J_LEVEL_AVX512) || defined(L4J_LEVEL_AVX512_BF16)
constexpr int kStreamWeights[kStreamRows + 1] = {0, 4, 4, 4, 4};
#else
constexpr int kStreamWeights[kStreamRows + 1] = {0, 4, 4, 1, 1};
#endif
// Several blocks at once decode faster than four chains of additions take.
template <typename Format, int kRows>
constexpr int kWeightsAtOnce = kRows == 1 && Stretch<Format>::Type::kElements > Format::kElements ? 8 : kStreamWeights[kRows];
// How far ahead weights are prefetched at least: the memory's latency times its speed, with a margin.
constexpr size_t kPrefetchBytes = 8192;

// Weight rows of a panel: what reduce_add8 sums at once.
constexpr int kPanelRows = 8;
// Columns of a panel at most: 8 rows of them (24 KiB) leave room for some rows of x in a first-level cache.
constexpr int kPanelColumns = 768;
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
  y = work.args.into == MatmulInto::add ? y + sum : sum;
}

// The sums of kWeights rows of W times kRows rows of x, on their way along k.
template <int kRows, int kWeights>
struct Sums {
  const float* x[kRows];
  const std::byte* w[kWeights];
  Vec acc[kWeights][kRows];
};

// Continues sums from element `at` on for as many whole blocks of Format as k has; what element it came to.
template <typename Format, int kRows, int kWeights>
L4J_INLINE int32_t stream_blocks(Sums<kRows, kWeights>& sums, int32_t at, int32_t k, size_t ahead) {
  if (at + Format::kElements > k) return at;
  // What a block's parts share is made one block ahead: it takes longer to come to than the parts that wait for it.
  typename Format::State states[2][kWeights];
#pragma GCC unroll 8
  for (int i = 0; i < kWeights; ++i) Format::prepare(sums.w[i], states[0][i]);
  for (int turn = 0; at + Format::kElements <= k; at += Format::kElements, turn ^= 1) {
#pragma GCC unroll 8
    for (int i = 0; i < kWeights; ++i) {
      for (int line = 0; line < Format::kBytes; line += 64) __builtin_prefetch(sums.w[i] + ahead + line);
    }
    if (at + 2 * Format::kElements <= k) {
#pragma GCC unroll 8
      for (int i = 0; i < kWeights; ++i) Format::prepare(sums.w[i] + Format::kBytes, states[turn ^ 1][i]);
    }
    // Rows of W take turns within a block: each accumulator is a chain of dependent additions.
    for_parts<Format>([&]<int kPart>() __attribute__((always_inline)) {
#pragma GCC unroll 8
      for (int i = 0; i < kWeights; ++i) {
        Format::template part<kPart>(sums.w[i], states[turn][i], [&](int v, Vec weight) __attribute__((always_inline)) {
#pragma GCC unroll 8
          for (int r = 0; r < kRows; ++r) {
            sums.acc[i][r] = fma(weight, load(sums.x[r] + at + kLanes * (kPart * Format::kVecs + v)), sums.acc[i][r]);
          }
        });
      }
    });
#pragma GCC unroll 8
    for (int i = 0; i < kWeights; ++i) sums.w[i] += Format::kBytes;
  }
  return at;
}

// Rows [out, out + kWeights) of W, those there are of them, decoded in registers, times the kRows rows of x.
template <typename Format, int kRows, int kWeights>
static inline void stream_rows(const Work& work, int32_t out) {
  const int32_t k = work.args.k;
  Sums<kRows, kWeights> sums;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) sums.x[r] = work.args.x + static_cast<size_t>(r) * k;
#pragma GCC unroll 8
  for (int i = 0; i < kWeights; ++i) {
    sums.w[i] = row_of(*work.target.weight, work.row_bytes, least(out + i, work.end - 1));
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) sums.acc[i][r] = zero();
  }
  // The same place of rows that follow is prefetched: several rows at once, in blocks of odd sizes, are too much for the hardware to
  // foresee.
  const size_t together = kWeights * work.row_bytes, ahead = (kPrefetchBytes + together - 1) / together * together;
  using Wide = typename Stretch<Format>::Type;
  int32_t at = stream_blocks<Wide>(sums, 0, k, ahead);
  if constexpr (Wide::kElements != Format::kElements) at = stream_blocks<Format>(sums, at, k, ahead);
  if constexpr (Format::kElements == kLanes) {
    if (at < k) {
#pragma GCC unroll 8
      for (int i = 0; i < kWeights; ++i) {
        const Vec weight = Format::tail(sums.w[i], k - at);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) sums.acc[i][r] = fma(weight, load_n(sums.x[r] + at, k - at), sums.acc[i][r]);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kWeights; ++i) {
    if (out + i >= work.end) break;
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) write(work, r, out + i, reduce_add(sums.acc[i][r]));
  }
}

template <typename Format, int kRows>
static void stream(const Work& work) {
  constexpr int kWeights = kWeightsAtOnce<Format, kRows>;
  for (int32_t out = work.begin; out < work.end; out += kWeights) stream_rows<Format, kRows, kWeights>(work, out);
}

// Where the weights of the panel that follows lie: tiles prefetch them, or memory would rest while tiles are multiplied.
struct Ahead {
  const std::byte* rows[kPanelRows];
  size_t step;  // bytes that 16 elements take, rounded up
};
constexpr int kAheadRows = kPanelRows / 2;  // prefetched by one tile

// Continues the accumulators of one register tile over a panel's columns. panel [columns / 16][kPanelRows][16], acc [kRows][kPanelRows].
// ahead: the kAheadRows rows to prefetch, or null.
template <int kRows, bool kAhead>
static inline void tile(const float* panel, const float* x, int32_t k, int32_t columns, bool first, Vec* acc, const std::byte* const* ahead,
                        size_t ahead_step) {
#pragma GCC unroll 8
  for (int part = 0; part < kPanelRows; part += kTileWeights) {
    Vec sum[kRows][kTileWeights];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < kTileWeights; ++i) sum[r][i] = first ? zero() : acc[r * kPanelRows + part + i];
    }
    const float* w = panel + part * kLanes;
    size_t ahead_at = 0;
    int32_t at = 0;
    for (; at + kLanes <= columns; at += kLanes, w += kPanelRows * kLanes) {
      Vec row[kRows];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) row[r] = load(x + static_cast<size_t>(r) * k + at);
      if (kAhead && part == 0) {
#pragma GCC unroll 8
        for (int i = 0; i < kAheadRows; ++i) __builtin_prefetch(ahead[i] + ahead_at);
        ahead_at += ahead_step;
      }
#pragma GCC unroll 8
      for (int i = 0; i < kTileWeights; ++i) {
        Vec weight = load(w + i * kLanes);
        keep_in_register(weight);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) sum[r][i] = fma(weight, row[r], sum[r][i]);
      }
    }
    if (at < columns) {
#pragma GCC unroll 8
      for (int i = 0; i < kTileWeights; ++i) {
        const Vec weight = load_n(w + i * kLanes, columns - at);
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

// Sums the accumulators of weight rows [out, out + weights) and row `row` of x, and writes them.
static inline void finish(const Work& work, int32_t out, int32_t weights, int32_t row, const Vec* acc) {
  Vec sums[kPanelRows];
  float y[kPanelRows];
#pragma GCC unroll 8
  for (int i = 0; i < kPanelRows; ++i) sums[i] = acc[i];
  reduce_add8(sums, y);
  float* to = work.target.y + static_cast<size_t>(row) * work.target.weight->rows + out;
  if (weights < kPanelRows) {
    for (int32_t i = 0; i < weights; ++i) write(work, row, out + i, y[i]);
    return;
  }
  if (work.target.bias) {
    for (int i = 0; i < kPanelRows; ++i) y[i] += work.target.bias[out + i];
  }
  if (work.args.into == MatmulInto::add) {
    for (int i = 0; i < kPanelRows; ++i) y[i] = to[i] + y[i];
  }
  __builtin_memcpy(to, y, sizeof(y));
}

// Columns of a panel: those of k in equal parts, each a multiple of any block.
L4J_INLINE int32_t panel_columns(int32_t k) {
  constexpr int32_t kUnit = 256;
  const int32_t parts = (k + kPanelColumns - 1) / kPanelColumns, units = (k + kUnit - 1) / kUnit;
  return (units + parts - 1) / parts * kUnit;
}

// Weight rows [out, out + kPanelRows) (those at `end` and above are not there) times rows [row, row + n) of x.
static void multiply_panel(const Work& work, int32_t out, int32_t row, int32_t n, Scratch& scratch) {
  const Matrix& w = *work.target.weight;
  const DTypeInfo& info = dtype_info(w.dtype);
  const DecodeStretch decode = kDecodeStretch[static_cast<int>(w.dtype)];
  const int32_t k = work.args.k, weights = least<int32_t>(kPanelRows, work.end - out), panel = panel_columns(k);
  for (int32_t from = 0; from < k; from += panel) {
    const int32_t columns = least(k - from, panel), next = from + panel < k ? from + panel : 0;
    const auto offset = [&](int32_t column) { return static_cast<size_t>(column / info.block_elements) * info.block_bytes; };
    Ahead ahead;
    ahead.step = (static_cast<size_t>(kLanes) * info.block_bytes + info.block_elements - 1) / info.block_elements;
    for (int32_t i = 0; i < weights; ++i) {
      decode(row_of(w, work.row_bytes, out + i) + offset(from), columns, scratch.panel + i * kLanes, kPanelRows * kLanes);
    }
    for (int32_t i = 0; i < kPanelRows; ++i) ahead.rows[i] = row_of(w, work.row_bytes, (next ? out : out + kPanelRows) + i) + offset(next);
    int32_t r = 0, tiles = 0;
    const auto step = [&]<int kRows>() __attribute__((always_inline)) {
      const float* x = work.args.x + static_cast<size_t>(row + r) * k + from;
      Vec* acc = scratch.acc + static_cast<size_t>(r) * kPanelRows;
      if (tiles < kPanelRows / kAheadRows) {
        tile<kRows, true>(scratch.panel, x, k, columns, from == 0, acc, ahead.rows + tiles * kAheadRows, ahead.step);
      } else {
        tile<kRows, false>(scratch.panel, x, k, columns, from == 0, acc, nullptr, 0);
      }
      if (from + columns == k) {
        for (int i = 0; i < kRows; ++i) finish(work, out, weights, row + r + i, acc + i * kPanelRows);
      }
      r += kRows;
      ++tiles;
    };
    // A remainder of 4 in halves: a tile of one row is the slowest.
    while (r + kTileRows <= n && !(kTileRows == 3 && n - r == 4)) step.template operator()<kTileRows>();
    while (kTileRows > 2 && r + 2 <= n) step.template operator()<2>();
    while (r < n) step.template operator()<1>();
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
constexpr Stream kStream[kStreamRows][kDTypes] = {L4J_FORMATS(stream, 1), L4J_FORMATS(stream, 2), L4J_FORMATS(stream, 3),
                                                  L4J_FORMATS(stream, 4)};

static void compute(const Work& work, ThreadPool& threads, int worker) {
  if (work.args.n <= kStreamRows) {
    kStream[work.args.n - 1][static_cast<int>(work.target.weight->dtype)](work);
  } else {
    multiply(work, *reinterpret_cast<Scratch*>(threads.scratch(worker, sizeof(Scratch))));
  }
}

}  // namespace

void matmul(Queue& queue, const MatmulArgs& args) {
  if (args.n == 0) return;
  if (args.norm.weight != nullptr) {
    rms_norm(queue, {args.x, args.norm.weight, args.norm.eps, args.n, args.k, args.norm.scratch});
    MatmulArgs normalized = args;
    normalized.x = args.norm.scratch;
    normalized.norm = {};
    return matmul(queue, normalized);
  }
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
  if (args.into == MatmulInto::silu_mul) silu_mul(queue, {args.targets[0].y, args.targets[1].y, args.n, args.targets[0].weight->rows});
}

}  // namespace latent4j::cpu::L4J_LEVEL
