// mix.cpp: a sum of embedding rows by their weights, added up in the order of the candidates.
#include "kernels/cpu/decode_rows.h"
#include "kernels/cpu/level_ops.h"
#include "kernels/cpu/random.h"

namespace latent4j::cpu::L4J_LEVEL {
namespace {

// -log(-log(u)), u in (0, 1) of (seed, step, id) only.
double gumbel(const SampleRow& row, int32_t id) {
  const uint64_t of_step = bits_of_step(row.seed, row.step);
  const double u = (static_cast<double>(splitmix64(of_step ^ static_cast<uint64_t>(id)) >> 12) + 0.5) * 0x1p-52;
  return -__builtin_log(-__builtin_log(u));
}

// weights [k]: share of each candidate, all of them args.share.
void weigh(const MixArgs& args, int row, float* weights) {
  const size_t at = static_cast<size_t>(row) * args.stride;
  double scores[kMostLikely], top = 0, sum = 0;
  for (int i = 0; i < args.k; i++) {
    scores[i] = static_cast<double>(args.values[at + i]) / static_cast<double>(args.temperature);
    if (args.noise != 0) scores[i] += static_cast<double>(args.noise) * gumbel(args.rows[row], args.ids[at + i]);
    top = i == 0 ? scores[i] : most(top, scores[i]);
  }
  for (int i = 0; i < args.k; i++) sum += scores[i] = __builtin_exp(scores[i] - top);
  for (int i = 0; i < args.k; i++) weights[i] = static_cast<float>(static_cast<double>(args.share) * scores[i] / sum);
}

void mix_row(const MixArgs& args, int row, float* decoded) {
  const Matrix& table = *args.table;
  const size_t row_bytes = row_bytes_of(table);
  const DecodeStretch decode = kDecodeStretch[static_cast<int>(table.dtype)];
  const int32_t* ids = args.ids + static_cast<size_t>(row) * args.stride;
  float* y = args.y + static_cast<size_t>(row) * table.cols;
  float weights[kMostLikely];
  weigh(args, row, weights);
  for (int i = 0; i < args.k; i++) {
    decode(row_of(table, row_bytes, ids[i]), table.cols, decoded, kLanes);
    const Vec weight = set1(weights[i]);
    for (int at = 0; at < table.cols; at += kLanes) {
      const int lanes = least(kLanes, table.cols - at);
      const Vec sum = i > 0 ? load_n(y + at, lanes) : args.keep == 0 ? zero() : load_n(y + at, lanes) * set1(args.keep);
      store_n(y + at, fma(weight, load_n(decoded + at, lanes), sum), lanes);
    }
  }
}

}  // namespace

void mix(Queue& queue, const MixArgs& args) {
  const size_t bytes = sizeof(float) * static_cast<size_t>(args.table->cols + kLanes);
  queue.threads->run(args.n, [&](int row, int worker) {
    mix_row(args, row, reinterpret_cast<float*>(queue.threads->scratch(worker, bytes)));
  });
}

}  // namespace latent4j::cpu::L4J_LEVEL
