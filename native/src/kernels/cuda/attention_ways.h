// attention_ways.h: the two ways of attention; attention.cu chooses by AttentionArgs::prefill.
#pragma once

#include <type_traits>

#include "base/error.h"
#include "kernels/cuda/pages.cuh"
#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

inline constexpr int kMostQueriesPerKey = 16;  // n_heads / n_kv_heads

// Split over the memory: few rows, each perhaps of a sequence of its own, every block a part of one row's memory.
void attention_split(const Stream& stream, const AttentionArgs& args);

// Tensor-core tiles of rows, for prompts.
void attention_prefill(const Stream& stream, const AttentionArgs& args);

// Calls f with a number of the memory's type and head_dim as an integral constant.
template <typename F>
void with_memory_shape(const AttentionArgs& args, const F& f) {
  with_page_type(args.sequences.layout->dtype, [&]<typename T>(T number) {
    switch (args.head_dim) {
      case 16: return f(number, std::integral_constant<int, 16>());
      case 32: return f(number, std::integral_constant<int, 32>());
      case 64: return f(number, std::integral_constant<int, 64>());
      case 80: return f(number, std::integral_constant<int, 80>());
      case 96: return f(number, std::integral_constant<int, 96>());
      case 128: return f(number, std::integral_constant<int, 128>());
      case 256: return f(number, std::integral_constant<int, 256>());
      default: L4J_CHECK(false, "UNSUPPORTED", "attention on CUDA with head_dim ", args.head_dim);
    }
  });
}

// First position that a row at `position` sees.
__device__ inline int first_seen(int window, int position) { return window > 0 ? max(0, position - window + 1) : 0; }

}  // namespace latent4j::cuda
