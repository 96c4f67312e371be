// handles.h: what stands behind the opaque handles of latent4j.h.
#pragma once

#include <exception>
#include <memory>
#include <new>

#include "base/error.h"
#include "latent4j.h"
#include "memory/memory.h"
#include "model/model.h"

struct l4j_model {
  std::shared_ptr<latent4j::Model> model;
};

struct l4j_memory {
  std::shared_ptr<latent4j::Model> model;  // its instance, alive as long as the memory is
  std::unique_ptr<latent4j::Memory> memory;
};

namespace latent4j {

// Runs a bridge function's body. Only latent4j::Error leaves: memory that ran out and the unforeseen get a code too.
template <typename Body>
auto guarded(const Body& body) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw Error("OUT_OF_MEMORY", "the machine has no memory left for this call");
  } catch (const std::exception& e) {
    throw Error("INTERNAL", e.what());
  }
}

// An array of the caller's for `needed` elements.
inline void check_capacity(int64_t capacity, size_t needed) {
  L4J_CHECK(capacity >= 0 && static_cast<uint64_t>(capacity) >= needed, "BAD_ARGUMENT", "an array of ", capacity, " elements, expected ",
            needed, " or more");
}

}  // namespace latent4j
