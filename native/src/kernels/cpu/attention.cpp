// attention.cpp: softmax(scale q K^T) V over paged memory.
//
// Positions are cut at multiples of kSegment, whoever asks: of each segment a query gets its largest score, the sum of its weights and
// their weighted values; segments are then merged in order. So a row's numbers are the same whether one thread walks all segments of a
// tile of rows (prefill) or every segment is a task of its own (decode over a long memory). Within a tile, keys and values are decoded
// once for all queries of all rows and heads that share a kv head.
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/pages.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

constexpr int kSegment = 128;                   // positions; scores of a segment are one pass of softmax
constexpr int kTileQueries = 48;                // queries that share a decoded segment: the working set stays in the L2 cache
constexpr size_t kMaxPartialBytes = 16u << 20;  // of a split op
constexpr int kStateHead = kLanes;              // floats before a state's values
constexpr float kMinusInfinity = -__builtin_inff();

// Rows [first, first + n) of the batch: one sequence. Together they see positions [begin, end).
struct Tile {
  int first, n;
  int begin, end;

  int first_segment() const { return begin / kSegment; }
  int end_segment() const { return (end + kSegment - 1) / kSegment; }
};

// What a query knows of the positions seen so far, as floats: [0] the largest score, [1] the sum of weights relative to it, from
// kStateHead on the weighted values [padded].
using State = float*;

struct Plan {
  const AttentionArgs* args;
  int group;       // query heads per kv head
  int padded;      // head_dim rounded up to whole vectors
  int state_size;  // floats
  const Tile* tiles;
};

// Scratch of one task.
struct Work {
  float* queries;  // [queries, padded] scaled, zeros behind head_dim
  float* scores;   // [queries, kSegment]
  float* keys;     // [kSegment, padded] decoded
  float* values;   // [kSegment, padded] decoded
  float* states;   // [queries, state_size] of the segment at hand
  float* totals;   // [queries, state_size] of all segments so far
};

size_t work_floats(const Plan& plan, int queries) {
  return static_cast<size_t>(queries) * (plan.padded + kSegment + 2 * plan.state_size) + 2 * static_cast<size_t>(kSegment) * plan.padded;
}

Work lay_out(const Plan& plan, int queries, float* at) {
  Work work;
  work.queries = at;
  work.scores = work.queries + static_cast<size_t>(queries) * plan.padded;
  work.keys = work.scores + static_cast<size_t>(queries) * kSegment;
  work.values = work.keys + static_cast<size_t>(kSegment) * plan.padded;
  work.states = work.values + static_cast<size_t>(kSegment) * plan.padded;
  work.totals = work.states + static_cast<size_t>(queries) * plan.state_size;
  return work;
}

L4J_INLINE float scalar_exp(float x) {
  float lanes[kLanes];
  store(lanes, exp(set1(x)));
  return lanes[0];
}

// First and last position that a row sees.
L4J_INLINE int first_seen(const AttentionArgs& args, int row) {
  return args.window > 0 ? most(0, args.places[row].position - args.window + 1) : 0;
}
L4J_INLINE int end_seen(const AttentionArgs& args, int row) { return args.places[row].position + 1; }

void load_queries(const Plan& plan, const Tile& tile, int kv_head, float* queries) {
  const AttentionArgs& args = *plan.args;
  const Vec scale = set1(args.scale);
  for (int r = 0; r < tile.n; r++) {
    const size_t first_head = static_cast<size_t>(tile.first + r) * args.n_heads + static_cast<size_t>(kv_head) * plan.group;
    const float* q = args.q + first_head * args.head_dim;
    for (int g = 0; g < plan.group; g++, q += args.head_dim, queries += plan.padded) {
      for (int i = 0; i < args.head_dim; i += kLanes) store(queries + i, load_n(q + i, least(kLanes, args.head_dim - i)) * scale);
    }
  }
}

// Addresses of n rows from position `begin` on as f32: the memory's own where it is f32 and whole vectors long, else decoded into
// `decoded`.
void gather_rows(const Plan& plan, const PagedView& memory, size_t head_offset, int begin, int n, float* decoded, const float** rows) {
  const PageSteps steps = steps_of(*memory.layout);
  const int d = plan.args->head_dim;
  const bool f32 = memory.layout->dtype == DType::F32;
  int page = begin / steps.page_size, slot = begin % steps.page_size;
  for (int i = 0; i < n; i++) {
    const std::byte* row = memory.pages[page] + head_offset + steps.row * slot;
    if (f32 && d == plan.padded) {
      rows[i] = reinterpret_cast<const float*>(row);
    } else {
      float* to = decoded + static_cast<size_t>(i) * plan.padded;
      for (int j = 0; j < d; j += kLanes) {
        const int lanes = least(kLanes, d - j);
        store(to + j, f32 ? load_row<true>(row, j, lanes) : load_row<false>(row, j, lanes));
      }
      rows[i] = to;
    }
    if (++slot == steps.page_size) slot = 0, page++;
  }
}

