// weights.cpp: tensors to their places, every shape against the config; and one copy per process of the same files.
#include "model/weights.h"

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "base/cancel.h"
#include "base/error.h"
#include "model/family.h"

namespace latent4j {

namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t n : shape) text += concat(text.size() > 1 ? ", " : "", n);
  return text + "]";
}

float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half >> 15) << 31, exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent == 0) return (sign ? -1.0f : 1.0f) * std::ldexp(static_cast<float>(fraction), -24);
  const uint32_t bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13;
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}

// Takes tensors out of a checkpoint by name and remembers which.
class Binder {
 public:
  Binder(const Checkpoint& checkpoint, const TensorNames& names) : checkpoint_(checkpoint), names_(names) {}

  bool has(const std::string& name) const { return checkpoint_.tensors.contains(name); }

  Matrix matrix(const std::string& name, int64_t rows, int64_t cols) {
    const TensorView& view = take(name, {rows, cols});
    Matrix m;
    m.data = view.data;
    m.rows = static_cast<int32_t>(rows);
    m.cols = static_cast<int32_t>(cols);
    m.dtype = view.dtype;
    return m;
  }

  std::vector<float> vector(const std::string& name, int64_t n) {
    const TensorView& view = take(name, {n});
    std::vector<float> values(static_cast<size_t>(n));
    for (size_t i = 0; i < values.size(); ++i) {
      uint16_t half = 0;
      if (view.dtype == DType::F32) {
        std::memcpy(&values[i], view.data + 4 * i, 4);
      } else if (view.dtype == DType::F16) {
        std::memcpy(&half, view.data + 2 * i, 2);
        values[i] = half_to_float(half);
      } else {
        L4J_CHECK(view.dtype == DType::BF16, "UNSUPPORTED", checkpoint_.path, ": tensor ", name, " is a vector of type ",
                  dtype_info(view.dtype).name, ", supported for vectors: F32, F16, BF16");
        std::memcpy(&half, view.data + 2 * i, 2);
        const uint32_t bits = static_cast<uint32_t>(half) << 16;
        std::memcpy(&values[i], &bits, 4);
      }
    }
    return values;
  }

  void ignore(const std::string& name) { used_.insert(name); }

  // An unknown tensor means an unknown model: what it would have done must not be left out silently.
  void refuse_unused(const Config& config) const {
    for (const auto& [name, view] : checkpoint_.tensors) {
      if (used_.contains(name)) continue;
      bool harmless = false;
      for (const std::string& ending : names_.harmless) harmless |= name.ends_with(ending);
      L4J_CHECK(harmless, "UNSUPPORTED", checkpoint_.path, ": tensor ", quote(name), " ", shape_text(view.shape), " has no place in a ",
                config.family, " of ", config.n_layers, " layers, supported: weights and q, k, v biases as its family has them");
    }
  }

 private:
  const TensorView& take(const std::string& name, const std::vector<int64_t>& shape) {
    const auto at = checkpoint_.tensors.find(name);
    L4J_CHECK(at != checkpoint_.tensors.end(), "BAD_CHECKPOINT", checkpoint_.path, ": no tensor ", name, ", expected one of shape ",
              shape_text(shape));
    L4J_CHECK(at->second.shape == shape, "BAD_CHECKPOINT", checkpoint_.path, ": tensor ", name, " has shape ", shape_text(at->second.shape),
              ", expected ", shape_text(shape));
    used_.insert(name);
    return at->second;
  }

  const Checkpoint& checkpoint_;
  const TensorNames& names_;
  std::set<std::string> used_;
};

LayerWeights bind_layer(Binder& from, const TensorNames& names, const Family& family, const Config& c, int32_t layer) {
  const auto at = [layer](std::string name) {
    return name.replace(name.find("{}"), 2, std::to_string(layer));
  };
  const int64_t q_rows = int64_t{c.n_heads} * c.head_dim, kv_rows = int64_t{c.n_kv_heads} * c.head_dim;
  const auto bias = [&](const std::string& name, int64_t n) {
    return family.qkv_bias || from.has(at(name)) ? from.vector(at(name), n) : std::vector<float>();
  };
  LayerWeights w;
  w.attention_norm = from.vector(at(names.attention_norm), c.d_model);
  w.q = from.matrix(at(names.q), q_rows, c.d_model);
  w.k = from.matrix(at(names.k), kv_rows, c.d_model);
  w.v = from.matrix(at(names.v), kv_rows, c.d_model);
  w.q_bias = bias(names.q_bias, q_rows);
  w.k_bias = bias(names.k_bias, kv_rows);
  w.v_bias = bias(names.v_bias, kv_rows);
  if (family.qk_norm) {
    w.q_norm = from.vector(at(names.q_norm), c.head_dim);
    w.k_norm = from.vector(at(names.k_norm), c.head_dim);
  }
  w.o = from.matrix(at(names.o), c.d_model, q_rows);
  w.mlp_norm = from.vector(at(names.mlp_norm), c.d_model);
  w.gate = from.matrix(at(names.gate), c.d_ff, c.d_model);
  w.up = from.matrix(at(names.up), c.d_ff, c.d_model);
  w.down = from.matrix(at(names.down), c.d_model, c.d_ff);
  return w;
}

