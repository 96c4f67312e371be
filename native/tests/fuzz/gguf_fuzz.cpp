// Any bytes as a GGUF file, then as a model of whatever architecture it names: refused with an Error, or bound; nothing else may happen.
#include "base/error.h"
#include "model/weights.h"

using namespace latent4j;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    Checkpoint checkpoint;
    checkpoint.format = CheckpointFormat::gguf;
    checkpoint.path = "fuzz";
    parse_gguf(reinterpret_cast<const std::byte*>(data), size, "fuzz", checkpoint);
    uint8_t sum = 0;  // every byte a view claims must be readable
    for (const auto& [name, view] : checkpoint.tensors) {
      for (size_t i = 0; i < view.bytes; ++i) sum ^= static_cast<uint8_t>(view.data[i]);
    }
    const volatile uint8_t keep = sum;
    (void)keep;
    Weights::bind(std::move(checkpoint));
  } catch (const Error&) {
  }
  return 0;
}
