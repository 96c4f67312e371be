// penalty_buffers.h: what penalties need on the device. Empty until a rollout asks for some.
#pragma once

#include "base/device.h"

namespace latent4j {

struct PenaltyBuffers {
  explicit PenaltyBuffers(Device& on) : settings(on), suppressed(on), histories(on), tokens(on), tallies(on) {}

  Buffer<Penalties> settings;   // [1]
  Buffer<int32_t> suppressed;   // always, then first
  Buffer<History> histories;    // [sequences]
  Buffer<int32_t> tokens;       // of all histories, each with room for what may be decoded
  Buffer<TokenTally> tallies;   // likewise
};

}  // namespace latent4j
