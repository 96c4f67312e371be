// device_weights.h: weights as the decoder reads them, on one device. On the CPU they are the mapped files themselves; a GPU holds a copy
// of its own, which every instance of the same weights on it shares.
#pragma once

#include <memory>
#include <vector>

#include "base/device.h"
#include "model/weights.h"

namespace latent4j {

struct DeviceLayer {
  const float* attention_norm;                         // [d_model]
  Matrix q, k, v;                                      // [n_heads * head_dim, d_model], [n_kv_heads * head_dim, d_model] twice
  const float *q_bias, *k_bias, *v_bias;               // as many as rows, or null
  const float *q_norm, *k_norm;                        // [head_dim] or null
  Matrix o;                                            // [d_model, n_heads * head_dim]
  const float* mlp_norm;                               // [d_model]
  Matrix gate, up;                                     // [d_ff, d_model]
  Matrix down;                                         // [d_model, d_ff]
};

class DeviceWeights {
 public:
  // Throws OUT_OF_MEMORY and, for a shape that the device's kernels do not take, UNSUPPORTED; CANCELLED if `cancel` (may be null) is set.
  static std::shared_ptr<const DeviceWeights> on(Device& device, const std::shared_ptr<const Weights>& weights, int32_t* cancel = nullptr);
  ~DeviceWeights();
  DeviceWeights(const DeviceWeights&) = delete;
  DeviceWeights& operator=(const DeviceWeights&) = delete;

  const Weights& host() const { return *weights_; }
  const Config& config() const { return weights_->config; }

  Matrix embedding;               // [vocab, d_model]
  Matrix output;                  // [vocab, d_model]; the embedding where tied
  const float* final_norm = nullptr;  // [d_model]
  const double* inv_freq = nullptr;   // [head_dim / 2]
  std::vector<DeviceLayer> layers;

 private:
  DeviceWeights(Device& device, std::shared_ptr<const Weights> weights);
  void copy(int32_t* cancel);

  Device& device_;
  std::shared_ptr<const Weights> weights_;
  std::vector<std::byte*> owned_;
};

}  // namespace latent4j
