// Any bytes as a safetensors file, then as the weights of a tiny Qwen3: refused with an Error, or bound; nothing else may happen.
#include "base/error.h"
#include "model/weights.h"

using namespace latent4j;

namespace {

const nlohmann::json& config() {
  static const nlohmann::json config = {{"model_type", "qwen3"}, {"hidden_size", 4}, {"num_hidden_layers", 1}, {"num_attention_heads", 2},
                                        {"num_key_value_heads", 1}, {"head_dim", 2}, {"intermediate_size", 4}, {"vocab_size", 4},
                                        {"max_position_embeddings", 64}, {"tie_word_embeddings", true}};
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    Checkpoint checkpoint;
    checkpoint.metadata = config();
    parse_safetensors(reinterpret_cast<const std::byte*>(data), size, "fuzz", checkpoint);
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
