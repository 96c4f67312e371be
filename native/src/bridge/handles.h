// handles.h: what stands behind the opaque handles of latent4j.h.
#pragma once

#include <exception>
#include <memory>
#include <new>
#include <string>

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

// JavaCPP decodes what() by the JVM's locale, which may be ASCII, and messages hold names in UTF-8: every other byte, and the mark itself,
// is written as the mark and two hexadecimal digits. Bridge.java reads it back.
inline std::string in_ascii(const std::string& text) {
  constexpr char kMark = '\x01';
  constexpr char kDigits[] = "0123456789abcdef";
  std::string ascii;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && c != kMark) {
      ascii += c;
    } else {
      ascii += {kMark, kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return ascii;
}

// Runs a bridge function's body. Only latent4j::Error leaves, in ASCII: memory that ran out and the unforeseen get a code too.
template <typename Body>
auto guarded(const Body& body) {
  try {
    return body();
  } catch (const Error& e) {
    throw Error(e.code().c_str(), in_ascii(e.message()));
  } catch (const std::bad_alloc&) {
    throw Error("OUT_OF_MEMORY", "the machine has no memory left for this call");
  } catch (const std::exception& e) {
    throw Error("INTERNAL", in_ascii(e.what()));
  }
}

// An array of the caller's for `needed` elements.
inline void check_capacity(int64_t capacity, size_t needed) {
  L4J_CHECK(capacity >= 0 && static_cast<uint64_t>(capacity) >= needed, "BAD_ARGUMENT", "an array of ", capacity, " elements, expected ",
            needed, " or more");
}

}  // namespace latent4j
