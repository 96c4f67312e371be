// weights.h: how a weight lies on a CUDA device. F32, F16 and BF16 lie as in the file. A block format is taken apart into planes
// (planes.h), so that its numbers are read 16 bytes at a time: the bits stay the same, and as many. Kernels read both by dequantize.cuh.
#pragma once

#include <cstddef>

#include "base/tensor.h"
#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

// Bytes of a weight of this shape on the device.
size_t stored_bytes(const Matrix& shape);

// Brings a weight from host memory, as it lies in its file, to `to` [stored_bytes] on the stream's device. Returns when it is there.
void store(const Stream& stream, const Matrix& host, std::byte* to);

}  // namespace latent4j::cuda
