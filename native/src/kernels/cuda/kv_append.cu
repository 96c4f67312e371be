// kv_append.cu: norm, rotation and the way into the memory, a warp for each head of a row, all in one launch. Moves 8 bytes for each number
// of q, 4 and those of a page's number for each of k and v.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/pages.cuh"
#include "kernels/cuda/reduce.cuh"

namespace latent4j::cuda {

namespace {

constexpr int kWarps = 4;

// What a lane has of a head x [head_dim]: four numbers of each half.
struct Numbers {
  float first[4], second[4];

  __device__ void load(const float* x, int half, int at) {
    load_numbers(x + at, first);
    load_numbers(x + half + at, second);
  }
};

// rms over the head, then times weight [head_dim]. A lane that is not active holds zeros.
__device__ void normalize(Numbers& x, const float* weight, float eps, int half, int at, bool active) {
  float squares = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) squares += x.first[i] * x.first[i] + x.second[i] * x.second[i];
  const float scale = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(2 * half) + eps);
  if (!active) return;
  Numbers w;
  w.load(weight, half, at);
#pragma unroll
  for (int i = 0; i < 4; i++) x.first[i] *= scale * w.first[i], x.second[i] *= scale * w.second[i];
}

// to [head_dim] = x rotated, in the order (i, i + half). Where the pairs are adjacent, a lane holds two at 2 at' and two in the middle of
// each half (at' = at / 2), else four: so that loads are of 16 bytes either way.
template <typename T>
__device__ void rotate(const Numbers& x, const float* cos, const float* sin, int half, int at, bool adjacent, T* to) {
  if (!adjacent) {
    float c[4], s[4], low[4], high[4];
    load_numbers(cos + at, c);
    load_numbers(sin + at, s);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      low[i] = x.first[i] * c[i] - x.second[i] * s[i];
      high[i] = x.second[i] * c[i] + x.first[i] * s[i];
    }
    store_numbers(to + at, low);
    store_numbers(to + half + at, high);
    return;
  }
  const auto two = [&](const float(&pairs)[4], int pair) {
    float c[2], s[2];
    load_numbers(cos + pair, c);
    load_numbers(sin + pair, s);
    const float low[2] = {pairs[0] * c[0] - pairs[1] * s[0], pairs[2] * c[1] - pairs[3] * s[1]};
    const float high[2] = {pairs[1] * c[0] + pairs[0] * s[0], pairs[3] * c[1] + pairs[2] * s[1]};
    store_numbers(to + pair, low);
    store_numbers(to + half + pair, high);
  };
  two(x.first, at / 2);
  two(x.second, (half + at) / 2);
}

// Task i: head i % heads of row i / heads, first the heads of q, then of k, then of v.
template <typename T>
__global__ void __launch_bounds__(kWarps * kWarp) kv_append_kernel(KvAppendArgs args, PageSteps steps) {
  wait_for_earlier_kernels();
  const uint32_t heads = args.n_heads + 2 * args.n_kv_heads, task = blockIdx.x * kWarps + threadIdx.x / kWarp, row = task / heads;
  if (row >= static_cast<uint32_t>(args.n)) return;
  const int half = args.head_dim / 2, at = static_cast<int>(threadIdx.x % kWarp) * 4, head = static_cast<int>(task % heads);
  const bool active = at < half, is_q = head < args.n_heads, is_k = !is_q && head < args.n_heads + args.n_kv_heads;
  const int kv_head = is_k ? head - args.n_heads : head - args.n_heads - args.n_kv_heads;

  const size_t q_at = (static_cast<size_t>(row) * args.n_heads + head) * args.head_dim;
  const size_t kv_at = (static_cast<size_t>(row) * args.n_kv_heads + kv_head) * args.head_dim;
  const float* norm = is_q ? args.q_norm : is_k ? args.k_norm : nullptr;
  Numbers x{};
  if (active) x.load(is_q ? args.q + q_at : (is_k ? args.k : args.v) + kv_at, half, at);
  if (norm != nullptr) normalize(x, norm, args.eps, half, at, active);
  __syncwarp();  // q has been read before it is written
  if (!active) return;

  const float *cos = args.cos + static_cast<size_t>(row) * half, *sin = args.sin + static_cast<size_t>(row) * half;
  if (is_q) return rotate(x, cos, sin, half, at, args.interleaved_input, args.q + q_at);
  const RowPlace place = args.places[row];
  const size_t head_offset = steps.layer * args.layer + steps.head * kv_head + (is_k ? 0 : steps.layer / 2);
  T* to = reinterpret_cast<T*>(steps.at(args.sequences.pages[place.sequence], head_offset, place.position));
  if (is_k) return rotate(x, cos, sin, half, at, args.interleaved_input, to);
  store_numbers(to + at, x.first);
  store_numbers(to + half + at, x.second);
}

}  // namespace

void kv_append(Queue& queue, const KvAppendArgs& args) {
  if (args.n <= 0) return;
  // A warp a head: a head's sum of squares needs no barrier, and a single row still has a warp on most multiprocessors.
  const int tasks = args.n * (args.n_heads + 2 * args.n_kv_heads);
  with_page_type(args.sequences.layout->dtype, [&]<typename T>(T) {
    launch_kernel(*queue.stream, "kv_append_kernel", kv_append_kernel<T>, (tasks + kWarps - 1) / kWarps, kWarps * kWarp, 0, args,
                  PageSteps(*args.sequences.layout));
  });
}

}  // namespace latent4j::cuda
