// dispatch.h: which CPU kernels this machine can run. cpu/<op>.cpp is compiled once per level, each in a namespace of its own.
#pragma once

#include <string>
#include <vector>

#include "kernels/ops.h"

namespace latent4j::cpu {

// Levels this machine can run, slowest first: "plain", "avx2" (with FMA and F16C), "avx512" (F, BW, DQ, VL), "avx512_bf16" (with BF16,
// VNNI, VBMI).
std::vector<std::string> levels();

// The ops of a level; "" for the best present. Throws UNSUPPORTED, naming what is present.
const Ops& ops(const std::string& level);

}  // namespace latent4j::cpu