// scores[i] = query . keys[i] for i of [begin, end), eight at a time; the eight may reach over both ends, where keys repeat.
void score(const float* query, const float* const* keys, int padded, int begin, int end, float* scores) {
  for (int i = begin / 8 * 8; i < end; i += 8) {
    Vec sums[8];
    for (int j = 0; j < 8; j++) sums[j] = zero();
    for (int k = 0; k < padded; k += kLanes) {
      const Vec q = load(query + k);
      for (int j = 0; j < 8; j++) sums[j] = fma(q, load(keys[i + j] + k), sums[j]);
    }
    reduce_add8(sums, scores + i);
  }
}

// scores become weights exp(score - largest), 0 outside [begin, end).
void soften(float* scores, int begin, int end, State state) {
  const int first = begin / kLanes * kLanes;
  for (int i = first; i < begin; i++) scores[i] = kMinusInfinity;
  for (int i = end; i % kLanes != 0; i++) scores[i] = kMinusInfinity;
  Vec largest = set1(kMinusInfinity);
  for (int i = first; i < end; i += kLanes) largest = max(largest, load(scores + i));
  const float top = reduce_max(largest);
  Vec sum = zero();
  for (int i = first; i < end; i += kLanes) {
    const Vec weights = exp(load(scores + i) - set1(top));
    store(scores + i, weights);
    sum = sum + weights;
  }
  state[0] = top;
  state[1] = reduce_add(sum);
}

// Adds weights[i] values[i] for i of [begin, end) to kQueries states, kVectors vectors of them.
template <int kQueries, int kVectors>
L4J_INLINE void add_values(const float* const* weights, const float* const* values, int begin, int end, int at, float* const* sums) {
  Vec s[kQueries][kVectors];
  for (int q = 0; q < kQueries; q++) {
    for (int v = 0; v < kVectors; v++) s[q][v] = load(sums[q] + at + v * kLanes);
  }
  for (int i = begin; i < end; i++) {
    Vec x[kVectors];
    for (int v = 0; v < kVectors; v++) x[v] = load(values[i] + at + v * kLanes);
    for (int q = 0; q < kQueries; q++) {
      const Vec w = set1(weights[q][i]);
      for (int v = 0; v < kVectors; v++) s[q][v] = fma(w, x[v], s[q][v]);
    }
  }
  for (int q = 0; q < kQueries; q++) {
    for (int v = 0; v < kVectors; v++) store(sums[q] + at + v * kLanes, s[q][v]);
  }
}

template <int kQueries>
void add_values_all(const float* const* weights, const float* const* values, int begin, int end, int padded, float* const* sums) {
  if (begin >= end) return;
  int at = 0;
  for (; at + 4 * kLanes <= padded; at += 4 * kLanes) add_values<kQueries, 4>(weights, values, begin, end, at, sums);
  for (; at < padded; at += kLanes) add_values<kQueries, 1>(weights, values, begin, end, at, sums);
}

// total = total and part together.
void merge(State total, const float* part, int padded) {
  const float top = part[0] > total[0] ? part[0] : total[0];
  const float a = scalar_exp(total[0] - top), b = scalar_exp(part[0] - top);
  total[0] = top;
  total[1] = total[1] * a + part[1] * b;
  for (int i = kStateHead; i < kStateHead + padded; i += kLanes) store(total + i, fma(load(part + i), set1(b), load(total + i) * set1(a)));
}

void clear(State state, int padded) {
  for (int i = kStateHead; i < kStateHead + padded; i += kLanes) store(state + i, zero());
  state[0] = kMinusInfinity;
  state[1] = 0;
}

void finish(const Plan& plan, const float* state, int row, int head) {
  const int d = plan.args->head_dim;
  float* out = plan.args->out + (static_cast<size_t>(row) * plan.args->n_heads + head) * d;
  const Vec scale = set1(1.0f / state[1]);
  for (int i = 0; i < d; i += kLanes) store_n(out + i, load(state + kStateHead + i) * scale, least(kLanes, d - i));
}

// What a query takes of a segment: [begin, end), relative to the segment, empty where it sees none of it.
struct Seen {
  int begin, end;
};

