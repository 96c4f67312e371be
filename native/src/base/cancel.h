// cancel.h: the flag by which another thread ends a long call; looked at between pieces of work that take milliseconds.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/error.h"

namespace latent4j {

// Throws CANCELLED, its text `what` end to end, if `cancel` (may be null) is set.
template <typename... Values>
void check_cancel(int32_t* cancel, const Values&... what) {
  if (cancel) L4J_CHECK(!std::atomic_ref<int32_t>(*cancel).load(std::memory_order_relaxed), "CANCELLED", what...);
}

}  // namespace latent4j
