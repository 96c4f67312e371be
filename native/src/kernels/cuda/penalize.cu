// penalize.cu: logits by what their sequences have read and decoded. Numbers are the CPU's, bit for bit: neither contracted nor
// approximate.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"

namespace latent4j::cuda {

namespace {

constexpr int kThreads = 256;
constexpr float kNever = -__builtin_inff();

// A tally is one thread's: no two name the same token.
__device__ void lower_repeated(float* logits, const History& history, const Penalties& penalties) {
  for (int i = static_cast<int>(threadIdx.x); i < history.n_distinct; i += kThreads) {
    const TokenTally tally = history.tallies[i];
    float x = logits[tally.token];
    x = x > 0 ? __fdiv_rn(x, penalties.repetition) : __fmul_rn(x, penalties.repetition);
    if (tally.decoded > 0) {
      x = __fsub_rn(__fsub_rn(x, __fmul_rn(penalties.frequency, static_cast<float>(tally.decoded))), penalties.presence);
    }
    logits[tally.token] = x;
  }
}

// Where the last size - 1 tokens stand in the history before, the token after them is not to come again.
__device__ void ban_repeated(float* logits, const History& history, int size) {
  const int prefix = size - 1;
  if (history.n_tokens <= prefix) return;
  const int32_t* last = history.tokens + history.n_tokens - prefix;
  for (int begin = static_cast<int>(threadIdx.x); begin + prefix < history.n_tokens; begin += kThreads) {
    int same = 0;
    while (same < prefix && history.tokens[begin + same] == last[same]) same++;
    if (same == prefix) logits[history.tokens[begin + prefix]] = kNever;
  }
}

__device__ void ban(float* logits, const int32_t* tokens, int n) {
  for (int i = static_cast<int>(threadIdx.x); i < n; i += kThreads) logits[tokens[i]] = kNever;
}

// logits [n, vocab], places, rows [n], penalties [1], histories [sequences]
__global__ void __launch_bounds__(kThreads) penalize_kernel(PenalizeArgs args) {
  wait_for_earlier_kernels();
  const int row = static_cast<int>(blockIdx.x);
  const Penalties penalties = *args.penalties;
  float* logits = args.logits + static_cast<size_t>(row) * args.vocab;
  if (args.histories) {
    const History history = args.histories[args.places[row].sequence];
    lower_repeated(logits, history, penalties);
    __syncthreads();  // what is to be -inf was lowered before
    if (penalties.no_repeat_ngram > 0) ban_repeated(logits, history, penalties.no_repeat_ngram);
  }
  ban(logits, penalties.suppressed, penalties.n_suppressed);
  if (args.rows[row].step == 0) ban(logits, penalties.suppressed_first, penalties.n_suppressed_first);
}

}  // namespace

void penalize(Queue& queue, const PenalizeArgs& args) {
  if (args.n == 0) return;
  // A block a row: a history is thousands of tokens at most, and its parts wait for each other.
  launch_kernel(*queue.stream, "penalize_kernel", penalize_kernel, args.n, kThreads, 0, args);
}

}  // namespace latent4j::cuda