L4J_INLINE Seen seen_of(const AttentionArgs& args, int row, int segment) {
  const int start = segment * kSegment;
  return {most(0, first_seen(args, row) - start), least(kSegment, end_seen(args, row) - start)};
}

// Weighted values of a pair of queries: one by one where only one of them sees, together where both do. Each query's sum goes over its
// positions in their order, with or without company.
void add_pair(const float* const* weights, const float* const* values, const Seen* seen, int padded, float* const* sums) {
  const int begin = most(seen[0].begin, seen[1].begin), end = least(seen[0].end, seen[1].end);
  if (begin >= end) {
    for (int q = 0; q < 2; q++) add_values_all<1>(weights + q, values, seen[q].begin, seen[q].end, padded, sums + q);
    return;
  }
  for (int q = 0; q < 2; q++) add_values_all<1>(weights + q, values, seen[q].begin, begin, padded, sums + q);
  add_values_all<2>(weights, values, begin, end, padded, sums);
  for (int q = 0; q < 2; q++) add_values_all<1>(weights + q, values, end, seen[q].end, padded, sums + q);
}

// The states of all queries of a tile and kv head after one segment alone; states[q] of a query that sees none of it is not written.
void run_segment(const Plan& plan, const Tile& tile, int kv_head, int segment, const Work& work, float* states, size_t row_step,
                 size_t head_step) {
  const AttentionArgs& args = *plan.args;
  const PagedView memory = args.sequences[args.places[tile.first].sequence];
  const PageSteps steps = steps_of(*memory.layout);
  const int start = segment * kSegment, begin = most(tile.begin, start) - start, end = least(tile.end, start + kSegment) - start;
  const size_t key_head = steps.layer * args.layer + steps.head * kv_head, value_head = key_head + steps.layer / 2;
  const float* keys[kSegment];
  const float* values[kSegment];
  gather_rows(plan, memory, key_head, start + begin, end - begin, work.keys, keys + begin);
  gather_rows(plan, memory, value_head, start + begin, end - begin, work.values, values + begin);
  for (int i = begin; i % 8 != 0; i--) keys[i - 1] = keys[begin];
  for (int i = end; i % 8 != 0; i++) keys[i] = keys[begin];

  const float* weights[2];
  float* sums[2];
  Seen seen[2];
  int waiting = 0;
  for (int q = 0; q < tile.n * plan.group; q++) {
    const Seen s = seen_of(args, tile.first + q / plan.group, segment);
    if (s.begin >= s.end) continue;
    State state = states + (q / plan.group) * row_step + (q % plan.group) * head_step;
    float* scores = work.scores + static_cast<size_t>(q) * kSegment;
    score(work.queries + static_cast<size_t>(q) * plan.padded, keys, plan.padded, s.begin, s.end, scores);
    clear(state, plan.padded);
    soften(scores, s.begin, s.end, state);
    weights[waiting] = scores, sums[waiting] = state + kStateHead, seen[waiting] = s;
    if (++waiting == 2) add_pair(weights, values, seen, plan.padded, sums), waiting = 0;
  }
  if (waiting == 1) add_values_all<1>(weights, values, seen[0].begin, seen[0].end, plan.padded, sums);
}

// A tile and kv head from beginning to end.
void run_tile(const Plan& plan, const Tile& tile, int kv_head, const Work& work) {
  const int queries = tile.n * plan.group;
  load_queries(plan, tile, kv_head, work.queries);
  for (int q = 0; q < queries; q++) clear(work.totals + static_cast<size_t>(q) * plan.state_size, plan.padded);
  const size_t step = plan.state_size;
  for (int segment = tile.first_segment(); segment < tile.end_segment(); segment++) {
    run_segment(plan, tile, kv_head, segment, work, work.states, step * plan.group, step);
    for (int q = 0; q < queries; q++) {
      const Seen s = seen_of(*plan.args, tile.first + q / plan.group, segment);
      if (s.begin < s.end) merge(work.totals + q * step, work.states + q * step, plan.padded);
    }
  }
  for (int q = 0; q < queries; q++) {
    finish(plan, work.totals + q * step, tile.first + q / plan.group, kv_head * plan.group + q % plan.group);
  }
}

