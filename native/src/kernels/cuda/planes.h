// planes.h: how the weights of a block format lie on a CUDA device. A block of GGUF mixes scales and quants at odd addresses; here each
// kind is an array (a plane) of its own over the whole matrix, so that a thread's read of quants, or of their lower bits, is 16 bytes, and
// a warp's reads follow each other. A unit here is always 32 weights; Format::kUnit (dequantize.cuh) is what one load brings, 4 to 64.
// The bits are the file's and as many, only their places differ:
// * Quants: the lower bits in one plane, a fifth or sixth bit in another. A unit of 32 weights that follow each other has as many words as
//   a quant has bits there (b); its piece p (weights 4p .. 4p + 3) is in word p % b, byte by byte, each shifted left by b (p / b).
// * Scales: see arrange_scales in weights.cu.
#pragma once

#include <cstddef>

#include "base/tensor.h"

namespace latent4j::cuda {

inline constexpr int kMostPlanes = 5;
inline constexpr int kUnitWeights = 32;

// A block format's planes: bits of a quant in the first two, bytes per 256 weights in the scales' three.
struct PlaneShape {
  int low_bits, top_bits, scale_bytes[3];
};

constexpr PlaneShape plane_shape(DType type) {
  switch (type) {
    case DType::Q4_0: return {4, 0, {16, 0, 0}};  // d
    case DType::Q4_1: return {4, 0, {32, 0, 0}};  // d, m
    case DType::Q5_0: return {4, 1, {16, 0, 0}};  // d
    case DType::Q5_1: return {4, 1, {32, 0, 0}};  // d, m
    case DType::Q8_0: return {8, 0, {16, 0, 0}};  // d
    case DType::Q2_K: return {2, 0, {16, 4, 0}};  // scale and min of 16 weights in a byte; d, dmin
    case DType::Q3_K: return {2, 1, {8, 4, 2}};   // scales of 16 weights: lower 4 bits, upper 2 bits; d
    case DType::Q4_K: return {4, 0, {16, 0, 0}};  // d, dmin, scales and mins of 32 weights
    case DType::Q5_K: return {4, 1, {16, 0, 0}};  // the same
    case DType::Q6_K: return {4, 2, {16, 2, 0}};  // scales of 16 weights; d
    default: return {};
  }
}

// Whether a format is taken apart; the others lie as in the file.
constexpr bool has_planes(DType type) { return plane_shape(type).low_bits > 0; }

// Where plane i of a matrix of `weights` weights begins, in bytes: at a cache line. Plane kMostPlanes: where the last one ends.
inline size_t plane_offset(DType type, size_t weights, int i) {
  const PlaneShape shape = plane_shape(type);
  const int bytes_per_256[kMostPlanes] = {shape.low_bits * 32, shape.top_bits * 32, shape.scale_bytes[0], shape.scale_bytes[1],
                                          shape.scale_bytes[2]};
  size_t offset = 0;
  for (int plane = 0; plane < i; ++plane) offset += (weights * bytes_per_256[plane] / 256 + 127) / 128 * 128;
  return offset;
}

}  // namespace latent4j::cuda
