// weights.cu: brings weights to the device. Bytes of a block format are uploaded as they are and taken apart by the device, which is faster
// at it than the link is at bringing them.
#include "kernels/cuda/weights.h"

#include <algorithm>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/planes.h"

namespace latent4j::cuda {

namespace {

__device__ uint32_t bits_of(const uint8_t* bytes, int byte, int shift, int n) { return bytes[byte] >> shift & ((1u << n) - 1); }
__device__ uint32_t read_u16(const uint8_t* bytes) { return bytes[0] | bytes[1] << 8; }
__device__ uint32_t read_u32(const uint8_t* bytes) { return read_u16(bytes) | read_u16(bytes + 2) << 16; }

// Quant e of a block as the formats define it; of Q2_K and Q3_K with the third bit as bit 2.
__device__ uint32_t quant(DType type, const uint8_t* block, int e) {
  const int half = e / 128, j = e % 128 / 32, l = e % 32;  // for formats of 256 weights
  switch (type) {
    case DType::Q4_0: return bits_of(block + 2, e % 16, e / 16 * 4, 4);
    case DType::Q4_1: return bits_of(block + 4, e % 16, e / 16 * 4, 4);
    case DType::Q5_0: return bits_of(block + 6, e % 16, e / 16 * 4, 4) | bits_of(block + 2, e / 8, e % 8, 1) << 4;
    case DType::Q5_1: return bits_of(block + 8, e % 16, e / 16 * 4, 4) | bits_of(block + 4, e / 8, e % 8, 1) << 4;
    case DType::Q8_0: return block[2 + e];
    case DType::Q2_K: return bits_of(block + 16, 32 * half + l, 2 * j, 2);
    case DType::Q3_K: return bits_of(block + 32, 32 * half + l, 2 * j, 2) | bits_of(block, l, 4 * half + j, 1) << 2;
    case DType::Q4_K: return bits_of(block + 16, 32 * (e / 64) + l, e % 64 / 32 * 4, 4);
    case DType::Q5_K: return bits_of(block + 48, 32 * (e / 64) + l, e % 64 / 32 * 4, 4) | bits_of(block + 16, l, e / 32, 1) << 4;
    default: return bits_of(block, 64 * half + 32 * (j % 2) + l, j / 2 * 4, 4) | bits_of(block + 128, 32 * half + l, 2 * j, 2) << 4;
  }
}

// Bits [from, from + n) of a unit's quants as n words: see planes.h.
__device__ void arrange_quants(DType type, const uint8_t* block, int first, int from, int n, uint32_t* words) {
  for (int w = 0; w < n; ++w) {
    uint32_t bits = 0;
    for (int piece = w; piece < 8; piece += n) {
      for (int b = 0; b < 4; ++b) {
        const uint32_t q = quant(type, block, first + 4 * piece + b) >> from & ((1u << n) - 1);
        bits |= q << (8 * b + n * (piece / n));
      }
    }
    words[w] = bits;
  }
}

// Long enough for the link, short enough that the first blocks are taken apart while the host reads on.
constexpr size_t kChunkBytes = size_t{8} << 20;
static_assert(kChunkBytes <= kScratchBytes);

struct To {
  uint8_t* planes[kMostPlanes];
};

// Q3_K's 16 scales: the unit's two lower halves to a byte of plane 2, its two upper ones into its nibble of the block's word of plane 3.
__device__ void arrange_scales_q3_k(const uint8_t* scales, int64_t unit, const To& to) {
  const int pair = static_cast<int>(unit % 8) * 2;
  const int byte = pair % 8, shift = pair / 8 * 4;
  to.planes[2][unit] = static_cast<uint8_t>(bits_of(scales, byte, shift, 4) | bits_of(scales, byte + 1, shift, 4) << 4);
  if (unit % 8 > 0) return;
  uint32_t upper = 0;
  for (int group = 0; group < 16; ++group) upper |= bits_of(scales, 8 + group % 4, group / 4 * 2, 2) << 2 * group;
  reinterpret_cast<uint32_t*>(to.planes[3])[unit / 8] = upper;
}

// The 8 scales and mins that Q4_K and Q5_K pack into 12 bytes, as the three words that follow d and dmin in plane 2.
__device__ void arrange_scales_of_32(const uint8_t* packed, uint32_t* words) {
  for (int i = 0; i < 3; ++i) words[i] = 0;
  for (int j = 0; j < 8; ++j) {
    const uint32_t scale = j < 4 ? packed[j] & 63 : (packed[j + 4] & 15) | packed[j - 4] >> 6 << 4;
    const uint32_t min = j < 4 ? packed[j + 4] & 63 : packed[j + 4] >> 4 | packed[j] >> 6 << 4;
    words[0] |= (scale & 15) << 4 * j;
    words[1] |= (min & 15) << 4 * j;
    words[2] |= (scale >> 4 | min >> 4 << 2) << 4 * j;
  }
}

__device__ void arrange_scales(DType type, const uint8_t* block, int64_t unit, const To& to) {
  const bool first_of_block = unit % 8 == 0;  // of formats of 256 weights
  const auto u16 = [&](int plane) { return reinterpret_cast<uint16_t*>(to.planes[plane]); };
  const auto u32 = [&](int plane) { return reinterpret_cast<uint32_t*>(to.planes[plane]); };
  switch (type) {
    case DType::Q4_0: case DType::Q5_0: case DType::Q8_0:
      u16(2)[unit] = static_cast<uint16_t>(read_u16(block));
      break;
    case DType::Q4_1: case DType::Q5_1:
      u32(2)[unit] = read_u32(block);
      break;
    case DType::Q2_K:
      u16(2)[unit] = static_cast<uint16_t>(read_u16(block + unit % 8 * 2));
      if (first_of_block) u32(3)[unit / 8] = read_u32(block + 80);
      break;
    case DType::Q3_K:
      arrange_scales_q3_k(block + 96, unit, to);
      if (first_of_block) u16(4)[unit / 8] = static_cast<uint16_t>(read_u16(block + 108));
      break;
    case DType::Q4_K: case DType::Q5_K:
      if (!first_of_block) break;
      u32(2)[unit / 2] = read_u32(block);
      arrange_scales_of_32(block + 4, u32(2) + unit / 2 + 1);
      break;
    default:
      u16(2)[unit] = static_cast<uint16_t>(read_u16(block + 192 + unit % 8 * 2));
      if (first_of_block) u16(3)[unit / 8] = static_cast<uint16_t>(read_u16(block + 208));
  }
}

// blocks: the file's bytes from unit `first` on, `n` units of 32 weights.
__global__ void arrange_kernel(DType type, PlaneShape shape, int block_units, int block_bytes, const uint8_t* blocks, int64_t first,
                               int64_t n, To to) {
  wait_for_earlier_kernels();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const uint8_t* block = blocks + i / block_units * block_bytes;
  const int weight = static_cast<int>(i % block_units) * kUnitWeights;
  const int64_t unit = first + i;
  const int low = shape.low_bits, top = shape.top_bits;
  arrange_quants(type, block, weight, 0, low, reinterpret_cast<uint32_t*>(to.planes[0]) + unit * low);
  arrange_quants(type, block, weight, low, top, reinterpret_cast<uint32_t*>(to.planes[1]) + unit * top);
  arrange_scales(type, block, unit, to);
}

}  // namespace

size_t stored_bytes(const Matrix& shape) {
  if (!has_planes(shape.dtype)) return shape.row_bytes() * shape.rows;
  return plane_offset(shape.dtype, static_cast<size_t>(shape.rows) * shape.cols, kMostPlanes);
}

void store(const Stream& stream, const Matrix& host, std::byte* to) {
  const size_t bytes = host.row_bytes() * host.rows;
  if (!has_planes(host.dtype)) {
    L4J_CUDA_CHECK(cudaMemcpyAsync(to, host.data, bytes, cudaMemcpyHostToDevice, stream.handle));
    L4J_CUDA_CHECK(cudaStreamSynchronize(stream.handle));
    return;
  }
  const DTypeInfo& info = dtype_info(host.dtype);
  To planes;
  for (int i = 0; i < kMostPlanes; ++i) {
    planes.planes[i] = reinterpret_cast<uint8_t*>(to) + plane_offset(host.dtype, static_cast<size_t>(host.rows) * host.cols, i);
  }
  const size_t chunk = kChunkBytes / info.block_bytes * info.block_bytes;
  const int block_units = info.block_elements / kUnitWeights;
  constexpr int kThreads = 128;
  for (size_t at = 0; at < bytes; at += chunk) {
    const size_t size = std::min(chunk, bytes - at);
    const auto units = static_cast<int64_t>(size / info.block_bytes * block_units);
    L4J_CUDA_CHECK(cudaMemcpyAsync(stream.scratch, host.data + at, size, cudaMemcpyHostToDevice, stream.handle));
    // A thread a unit: done once per model, what counts is that it is shorter than the upload.
    launch_kernel(stream, "arrange_kernel", arrange_kernel, static_cast<unsigned>((units + kThreads - 1) / kThreads), kThreads, 0,
                  host.dtype, plane_shape(host.dtype), block_units, info.block_bytes, reinterpret_cast<const uint8_t*>(stream.scratch),
                  static_cast<int64_t>(at / info.block_bytes) * block_units, units, planes);
  }
  L4J_CUDA_CHECK(cudaStreamSynchronize(stream.handle));
}

}  // namespace latent4j::cuda