// Each segment a task of its own; then, per row and head, their states merged in order. partials [n, n_heads, segments, state_size].
void run_split(Queue& queue, const Plan& plan, int n_tiles, int segments, float* partials) {
  const AttentionArgs& args = *plan.args;
  const int per_tile = args.n_kv_heads * segments;
  const size_t head_step = static_cast<size_t>(segments) * plan.state_size, row_step = head_step * args.n_heads;
  queue.threads->run(n_tiles * per_tile, [&](int task, int worker) {
    const Tile& tile = plan.tiles[task / per_tile];
    const int kv_head = task % per_tile / segments, segment = tile.first_segment() + task % segments;
    if (segment >= tile.end_segment()) return;
    const int queries = tile.n * plan.group;
    float* scratch = reinterpret_cast<float*>(queue.threads->scratch(worker, sizeof(float) * work_floats(plan, queries)));
    const Work work = lay_out(plan, queries, scratch);
    load_queries(plan, tile, kv_head, work.queries);
    float* states = partials + tile.first * row_step + kv_head * plan.group * head_step;
    states += (task % segments) * static_cast<size_t>(plan.state_size);
    run_segment(plan, tile, kv_head, segment, work, states, row_step, head_step);
  });
  queue.threads->run(n_tiles * args.n_kv_heads, [&](int task, int worker) {
    const Tile& tile = plan.tiles[task / args.n_kv_heads];
    State total = reinterpret_cast<float*>(queue.threads->scratch(worker, sizeof(float) * plan.state_size));
    for (int q = 0; q < tile.n * plan.group; q++) {
      const int row = tile.first + q / plan.group, head = task % args.n_kv_heads * plan.group + q % plan.group;
      clear(total, plan.padded);
      for (int segment = tile.first_segment(); segment < tile.end_segment(); segment++) {
        const Seen s = seen_of(args, row, segment);
        const size_t at = row * row_step + head * head_step + (segment - tile.first_segment()) * static_cast<size_t>(plan.state_size);
        if (s.begin < s.end) merge(total, partials + at, plan.padded);
      }
      finish(plan, total, row, head);
    }
  });
}

// Cuts the batch into tiles: neighbouring rows of one sequence.
int make_tiles(const AttentionArgs& args, int max_rows, Tile* tiles) {
  int n_tiles = 0;
  for (int row = 0; row < args.n; row++) {
    const bool joins = n_tiles > 0 && tiles[n_tiles - 1].n < max_rows &&
                       args.places[tiles[n_tiles - 1].first].sequence == args.places[row].sequence;
    if (!joins) tiles[n_tiles++] = {row, 0, first_seen(args, row), end_seen(args, row)};
    Tile& tile = tiles[n_tiles - 1];
    tile.n++;
    tile.begin = least(tile.begin, first_seen(args, row));
    tile.end = most(tile.end, end_seen(args, row));
  }
  return n_tiles;
}

}  // namespace

void attention(Queue& queue, const AttentionArgs& args) {
  if (args.n <= 0) return;
  Plan plan;
  plan.args = &args;
  plan.group = args.n_heads / args.n_kv_heads;
  plan.padded = (args.head_dim + kLanes - 1) / kLanes * kLanes;
  plan.state_size = kStateHead + plan.padded;
  const size_t tile_bytes = (sizeof(Tile) * args.n + 63) / 64 * 64;
  Tile* tiles = reinterpret_cast<Tile*>(ThreadPool::op_scratch(tile_bytes));
  const int max_rows = most(1, kTileQueries / plan.group);
  int n_tiles = make_tiles(args, max_rows, tiles);
  int segments = 0;
  for (int i = 0; i < n_tiles; i++) segments = most(segments, tiles[i].end_segment() - tiles[i].first_segment());
  const size_t partial_bytes = sizeof(float) * args.n * args.n_heads * segments * plan.state_size;

  const bool few = n_tiles * args.n_kv_heads < 8 * queue.threads->size() && queue.threads->size() > 1;
  if (few && segments > 1 && partial_bytes <= kMaxPartialBytes) {
    std::byte* scratch = ThreadPool::op_scratch(tile_bytes + partial_bytes);  // may move: the tiles are made anew
    plan.tiles = tiles = reinterpret_cast<Tile*>(scratch);
    n_tiles = make_tiles(args, max_rows, tiles);
    run_split(queue, plan, n_tiles, segments, reinterpret_cast<float*>(scratch + tile_bytes));
    return;
  }
  plan.tiles = tiles;
  queue.threads->run(n_tiles * args.n_kv_heads, [&](int task, int worker) {
    const Tile& tile = tiles[task / args.n_kv_heads];
    const int queries = tile.n * plan.group;
    float* scratch = reinterpret_cast<float*>(queue.threads->scratch(worker, sizeof(float) * work_floats(plan, queries)));
    run_tile(plan, tile, task % args.n_kv_heads, lay_out(plan, queries, scratch));
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