// Llama 3's scaling as GGUF files carry it: a divisor for each frequency.
void apply_rope_factors(Binder& from, const TensorNames& names, const std::string& path, Config& c) {
  if (names.rope_factors.empty() || !from.has(names.rope_factors)) return;
  const std::vector<float> factors = from.vector(names.rope_factors, c.head_dim / 2);
  for (size_t i = 0; i < factors.size(); ++i) {
    L4J_CHECK(std::isfinite(factors[i]) && factors[i] > 0, "BAD_CHECKPOINT", path, ": tensor ", names.rope_factors, " holds ", factors[i],
              " at ", i, ", expected positive numbers");
    c.rope.inv_freq[i] /= factors[i];
  }
  if (c.rope.type == "default") c.rope.type = "llama3";
}

// What makes two paths the same files: device, inode, size and modification time of each.
std::string identity_of(const CheckpointFiles& found) {
  std::vector<std::string> names = found.weights;
  names.push_back(found.metadata);
  std::string identity;
  for (const std::string& name : names) {
    struct stat s {};
    L4J_CHECK(stat(name.c_str(), &s) == 0, "FILE_NOT_FOUND", name, ": ", std::strerror(errno));
    identity += concat(s.st_dev, ' ', s.st_ino, ' ', s.st_size, ' ', s.st_mtim.tv_sec, ' ', s.st_mtim.tv_nsec, '\n');
  }
  return identity;
}

}  // namespace

std::shared_ptr<const Weights> Weights::bind(Checkpoint checkpoint, int32_t* cancel) {
  auto weights = std::make_shared<Weights>();
  weights->checkpoint = std::move(checkpoint);
  const Checkpoint& from = weights->checkpoint;
  const Family& family = family_of(from);
  weights->config = read_config(from, family);
  Config& c = weights->config;
  const TensorNames& names = family.names(from.format);
  Binder binder(from, names);
  apply_rope_factors(binder, names, from.path, c);
  weights->embedding = binder.matrix(names.embedding, c.vocab, c.d_model);
  weights->output = c.tied_embeddings ? weights->embedding : binder.matrix(names.output, c.vocab, c.d_model);
  if (c.tied_embeddings) binder.ignore(names.output);  // some files carry the tied matrix twice
  weights->final_norm = binder.vector(names.final_norm, c.d_model);
  for (int32_t i = 0; i < c.n_layers; ++i) {
    check_cancel(cancel, from.path, ": stopped before layer ", i, " was bound");
    weights->layers.push_back(bind_layer(binder, names, family, c, i));
  }
  binder.refuse_unused(c);
  return weights;
}

void Weights::check_files() const {
  for (const auto& file : checkpoint.files) file->check_size();
}

std::shared_ptr<const Weights> Weights::open(const std::string& path, int32_t* cancel) {
  static std::mutex mutex;
  // Lives as long as the process: threads may outlive statics.
  static auto& open_now = *new std::map<std::string, std::weak_ptr<const Weights>>();
  check_cancel(cancel, path, ": stopped before it was opened");
  const CheckpointFiles found = CheckpointFiles::find(path, cancel);
  const std::string identity = identity_of(found);
  const auto lock = lock_or_cancel(mutex, cancel, path, ": stopped while another thread opened a checkpoint");
  std::erase_if(open_now, [](const auto& entry) { return entry.second.expired(); });
  if (const auto at = open_now.find(identity); at != open_now.end()) {
    if (auto shared = at->second.lock()) return shared;
  }
  auto weights = bind(Checkpoint::open(path, found, cancel), cancel);
  open_now[identity] = weights;
  return weights;
}

}  // namespace latent4j
