// device_memory.h: a TestMemory's twin on the device, each page an allocation of its own, so that a checker sees the first byte past it.
#pragma once

#include <cstring>

#include "kernels/cuda/cuda_test.h"

namespace latent4j::test {

class DeviceMemory {
 public:
  DeviceMemory(TestMemory& memory, int length) : layout_(memory.layout()) {
    for (int page = 0; page * layout_.page_size < length; page++) {
      storage_.push_back(std::make_unique<DeviceArray<std::byte>>(layout_.page_bytes()));
      pages_.push_back(storage_.back()->data());
      L4J_CUDA_CHECK(cudaMemcpy(pages_.back(), memory.pages()[page], layout_.page_bytes(), cudaMemcpyHostToDevice));
    }
    table_ = std::make_unique<DeviceArray<std::byte*>>(pages_);
  }

  std::byte* const* table() const { return table_->data(); }  // on the device
  PagedView host_view() const { return {pages_.data(), &layout_}; }
  void read_into(TestMemory& memory) const {
    for (size_t page = 0; page < pages_.size(); page++) {
      L4J_CUDA_CHECK(cudaMemcpy(memory.pages()[page], pages_[page], layout_.page_bytes(), cudaMemcpyDeviceToHost));
    }
  }

 private:
  PageLayout layout_;
  std::vector<std::unique_ptr<DeviceArray<std::byte>>> storage_;
  std::vector<std::byte*> pages_;
  std::unique_ptr<DeviceArray<std::byte*>> table_;
};

// The page tables of a batch's sequences, on the device.
class DeviceSequences {
 public:
  DeviceSequences(std::vector<TestMemory>& memories, const std::vector<int>& lengths) : layout_(memories[0].layout()) {
    std::vector<std::byte* const*> tables;
    for (size_t i = 0; i < memories.size(); i++) {
      memories_.push_back(std::make_unique<DeviceMemory>(memories[i], lengths[i]));
      tables.push_back(memories_.back()->table());
    }
    tables_ = std::make_unique<DeviceArray<std::byte* const*>>(tables);
  }

  PagedSequences view() const { return {tables_->data(), &layout_}; }
  const DeviceMemory& operator[](size_t i) const { return *memories_[i]; }

 private:
  PageLayout layout_;
  std::vector<std::unique_ptr<DeviceMemory>> memories_;
  std::unique_ptr<DeviceArray<std::byte* const*>> tables_;
};

// Values equal, keys within `tolerance` of the largest number (1) and, where they are bf16, one last place; NaN where the other is.
inline void expect_same_memory(const TestMemory& actual, const TestMemory& expected, int length, double tolerance) {
  const PageLayout& layout = expected.layout();
  const double relative = layout.dtype == DType::F32 ? 0 : 1.0 / 128;
  for (int layer = 0; layer < layout.n_layers; layer++) {
    for (int head = 0; head < layout.n_kv_heads; head++) {
      for (int p = 0; p < length; p++) {
        for (int i = 0; i < layout.head_dim; i++) {
          const float key = expected.key(layer, head, p, i), value = expected.value(layer, head, p, i);
          const float actual_key = actual.key(layer, head, p, i), actual_value = actual.value(layer, head, p, i);
          ASSERT_TRUE(std::isnan(value) ? std::isnan(actual_value) : actual_value == value) << "value of position " << p << ", " << i;
          ASSERT_TRUE(std::isnan(key) ? std::isnan(actual_key) : std::abs(actual_key - key) <= tolerance + relative * std::abs(key))
              << "key of position " << p << ", " << i << ": " << actual_key << ", expected " << key;
        }
      }
    }
  }
}

}  // namespace latent4j::test
