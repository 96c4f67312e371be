// attention_batch.h: batches that the tests of both ways of attention compute on CUDA and on the CPU.
#pragma once

#include "kernels/cuda/device_memory.h"

namespace latent4j::test {

struct AttentionShape {
  int n_heads, n_kv_heads, head_dim, page_size;
  DType dtype;
  int window;
};

// A batch of rows over one memory per sequence, of which one layer of two is asked for.
class AttentionBatch {
 public:
  // Sequence s has positions [0, ends[s]); its last rows[s] positions are the batch's rows. Slots behind ends[s] hold NaN.
  AttentionBatch(const AttentionShape& shape, const std::vector<int>& ends, const std::vector<int>& rows) : shape_(shape), ends_(ends) {
    std::mt19937 random(11);
    for (size_t s = 0; s < ends.size(); s++) {
      memories_.emplace_back(shape.dtype, shape.page_size, 2, shape.n_kv_heads, shape.head_dim, ends[s]);
      memories_.back().fill(0, ends[s], random);
      for (int p = ends[s] - rows[s]; p < ends[s]; p++) places_.push_back({static_cast<int32_t>(s), p});
    }
    q_ = random_floats(places_.size() * row_size(), random);
  }

  size_t row_size() const { return static_cast<size_t>(shape_.n_heads) * shape_.head_dim; }
  int n() const { return static_cast<int>(places_.size()); }
  void grow_queries(float factor) {
    for (float& q : q_) q *= factor;
  }

  std::vector<float> on_cpu(const Ops& ops, Queue queue) {
    std::vector<std::byte* const*> tables;
    for (TestMemory& memory : memories_) tables.push_back(memory.pages());
    const PageLayout layout = memories_[0].layout();
    std::vector<float> out(q_.size());
    ops.attention(queue, args(q_.data(), places_.data(), {tables.data(), &layout}, n(), out.data()));
    return out;
  }

  // Rows [first, first + n) in one op; `longest` as the caller of ops knows it, past the longest row's position.
  std::vector<float> on_cuda(Queue queue, bool prefill, int first, int n, int longest) {
    if (!sequences_) sequences_ = std::make_unique<DeviceSequences>(memories_, ends_);
    const DeviceArray<float> q(std::vector<float>(q_.begin() + first * row_size(), q_.begin() + (first + n) * row_size()));
    const DeviceArray<float> out(std::vector<float>(n * row_size(), NAN));
    const DeviceArray<RowPlace> places(std::vector<RowPlace>(places_.begin() + first, places_.begin() + first + n));
    AttentionArgs a = args(q.data(), places.data(), sequences_->view(), n, out.data());
    a.longest = longest, a.prefill = prefill;
    cuda::attention(queue, a);
    L4J_CUDA_CHECK(cudaStreamSynchronize(queue.stream->handle));
    return out.read();
  }
  std::vector<float> on_cuda(Queue queue, bool prefill) { return on_cuda(queue, prefill, 0, n(), longest()); }
  int longest() const { return *std::max_element(ends_.begin(), ends_.end()); }

 private:
  AttentionArgs args(const float* q, const RowPlace* places, PagedSequences sequences, int n, float* out) const {
    AttentionArgs a{};
    a.q = q, a.places = places, a.sequences = sequences, a.out = out;
    a.n = n, a.n_heads = shape_.n_heads, a.n_kv_heads = shape_.n_kv_heads, a.head_dim = shape_.head_dim;
    a.layer = 1, a.window = shape_.window, a.scale = 1.0f / std::sqrt(static_cast<float>(shape_.head_dim));
    return a;
  }

  AttentionShape shape_;
  std::vector<int> ends_;
  std::vector<TestMemory> memories_;
  std::unique_ptr<DeviceSequences> sequences_;
  std::vector<RowPlace> places_;
  std::vector<float> q_;
};

}  // namespace latent4j::test
