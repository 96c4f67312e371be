#include "model/model.h"

#include <algorithm>
#include <map>

#include "base/cancel.h"
#include "base/error.h"
#include "kernels/cpu/dispatch.h"
#include "latent4j.h"

namespace latent4j {

namespace {

constexpr int32_t kLargestPage = 1024;
constexpr int32_t kMostThreads = 1024;

std::shared_ptr<PagePool> make_pool(Device& device, const Config& config, const ModelOptions& options) {
  const int32_t page = options.page_size;
  L4J_CHECK(page >= 1 && page <= kLargestPage && (page & (page - 1)) == 0, "BAD_ARGUMENT", "page_size ", page,
            ", expected a power of two from 1 to ", kLargestPage);
  L4J_CHECK(options.memory_positions >= 0, "BAD_ARGUMENT", "memory_positions ", options.memory_positions, ", expected 0 (default) or more");
  PageLayout layout{options.memory_type, page, config.n_layers, config.n_kv_heads, config.head_dim};
  int64_t positions = options.memory_positions;
  const auto position_bytes = static_cast<int64_t>(layout.position_bytes());
  if (positions == 0) positions = std::min<int64_t>(device.free_bytes() / 4 / position_bytes, int64_t{1} << 20);
  return std::make_shared<PagePool>(layout, std::max<int64_t>(1, positions / page + (positions % page != 0)), device);
}

}  // namespace

std::shared_ptr<Alignments> Alignments::shared(const std::shared_ptr<const Weights>& weights) {
  static std::mutex mutex;
  using Known = std::map<std::weak_ptr<const Weights>, std::weak_ptr<Alignments>, std::owner_less<>>;
  static Known& known = *new Known();  // lives as long as the process: threads may outlive statics
  std::lock_guard lock(mutex);
  std::erase_if(known, [](const auto& entry) { return entry.first.expired() || entry.second.expired(); });
  if (auto found = known[weights].lock()) return found;
  auto made = std::make_shared<Alignments>();
  known[weights] = made;
  return made;
}

const Alignment* Alignments::known(AlignmentKind kind) {
  std::lock_guard lock(mutex_);
  return solved_[static_cast<size_t>(kind)].get();
}

const Alignment& Alignments::get(AlignmentKind kind, const Weights& weights, Queue& queue, const Ops& ops, int32_t* cancel) {
  if (const Alignment* found = known(kind)) return *found;
  const auto solving = lock_or_cancel(solving_, cancel, "stopped while another thread solved an alignment");
  if (const Alignment* found = known(kind)) return *found;
  auto solved = std::make_unique<Alignment>(solve_alignment(kind, weights, queue, ops, cancel));
  std::lock_guard lock(mutex_);
  auto& slot = solved_[static_cast<size_t>(kind)];
  slot = std::move(solved);
  return *slot;
}

const std::vector<float>& Alignments::inverse_norms(const Weights& weights, Queue& queue, const Ops& ops, int32_t* cancel) {
  const auto solving = lock_or_cancel(solving_, cancel, "stopped while another thread solved an alignment");
  if (inverse_norms_.empty()) inverse_norms_ = inverse_embedding_norms(weights, queue, ops);
  return inverse_norms_;
}

Model::Model(const std::string& path, const ModelOptions& options, int32_t* cancel) {
  L4J_CHECK(options.n_threads >= 0 && options.n_threads <= kMostThreads, "BAD_ARGUMENT", "n_threads ", options.n_threads,
            ", expected 0 (one per core) to ", kMostThreads);
  cpu_ops_ = &cpu::ops(options.cpu_level);
  device_ = &Device::open(options.device);
  ops_ = device_->host() ? cpu_ops_ : &device_->ops();
  weights_ = Weights::open(path, cancel);
  device_weights_ = DeviceWeights::on(*device_, weights_, cancel);
  check_cancel(cancel, path, ": stopped before its memory pool was made");
  pool_ = make_pool(*device_, weights_->config, options);
  threads_ = ThreadPool::shared(options.n_threads);
  alignments_ = Alignments::shared(weights_);
}

const Alignment& Model::alignment(AlignmentKind kind, int32_t* cancel) {
  Queue on{threads_.get(), nullptr};
  return alignments_->get(kind, *weights_, on, *cpu_ops_, cancel);
}

DeviceAlignment Model::device_alignment(AlignmentKind kind, int32_t* cancel) {
  const Alignment& solved = alignment(kind, cancel);
  if (solved.matrix.empty()) return {nullptr, solved.target_norm};
  return {on_device(matrices_[static_cast<size_t>(kind)], solved.matrix), solved.target_norm};
}

AlignmentKind Model::resolve(int32_t wanted, int32_t* cancel) {
  if (wanted != L4J_ALIGN_AUTO) return static_cast<AlignmentKind>(wanted);
  if (is_tied()) return AlignmentKind::soft;  // ridge is I to 1e-7
  const double distance = alignment(AlignmentKind::ridge, cancel).distance_from_identity(weights_->config.d_model);
  return distance > kFarFromIdentity ? AlignmentKind::ridge : AlignmentKind::soft;
}

const float* Model::embedding_scales(int32_t* cancel) {
  Queue on{threads_.get(), nullptr};
  return on_device(embedding_scales_, alignments_->inverse_norms(*weights_, on, *cpu_ops_, cancel));
}

const float* Model::on_device(std::unique_ptr<Buffer<float>>& copy, const std::vector<float>& host) {
  if (device_->host()) return host.data();
  std::lock_guard lock(matrices_mutex_);
  if (!copy) {
    auto made = std::make_unique<Buffer<float>>(*device_);
    made->reserve(host.size());
    ScopedQueue queue(*device_, nullptr, ScopedQueue::For::copies);
    device_->upload(queue, made->data(), host.data(), host.size() * sizeof(float));
    device_->finish(queue);
    copy = std::move(made);
  }
  return copy->data();
}

Model::Lease::Lease(Model& model) : model_(model) {
  std::lock_guard lock(model.workspaces_mutex_);
  if (model.workspaces_.empty()) {
    workspace_ = std::make_unique<Workspace>(*model.device_, model.threads_.get());
    model.workspaces_.reserve(++model.workspaces_made_);  // so that giving back never allocates
  } else {
    workspace_ = std::move(model.workspaces_.back());
    model.workspaces_.pop_back();
  }
}

Model::Lease::~Lease() {
  std::lock_guard lock(model_.workspaces_mutex_);
  model_.workspaces_.push_back(std::move(workspace_));
}

}  // namespace latent4j
