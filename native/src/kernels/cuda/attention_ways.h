// attention_ways.h: the two ways of attention; attention.cu chooses by AttentionArgs::prefill.
#pragma once

#include <iterator>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "kernels/cuda/limits.h"
#include "kernels/cuda/pages.cuh"
#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

// Split over the memory: few rows, each perhaps of a sequence of its own, every block a part of one row's memory.
void attention_split(const Stream& stream, const AttentionArgs& args);

// Tensor-core tiles of rows, for prompts.
void attention_prefill(const Stream& stream, const AttentionArgs& args);

// Calls f with a number of the memory's type and head_dim as an integral constant.
template <typename F>
void with_memory_shape(const AttentionArgs& args, const F& f) {
  with_page_type(args.sequences.layout->dtype, [&]<typename T>(T number) {
    const bool known = [&]<size_t... i>(std::index_sequence<i...>) {
      return ((args.head_dim == kHeadDims[i] && (f(number, std::integral_constant<int, kHeadDims[i]>()), true)) || ...);
    }(std::make_index_sequence<std::size(kHeadDims)>());
    L4J_CHECK(known, "UNSUPPORTED", "attention on CUDA with head_dim ", args.head_dim);
  });
}

// First position that a row at `position` sees.
__device__ inline int first_seen(int window, int position) { return window > 0 ? max(0, position - window + 1) : 0; }

}  // namespace latent4j::cuda
