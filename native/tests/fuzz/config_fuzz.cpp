// Any bytes as a config.json over the tensors of no model: read or refused with an Error; nothing else may happen.
#include <string_view>

#include "base/error.h"
#include "model/family.h"

using namespace latent4j;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    Checkpoint checkpoint;
    checkpoint.path = "fuzz";
    checkpoint.metadata = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    read_config(checkpoint, family_of(checkpoint));
  } catch (const Error&) {
  }
  return 0;
}
