// device_weights.cpp: places on the CPU, copies elsewhere.
#include "model/device_weights.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/cancel.h"
#include "base/error.h"
#include "kernels/cuda/limits.h"

namespace latent4j {

namespace {

void check_shape(const Device& device, const Config& c) {
  using namespace cuda;
  for (const auto& [name, value] : {std::pair{"d_model", c.d_model}, {"d_ff", c.d_ff}, {"n_heads * head_dim", c.n_heads * c.head_dim}}) {
    L4J_CHECK(value % kRowMultiple == 0 && value <= kWidestRow, "UNSUPPORTED", name, " ", value, " on ", device.id(),
              ", supported: multiples of ", kRowMultiple, " up to ", kWidestRow, " (the CPU takes any)");
  }
  L4J_CHECK(c.n_heads / c.n_kv_heads <= kMostQueriesPerKey, "UNSUPPORTED", "n_heads / n_kv_heads ", c.n_heads / c.n_kv_heads, " on ",
            device.id(), ", supported: up to ", kMostQueriesPerKey, " (the CPU takes any)");
  std::string head_dims;
  for (const int32_t head_dim : kHeadDims) head_dims += (head_dims.empty() ? "" : ", ") + std::to_string(head_dim);
  L4J_CHECK(std::find(std::begin(kHeadDims), std::end(kHeadDims), c.head_dim) != std::end(kHeadDims), "UNSUPPORTED", "head_dim ",
            c.head_dim, " on ", device.id(), ", supported: ", head_dims, " (the CPU takes any)");
}

}  // namespace

std::shared_ptr<const DeviceWeights> DeviceWeights::on(Device& device, const std::shared_ptr<const Weights>& weights,
                                                       int32_t* cancel) {
  static std::mutex mutex;  // held while weights are copied: who wants the same ones waits for them
  using Key = std::pair<Device*, const Weights*>;
  static auto& known = *new std::map<Key, std::weak_ptr<const DeviceWeights>>();  // lives as long as the process
  const auto lock = lock_or_cancel(mutex, cancel, "stopped while another thread copied weights to a device");
  std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
  auto& slot = known[{&device, weights.get()}];
  if (auto found = slot.lock()) return found;
  std::shared_ptr<DeviceWeights> made(new DeviceWeights(device, weights));
  made->copy(cancel);
  slot = made;
  return made;
}

DeviceWeights::DeviceWeights(Device& device, std::shared_ptr<const Weights> weights) : device_(device), weights_(std::move(weights)) {}

DeviceWeights::~DeviceWeights() {
  for (std::byte* memory : owned_) device_.release(memory);
}

void DeviceWeights::copy(int32_t* cancel) {
  const Weights& w = *weights_;
  if (!device_.host()) check_shape(device_, w.config);
  ScopedQueue queue(device_);
  const auto matrix = [&](const Matrix& m) {
    if (device_.host()) return m;
    check_cancel(cancel, "stopped while weights were copied to ", device_.id());
    owned_.reserve(owned_.size() + 1);
    const Matrix stored = device_.store(queue, m);
    owned_.push_back(const_cast<std::byte*>(stored.data));
    return stored;
  };
  const auto vector = [&]<typename T>(const std::vector<T>& values) -> const T* {
    if (values.empty() || device_.host()) return values.empty() ? nullptr : values.data();
    owned_.reserve(owned_.size() + 1);
    owned_.push_back(device_.allocate(values.size() * sizeof(T)));
    device_.upload(queue, owned_.back(), values.data(), values.size() * sizeof(T));
    return reinterpret_cast<const T*>(owned_.back());
  };
  embedding = matrix(w.embedding);
  output = w.output.data == w.embedding.data ? embedding : matrix(w.output);
  final_norm = vector(w.final_norm);
  inv_freq = vector(w.config.rope.inv_freq);
  for (const LayerWeights& l : w.layers) {
    layers.push_back({.attention_norm = vector(l.attention_norm), .q = matrix(l.q), .k = matrix(l.k), .v = matrix(l.v),
                      .q_bias = vector(l.q_bias), .k_bias = vector(l.k_bias), .v_bias = vector(l.v_bias),
                      .q_norm = vector(l.q_norm), .k_norm = vector(l.k_norm), .o = matrix(l.o),
                      .mlp_norm = vector(l.mlp_norm), .gate = matrix(l.gate), .up = matrix(l.up), .down = matrix(l.down)});
  }
  device_.finish(queue);
}

}  // namespace latent4j
