// histories.h: histories for tests of penalize and remember.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "kernels/cpu/dispatch.h"

namespace latent4j::test {

inline Penalties no_penalties() { return {1, 0, 0, 0, nullptr, nullptr, 0, 0}; }

inline std::vector<int32_t> random_tokens(int n, int vocab, std::mt19937& random) {
  std::vector<int32_t> tokens(n);
  for (int32_t& token : tokens) token = static_cast<int32_t>(random() % vocab);
  return tokens;
}

// A sequence that has read `prompt` and decoded `decoded`, by the definition, with room for `room` tokens more.
class Remembered {
 public:
  Remembered(const std::vector<int32_t>& prompt, const std::vector<int32_t>& decoded, size_t room = 0) : tokens_(prompt) {
    tokens_.insert(tokens_.end(), decoded.begin(), decoded.end());
    for (int32_t token : tokens_) {
      const auto same = [&](const TokenTally& tally) { return tally.token == token; };
      if (std::any_of(tallies_.begin(), tallies_.end(), same)) continue;
      tallies_.push_back({token, static_cast<int32_t>(std::count(decoded.begin(), decoded.end(), token))});
    }
    n_tokens_ = tokens_.size(), n_distinct_ = tallies_.size();
    tokens_.resize(n_tokens_ + room, -1);
    tallies_.resize(n_distinct_ + room, {-1, -1});
  }

  const std::vector<int32_t>& tokens() const { return tokens_; }
  const std::vector<TokenTally>& tallies() const { return tallies_; }
  History history() { return {tokens_.data(), tallies_.data(), static_cast<int32_t>(n_tokens_), static_cast<int32_t>(n_distinct_)}; }

 private:
  std::vector<int32_t> tokens_;
  std::vector<TokenTally> tallies_;
  size_t n_tokens_, n_distinct_;
};

// Whether two histories say the same.
inline bool same(const History& a, const History& b) {
  return std::equal(a.tokens, a.tokens + a.n_tokens, b.tokens, b.tokens + b.n_tokens) &&
         std::equal(a.tallies, a.tallies + a.n_distinct, b.tallies, b.tallies + b.n_distinct,
                    [](const TokenTally& x, const TokenTally& y) { return x.token == y.token && x.decoded == y.decoded; });
}

}  // namespace latent4j::test
