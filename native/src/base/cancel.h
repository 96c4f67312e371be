// cancel.h: the flag by which another thread ends a long call; looked at between pieces of work that take milliseconds.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/error.h"

namespace latent4j {

// Throws CANCELLED, its text `what` end to end, if `cancel` (may be null) is set.
template <typename... Values>
void check_cancel(int32_t* cancel, const Values&... what) {
  if (cancel) L4J_CHECK(!std::atomic_ref<int32_t>(*cancel).load(std::memory_order_relaxed), "CANCELLED", what...);
}

// Locks what another thread may hold for long; while it waits, a `cancel` that is set throws CANCELLED.
template <typename... Values>
std::unique_lock<std::mutex> lock_or_cancel(std::mutex& mutex, int32_t* cancel, const Values&... what) {
  constexpr std::chrono::milliseconds kLook{2};
  std::unique_lock lock(mutex, std::try_to_lock);
  while (!lock) {
    check_cancel(cancel, what...);
    std::this_thread::sleep_for(kLook);
    lock.try_lock();
  }
  return lock;
}

}  // namespace latent4j
