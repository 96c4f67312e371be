// Qwen3 (dense): Llama's layers with a norm on every head of q and k, and a head size of its own.
#include "model/family.h"

namespace latent4j {

extern const Family kQwen3;
const Family kQwen3 = {
    .name = "qwen3",
    .model_types = {"qwen3"},
    .gguf_architectures = {"qwen3"},
    .qk_norm = true,
    .read_config = read_qwen_windows,
};

}  // namespace latent4j
