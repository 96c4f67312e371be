// model.h: a model instance: shared weights, the device, ops and threads it runs on, a page pool of its own, and what is made once and
// reused: alignments and workspaces.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernels/ops.h"
#include "latent/alignment.h"
#include "latent/workspace.h"
#include "memory/page_pool.h"
#include "model/device_weights.h"
#include "model/weights.h"

namespace latent4j {

struct ModelOptions {
  int32_t n_threads = 0;         // 0: one per physical core
  int32_t page_size = 16;        // positions per page
  DType memory_type = DType::BF16;
  int64_t memory_positions = 0;  // pool capacity; 0: a quarter of the device's free memory (the CPU's: of the RAM), at most 1 Mi positions
  std::string cpu_level;         // "": the best present
  std::string device;            // "cpu", "cuda:0", ...; "": the best present
};

// Alignments of one set of weights, each solved on first use and kept as long as the weights. Who comes while another thread solves
// waits for it; `cancel` (may be null) ends the solving and the waiting alike, with CANCELLED.
class Alignments {
 public:
  static std::shared_ptr<Alignments> shared(const std::shared_ptr<const Weights>& weights);
  const Alignment& get(AlignmentKind kind, const Weights& weights, Queue& queue, const Ops& ops, int32_t* cancel = nullptr);
  const std::vector<float>& inverse_norms(const Weights& weights, Queue& queue, const Ops& ops, int32_t* cancel);

 private:
  const Alignment* known(AlignmentKind kind);

  std::mutex mutex_;    // of solved_
  std::mutex solving_;  // held while one is solved
  std::array<std::unique_ptr<Alignment>, kMapKinds> solved_;
  std::vector<float> inverse_norms_;
};

// An alignment as align() takes it.
struct DeviceAlignment {
  const float* matrix = nullptr;  // [d_model, d_model] on the device; null: identity
  float target_norm = 0;
};

class Model {
 public:
  // `cancel` (may be null) ends the opening: CANCELLED.
  Model(const std::string& path, const ModelOptions& options, int32_t* cancel = nullptr);

  const Config& config() const { return weights_->config; }
  const Weights& weights() const { return *weights_; }
  const Ops& ops() const { return *ops_; }
  const Ops& cpu_ops() const { return *cpu_ops_; }
  const std::shared_ptr<PagePool>& pool() const { return pool_; }
  Device& device() const { return *device_; }
  const DeviceWeights& device_weights() const { return *device_weights_; }
  int32_t n_threads() const { return threads_->size(); }
  const Alignment& alignment(AlignmentKind kind, int32_t* cancel = nullptr);  // solved on the CPU
  DeviceAlignment device_alignment(AlignmentKind kind, int32_t* cancel = nullptr);
  // Whether output and input embeddings are one matrix: a file may carry both, or say nothing of it.
  bool is_tied() const { return weights_->output.data == weights_->embedding.data; }
  // An l4j_alignment as a kind: what `auto` is on this model.
  AlignmentKind resolve(int32_t alignment, int32_t* cancel = nullptr);
  // [vocab] on the device: 1 / ||row|| of the input embeddings.
  const float* embedding_scales(int32_t* cancel = nullptr);

  // A workspace for the length of one rollout; given back on destruction, so that later rollouts make no new one.
  class Lease {
   public:
    explicit Lease(Model& model);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Workspace& operator*() const { return *workspace_; }
    Workspace* operator->() const { return workspace_.get(); }

   private:
    Model& model_;
    std::unique_ptr<Workspace> workspace_;
  };

 private:
  std::shared_ptr<const Weights> weights_;
  Device* device_;
  std::shared_ptr<const DeviceWeights> device_weights_;
  const Ops* cpu_ops_;  // for what is solved once
  const Ops* ops_;      // the device's
  std::shared_ptr<ThreadPool> threads_;
  std::shared_ptr<PagePool> pool_;
  std::shared_ptr<Alignments> alignments_;
  std::mutex matrices_mutex_;
  // On a device that is not the host:
  const float* on_device(std::unique_ptr<Buffer<float>>& copy, const std::vector<float>& host);
  std::array<std::unique_ptr<Buffer<float>>, kMapKinds> matrices_;  // alignments
  std::unique_ptr<Buffer<float>> embedding_scales_;
  std::mutex workspaces_mutex_;
  std::vector<std::unique_ptr<Workspace>> workspaces_;  // those at rest
  size_t workspaces_made_ = 0;
};

}  // namespace latent4j
