// Qwen2 and Qwen2.5: Llama's layers with biases on q, k and v.
#include "model/family.h"

namespace latent4j {

extern const Family kQwen2;
const Family kQwen2 = {
    .name = "qwen2",
    .model_types = {"qwen2"},
    .gguf_architectures = {"qwen2"},
    .qkv_bias = true,
    .read_config = read_qwen_windows,
};

}  // namespace latent4j
