// cuda_histories.h: histories on the device, for tests of penalize and remember.
#pragma once

#include "kernels/cuda/cuda_test.h"
#include "kernels/histories.h"

namespace latent4j::test {

inline std::vector<History> histories_of(std::vector<Remembered>& remembered) {
  std::vector<History> histories;
  for (Remembered& one : remembered) histories.push_back(one.history());
  return histories;
}

// Copies of histories with the room that they have.
class DeviceHistories {
 public:
  explicit DeviceHistories(std::vector<Remembered>& remembered) {
    std::vector<History> histories = histories_of(remembered);
    for (size_t i = 0; i < histories.size(); i++) {
      tokens_.push_back(std::make_unique<DeviceArray<int32_t>>(remembered[i].tokens()));
      tallies_.push_back(std::make_unique<DeviceArray<TokenTally>>(remembered[i].tallies()));
      histories[i].tokens = tokens_[i]->data();
      histories[i].tallies = tallies_[i]->data();
    }
    histories_ = std::make_unique<DeviceArray<History>>(histories);
  }

  // null: there is none
  History* data() const { return histories_->size() > 0 ? histories_->data() : nullptr; }

  // One of them, read back.
  class Read {
   public:
    Read(const History& at, std::vector<int32_t> tokens, std::vector<TokenTally> tallies)
        : at_(at), tokens_(std::move(tokens)), tallies_(std::move(tallies)) {}
    History history() { return {tokens_.data(), tallies_.data(), at_.n_tokens, at_.n_distinct}; }

   private:
    History at_;
    std::vector<int32_t> tokens_;
    std::vector<TokenTally> tallies_;
  };
  Read read(size_t i) const { return {histories_->read()[i], tokens_[i]->read(), tallies_[i]->read()}; }

 private:
  std::vector<std::unique_ptr<DeviceArray<int32_t>>> tokens_;
  std::vector<std::unique_ptr<DeviceArray<TokenTally>>> tallies_;
  std::unique_ptr<DeviceArray<History>> histories_;
};

}  // namespace latent4j::test
