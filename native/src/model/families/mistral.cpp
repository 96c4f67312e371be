// Mistral: Llama's layers, each looking back `sliding_window` positions (null in later releases: everything).
#include "model/family.h"

namespace latent4j {

namespace {

void read_mistral(const Checkpoint& checkpoint, Config& config) {
  if (checkpoint.format == CheckpointFormat::gguf) return;
  const Fields fields(checkpoint.metadata, checkpoint.metadata_name());
  read_windows(checkpoint, sliding_window(fields), 0, config);
}

}  // namespace

extern const Family kMistral;
const Family kMistral = {
    .name = "mistral",
    .model_types = {"mistral"},
    .gguf_architectures = {},  // their GGUF files say llama
    .read_config = read_mistral,
};

}  // namespace latent4j
