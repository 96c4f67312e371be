// mix.cu: a sum of rows of a table in any format by their weights, which every block works out for itself: they are few.
// Moves the bytes of k rows and 4 n d, 8 n d where y is kept.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/dequantize.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/sample.cuh"

namespace latent4j::cuda {

namespace {

constexpr int kThreads = 128;

// ids, values [n, stride], rows, n rows of y [d]
struct Mixed {
  const int32_t* ids;
  const float* values;
  const SampleRow* rows;
  int k, stride;
  float temperature, noise, keep, share;
  int d;
  float4* y;
};

__device__ double warp_max(double v) {
#pragma unroll
  for (unsigned offset = kWarp / 2; offset > 0; offset /= 2) v = fmax(v, __shfl_xor_sync(kWholeWarp, v, offset));
  return v;
}
__device__ double warp_sum(double v) {
#pragma unroll
  for (unsigned offset = kWarp / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(kWholeWarp, v, offset);
  return v;
}

// weights, ids [k] of a row, by one warp.
__device__ void weigh(const Mixed& args, int row, float* weights, int* ids) {
  constexpr int kEach = kMostLikely / static_cast<int>(kWarp);
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  const size_t at = static_cast<size_t>(row) * args.stride;
  double scores[kEach] = {}, top = -__builtin_inf(), sum = 0;
#pragma unroll
  for (int j = 0; j < kEach; j++) {
    const int i = j * static_cast<int>(kWarp) + lane;
    if (i >= args.k) continue;
    ids[i] = args.ids[at + i];
    scores[j] = static_cast<double>(args.values[at + i]) / static_cast<double>(args.temperature);
    if (args.noise != 0) {
      scores[j] += static_cast<double>(args.noise) * gumbel(args.rows[row].seed, args.rows[row].step, ids[i]);
    }
    top = fmax(top, scores[j]);
  }
  top = warp_max(top);
#pragma unroll
  for (int j = 0; j < kEach; j++) {
    scores[j] = j * static_cast<int>(kWarp) + lane < args.k ? exp(scores[j] - top) : 0.0;
    sum += scores[j];
  }
  sum = warp_sum(sum);
#pragma unroll
  for (int j = 0; j < kEach; j++) {
    const int i = j * static_cast<int>(kWarp) + lane;
    if (i < args.k) weights[i] = static_cast<float>(static_cast<double>(args.share) * scores[j] / sum);
  }
}

// y [n, d / 4] float4; each thread one of them, candidate after candidate.
template <DType kType>
__global__ void __launch_bounds__(kThreads) mix_kernel(Format<kType> table, Mixed args) {
  wait_for_earlier_kernels();
  constexpr int kUnit = Format<kType>::kUnit, kPieces = kUnit / 4;
  __shared__ float weights[kMostLikely];
  __shared__ int ids[kMostLikely];
  const int row = static_cast<int>(blockIdx.x), i = static_cast<int>(blockIdx.y) * kThreads + static_cast<int>(threadIdx.x);
  if (threadIdx.x < kWarp) weigh(args, row, weights, ids);
  __syncthreads();
  if (i >= args.d / 4) return;
  float4* y = args.y + static_cast<size_t>(row) * (args.d / 4) + i;
  float4 sum = {0, 0, 0, 0};
  if (args.keep != 0) {
    const float4 v = *y;
    sum = {v.x * args.keep, v.y * args.keep, v.z * args.keep, v.w * args.keep};
  }
  const int units = args.d / kUnit, piece = i % kPieces;
#pragma unroll 4
  for (int j = 0; j < args.k; j++) {
    const int unit = ids[j] * units + i / kPieces;
    const float4 e = table.decode(table.load(unit), unit, piece);
    const float w = weights[j];
    sum = {fmaf(w, e.x, sum.x), fmaf(w, e.y, sum.y), fmaf(w, e.z, sum.z), fmaf(w, e.w, sum.w)};
  }
  *y = sum;
}

}  // namespace

void mix(Queue& queue, const MixArgs& args) {
  if (args.n == 0) return;
  const int d = args.table->cols;
  const Mixed mixed{args.ids, args.values, args.rows, args.k, args.stride, args.temperature, args.noise, args.keep, args.share, d,
                    reinterpret_cast<float4*>(args.y)};
  // Small blocks: a row alone goes over several multiprocessors, which wait for the table's rows side by side.
  const dim3 grid(args.n, (d / 4 + kThreads - 1) / kThreads);
  with_dtype(args.table->dtype, [&]<DType kType>() {
    launch_kernel(*queue.stream, "mix_kernel", mix_kernel<kType>, grid, kThreads, 0, Format<kType>(*args.table), mixed);
  });
}

}  // namespace latent4j::cuda
