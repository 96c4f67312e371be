// tiny_checkpoint.h: random checkpoints of any shape, and their hidden states by the definition, in double precision and without a cache.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/random_weights.h"
#include "model/checkpoint_writers.h"

namespace latent4j::test {

struct TinyShape {
  int32_t n_heads = 2, n_kv_heads = 1, head_dim = 8, d_model = 16, d_ff = 24, vocab = 40, n_layers = 2, window = 0;
};

// A Qwen3 checkpoint (a norm on each head, an output embedding of its own) as named f32 tensors.
class TinyCheckpoint {
 public:
  struct Tensor {
    std::vector<int64_t> shape;
    std::vector<float> values;
  };
  TinyShape shape;
  std::map<std::string, Tensor> tensors;

  explicit TinyCheckpoint(const TinyShape& s) : shape(s) {
    const int64_t q = int64_t{s.n_heads} * s.head_dim, kv = int64_t{s.n_kv_heads} * s.head_dim;
    add("model.embed_tokens.weight", {s.vocab, s.d_model});
    add("lm_head.weight", {s.vocab, s.d_model});
    add("model.norm.weight", {s.d_model});
    for (int32_t i = 0; i < s.n_layers; i++) {
      add(name(i, "input_layernorm"), {s.d_model});
      add(name(i, "self_attn.q_proj"), {q, s.d_model});
      add(name(i, "self_attn.k_proj"), {kv, s.d_model});
      add(name(i, "self_attn.v_proj"), {kv, s.d_model});
      add(name(i, "self_attn.q_norm"), {s.head_dim});
      add(name(i, "self_attn.k_norm"), {s.head_dim});
      add(name(i, "self_attn.o_proj"), {s.d_model, q});
      add(name(i, "post_attention_layernorm"), {s.d_model});
      add(name(i, "mlp.gate_proj"), {s.d_ff, s.d_model});
      add(name(i, "mlp.up_proj"), {s.d_ff, s.d_model});
      add(name(i, "mlp.down_proj"), {s.d_model, s.d_ff});
    }
  }

  static std::string name(int32_t layer, const std::string& what) {
    return "model.layers." + std::to_string(layer) + "." + what + ".weight";
  }

  void write(const Folder& folder) const {
    const TinyShape& s = shape;
    nlohmann::json config = {{"model_type", "qwen3"}, {"num_hidden_layers", s.n_layers}, {"hidden_size", s.d_model},
                             {"num_attention_heads", s.n_heads}, {"num_key_value_heads", s.n_kv_heads}, {"head_dim", s.head_dim},
                             {"intermediate_size", s.d_ff}, {"vocab_size", s.vocab}, {"max_position_embeddings", 4096},
                             {"tie_word_embeddings", false}};
    if (s.window > 0) config.update({{"use_sliding_window", true}, {"sliding_window", s.window}, {"max_window_layers", 0}});
    nlohmann::json header = nlohmann::json::object();
    std::string data;
    for (const auto& [name, tensor] : tensors) {
      const size_t begin = data.size();
      data.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
      header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
    }
    folder.write("config.json", config.dump());
    folder.write("model.safetensors", safetensors(header.dump(), data));
  }

  // [tokens, d_model] after the final norm.
  std::vector<float> hidden(const std::vector<int32_t>& tokens) const {
    std::vector<Row> x;
    for (const int32_t token : tokens) {
      const float* row = tensors.at("model.embed_tokens.weight").values.data() + int64_t{token} * shape.d_model;
      x.emplace_back(row, row + shape.d_model);
    }
    for (int32_t i = 0; i < shape.n_layers; i++) {
      attend(i, x);
      for (Row& row : x) {
        const Row h = norm(row, name(i, "post_attention_layernorm")), up = multiply(name(i, "mlp.up_proj"), h);
        Row gate = multiply(name(i, "mlp.gate_proj"), h);
        for (size_t j = 0; j < gate.size(); j++) gate[j] *= up[j] / (1 + std::exp(-gate[j]));
        add_to(row, multiply(name(i, "mlp.down_proj"), gate));
      }
    }
    std::vector<float> out;
    for (const Row& row : x) {
      const Row h = norm(row, "model.norm.weight");
      out.insert(out.end(), h.begin(), h.end());
    }
    return out;
  }

