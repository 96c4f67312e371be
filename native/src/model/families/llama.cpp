// Llama 2 and 3.x, and what shares their architecture (SmolLM2, TinyLlama; in GGUF also Mistral, whose window is a key).
#include "model/family.h"

namespace latent4j {

extern const Family kLlama;
const Family kLlama = {
    .name = "llama",
    .model_types = {"llama"},
    .gguf_architectures = {"llama"},
    .gguf_interleaved_qk = true,
};

}  // namespace latent4j
