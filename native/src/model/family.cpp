// family.cpp: the registry of families, and the tensor names they share.
#include "model/family.h"

#include <algorithm>

#include "base/error.h"

namespace latent4j {

// One line per family, one file each.
extern const Family kLlama, kQwen2, kQwen3, kMistral;

const std::vector<const Family*>& families() {
  // Here and below: lives as long as the process, threads may outlive statics.
  static const auto& all = *new std::vector<const Family*>{&kLlama, &kQwen2, &kQwen3, &kMistral};
  return all;
}

const TensorNames& hugging_face_names() {
  static const auto& names = *new TensorNames{
      .embedding = "model.embed_tokens.weight",
      .output = "lm_head.weight",
      .final_norm = "model.norm.weight",
      .attention_norm = "model.layers.{}.input_layernorm.weight",
      .q = "model.layers.{}.self_attn.q_proj.weight",
      .k = "model.layers.{}.self_attn.k_proj.weight",
      .v = "model.layers.{}.self_attn.v_proj.weight",
      .o = "model.layers.{}.self_attn.o_proj.weight",
      .q_bias = "model.layers.{}.self_attn.q_proj.bias",
      .k_bias = "model.layers.{}.self_attn.k_proj.bias",
      .v_bias = "model.layers.{}.self_attn.v_proj.bias",
      .q_norm = "model.layers.{}.self_attn.q_norm.weight",
      .k_norm = "model.layers.{}.self_attn.k_norm.weight",
      .mlp_norm = "model.layers.{}.post_attention_layernorm.weight",
      .gate = "model.layers.{}.mlp.gate_proj.weight",
      .up = "model.layers.{}.mlp.up_proj.weight",
      .down = "model.layers.{}.mlp.down_proj.weight",
      .rope_factors = "",
      .harmless = {"rotary_emb.inv_freq"},
  };
  return names;
}

const TensorNames& gguf_names() {
  static const auto& names = *new TensorNames{
      .embedding = "token_embd.weight",
      .output = "output.weight",
      .final_norm = "output_norm.weight",
      .attention_norm = "blk.{}.attn_norm.weight",
      .q = "blk.{}.attn_q.weight",
      .k = "blk.{}.attn_k.weight",
      .v = "blk.{}.attn_v.weight",
      .o = "blk.{}.attn_output.weight",
      .q_bias = "blk.{}.attn_q.bias",
      .k_bias = "blk.{}.attn_k.bias",
      .v_bias = "blk.{}.attn_v.bias",
      .q_norm = "blk.{}.attn_q_norm.weight",
      .k_norm = "blk.{}.attn_k_norm.weight",
      .mlp_norm = "blk.{}.ffn_norm.weight",
      .gate = "blk.{}.ffn_gate.weight",
      .up = "blk.{}.ffn_up.weight",
      .down = "blk.{}.ffn_down.weight",
      .rope_factors = "rope_freqs.weight",
      .harmless = {"attn_rot_embd"},
  };
  return names;
}

const Family& family_of(const Checkpoint& checkpoint) {
  const bool gguf = checkpoint.format == CheckpointFormat::gguf;
  const char* key = gguf ? "general.architecture" : "model_type";
  const std::string wanted = Fields(checkpoint.metadata, checkpoint.metadata_name()).text(key);
  std::string supported;
  for (const Family* family : families()) {
    for (const std::string& known : gguf ? family->gguf_architectures : family->model_types) {
      if (known == wanted) return *family;
      supported += (supported.empty() ? "" : ", ") + known;
    }
  }
  throw Error("UNSUPPORTED", concat(checkpoint.metadata_name(), ": ", key, " is ", quote(wanted), ", supported: ", supported));
}

}  // namespace latent4j
