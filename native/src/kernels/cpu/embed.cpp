// embed.cpp: token ids to rows of the embedding table.
#include "kernels/cpu/decode_rows.h"
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {

void embed(Queue& queue, const EmbedArgs& args) {
  const Matrix& table = *args.table;
  const size_t row_bytes = row_bytes_of(table);
  const DecodeStretch decode = kDecodeStretch[static_cast<int>(table.dtype)];
  const auto one = [&](int row, int) {
    const int32_t token = args.tokens[row] < 0 ? 0 : args.tokens[row];
    decode(row_of(table, row_bytes, token), table.cols, args.y + static_cast<size_t>(row) * table.cols, kLanes);
  };
  // A row is a microsecond's work: few rows are done before a worker wakes.
  if (args.n < 16) {
    for (int32_t row = 0; row < args.n; ++row) one(row, 0);
  } else {
    queue.threads->run(args.n, one);
  }
}

}  // namespace latent4j::cpu::L4J_LEVEL