 private:
  using Row = std::vector<double>;

  void add(const std::string& name, const std::vector<int64_t>& shape) {
    const auto seed = static_cast<uint32_t>(tensors.size() + 1);
    const bool matrix = shape.size() > 1;
    Tensor tensor{shape, random_floats(static_cast<size_t>(shape[0] * (matrix ? shape[1] : 1)), seed, matrix ? 0.3f : 0.2f)};
    if (!matrix) {
      for (float& value : tensor.values) value += 1;
    }
    tensors.emplace(name, std::move(tensor));
  }

  static void add_to(Row& sum, const Row& x) {
    for (size_t i = 0; i < sum.size(); i++) sum[i] += x[i];
  }

  Row norm(const Row& x, const std::string& weight) const {
    double squares = 0;
    for (const double value : x) squares += value * value;
    Row y = x;
    for (size_t i = 0; i < y.size(); i++) y[i] *= tensors.at(weight).values[i] / std::sqrt(squares / x.size() + 1e-6);
    return y;
  }

  Row multiply(const std::string& weight, const Row& x) const {
    const Tensor& w = tensors.at(weight);
    Row y(static_cast<size_t>(w.shape[0]));
    for (size_t i = 0; i < y.size(); i++) {
      for (size_t j = 0; j < x.size(); j++) y[i] += w.values[i * x.size() + j] * x[j];
    }
    return y;
  }

  // Heads of one projection at one position, normalized and rotated.
  std::vector<Row> rotated(const Row& projected, const std::string& weight, int32_t position) const {
    const int32_t half = shape.head_dim / 2;
    std::vector<Row> heads;
    for (auto at = projected.begin(); at != projected.end(); at += shape.head_dim) {
      const Row x = norm(Row(at, at + shape.head_dim), weight);
      Row y(x.size());
      for (int32_t i = 0; i < half; i++) {
        const double angle = position / std::pow(10000.0, 2.0 * i / shape.head_dim);
        y[i] = x[i] * std::cos(angle) - x[half + i] * std::sin(angle);
        y[half + i] = x[half + i] * std::cos(angle) + x[i] * std::sin(angle);
      }
      heads.push_back(y);
    }
    return heads;
  }

  void attend(int32_t layer, std::vector<Row>& x) const {
    const int32_t d = shape.head_dim, group = shape.n_heads / shape.n_kv_heads;
    std::vector<std::vector<Row>> keys;
    std::vector<Row> values;
    for (size_t p = 0; p < x.size(); p++) {
      const Row h = norm(x[p], name(layer, "input_layernorm"));
      keys.push_back(rotated(multiply(name(layer, "self_attn.k_proj"), h), name(layer, "self_attn.k_norm"), static_cast<int32_t>(p)));
      values.push_back(multiply(name(layer, "self_attn.v_proj"), h));
      const auto queries = rotated(multiply(name(layer, "self_attn.q_proj"), h), name(layer, "self_attn.q_norm"), static_cast<int32_t>(p));
      const size_t first = shape.window > 0 && p + 1 > static_cast<size_t>(shape.window) ? p + 1 - shape.window : 0;
      Row attended(static_cast<size_t>(shape.n_heads) * d);
      for (int32_t head = 0; head < shape.n_heads; head++) {
        double sum = 0;
        for (size_t seen = first; seen <= p; seen++) {
          double score = 0;
          for (int32_t i = 0; i < d; i++) score += queries[head][i] * keys[seen][head / group][i];
          const double weight = std::exp(score / std::sqrt(d));
          sum += weight;
          for (int32_t i = 0; i < d; i++) attended[head * d + i] += weight * values[seen][head / group * d + i];
        }
        for (int32_t i = 0; i < d; i++) attended[head * d + i] /= sum;
      }
      add_to(x[p], multiply(name(layer, "self_attn.o_proj"), attended));
    }
  }
};

}  // namespace latent4j::test
