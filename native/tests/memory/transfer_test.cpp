#include "memory/transfer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <tuple>

#include "base/error.h"
#include "kernels/cpu/dispatch.h"

namespace latent4j {
namespace {

constexpr int kLayers = 2, kHeads = 3, kDim = 16;

Config make_config() {
  Config config;
  config.n_layers = kLayers;
  config.n_kv_heads = kHeads;
  config.head_dim = kDim;
  config.max_positions = 1000;
  for (int i = 0; i < kDim / 2; i++) config.rope.inv_freq.push_back(std::pow(10000.0, -2.0 * i / kDim));
  return config;
}

std::shared_ptr<PagePool> make_pool(DType dtype, int page_size, int64_t pages = 400) {
  return std::make_shared<PagePool>(PageLayout{dtype, page_size, kLayers, kHeads, kDim}, pages);
}

// Keys before any rotation and values of `n` positions: what a prefill would have made, rotated to where it put them.
struct Content {
  int n;
  std::vector<float> keys, values;  // [layers, heads, n, dim]
};

Content make_content(int n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Content content{n, {}, {}};
  for (int i = 0; i < kLayers * kHeads * n * kDim; i++) {
    content.keys.push_back(normal(random));
    content.values.push_back(normal(random));
  }
  return content;
}

class TransferTest : public testing::Test {
 protected:
  // A memory whose positions 0 .. n-1 hold the content, keys rotated by their positions.
  std::unique_ptr<Memory> prefill(const std::shared_ptr<PagePool>& pool, const Content& content) {
    auto memory = std::make_unique<Memory>(pool);
    memory->reserve(content.n);
    const PagedView view = memory->view();
    std::vector<float> cos, sin, q(kHeads * kDim);
    for (int p = 0; p < content.n; p++) {
      for (double f : config_.rope.inv_freq) {
        cos.push_back(static_cast<float>(std::cos(p * f)));
        sin.push_back(static_cast<float>(std::sin(p * f)));
      }
    }
    for (int layer = 0; layer < kLayers; layer++) {
      for (int p = 0; p < content.n; p++) {
        std::vector<float> k, v;
        for (int head = 0; head < kHeads; head++) {
          const size_t at = ((static_cast<size_t>(layer) * kHeads + head) * content.n + p) * kDim;
          k.insert(k.end(), content.keys.begin() + at, content.keys.begin() + at + kDim);
          v.insert(v.end(), content.values.begin() + at, content.values.begin() + at + kDim);
        }
        const RowPlace place{0, p};
        KvAppendArgs args{};
        args.q = q.data(), args.k = k.data(), args.v = v.data();
        args.cos = cos.data() + static_cast<size_t>(p) * kDim / 2, args.sin = sin.data() + static_cast<size_t>(p) * kDim / 2;
        args.places = &place, args.sequences = {&view.pages, view.layout};
        args.n = 1, args.n_heads = kHeads, args.n_kv_heads = kHeads, args.head_dim = kDim, args.layer = layer;
        ops_->kv_append(queue_, args);
      }
    }
    memory->commit(content.n);
    return memory;
  }

  std::unique_ptr<Memory> assemble_in(const std::shared_ptr<PagePool>& pool, const std::vector<MemoryRange>& ranges, bool rotate = true) {
    return assemble(queue_, *ops_, config_, pool, ranges, rotate);
  }

  // The two memories hold the same numbers, to `close`.
  void expect_equal(const Memory& a, const Memory& b, float close) {
    ASSERT_EQ(a.length(), b.length());
    const size_t size = static_cast<size_t>(kHeads) * a.length() * kDim;
    std::vector<float> ak(size), av(size), bk(size), bv(size);
    for (int layer = 0; layer < kLayers; layer++) {
      read_layer(a, layer, ak.data(), av.data());
      read_layer(b, layer, bk.data(), bv.data());
      for (size_t i = 0; i < size; i++) {
        ASSERT_NEAR(ak[i], bk[i], close) << "layer " << layer << " key " << i;
        ASSERT_NEAR(av[i], bv[i], close > 1e-3f ? close : 0) << "layer " << layer << " value " << i;
      }
    }
  }

  void expect_code(const char* code, const std::function<void()>& call) {
    try {
      call();
      ADD_FAILURE() << "no " << code;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
    }
  }

  Config config_ = make_config();
  const Ops* ops_ = &cpu::ops("");
  ThreadPool pool_{2};
  Queue queue_{&pool_};
};

Content cut(const std::vector<std::tuple<const Content*, int, int>>& parts) {
  Content whole{0, {}, {}};
  for (const auto& [content, begin, end] : parts) whole.n += end - begin;
  for (int row = 0; row < kLayers * kHeads; row++) {
    for (const auto& [content, begin, end] : parts) {
      const size_t from = (static_cast<size_t>(row) * content->n + begin) * kDim, to = (static_cast<size_t>(row) * content->n + end) * kDim;
      whole.keys.insert(whole.keys.end(), content->keys.begin() + from, content->keys.begin() + to);
      whole.values.insert(whole.values.end(), content->values.begin() + from, content->values.begin() + to);
    }
  }
  return whole;
}

TEST_F(TransferTest, MergeEqualsAPrefillAtTheNewPositions) {
  const Content x = make_content(37, 1), y = make_content(5, 2), z = make_content(64, 3);
  for (const std::string& level : cpu::levels()) {
    ops_ = &cpu::ops(level);
    for (int page_size : {1, 4, 16}) {
      auto pool = make_pool(DType::F32, page_size);
      auto a = prefill(pool, x), b = prefill(pool, y), c = prefill(pool, z);
      auto merged = assemble_in(pool, {{a.get(), 0, 37}, {b.get(), 0, 5}, {c.get(), 0, 64}});
      auto expected = prefill(pool, cut({{&x, 0, 37}, {&y, 0, 5}, {&z, 0, 64}}));
      expect_equal(*merged, *expected, 1e-5f);
      EXPECT_TRUE(merged->hidden().empty());
      auto part = assemble_in(pool, {{c.get(), 20, 50}, {a.get(), 3, 3}, {a.get(), 10, 30}});
      expect_equal(*part, *prefill(pool, cut({{&z, 20, 50}, {&x, 10, 30}})), 1e-5f);
    }
  }
}

TEST_F(TransferTest, BetweenPoolsOfOtherPageSizesAndTypes) {
  const Content x = make_content(45, 4);
  for (DType from : {DType::F32, DType::BF16}) {
    for (DType to : {DType::F32, DType::BF16}) {
      auto source = make_pool(from, 16), target = make_pool(to, 8);
      auto a = prefill(source, x);
      const float close = from == DType::F32 && to == DType::F32 ? 1e-5f : 0.05f;
      expect_equal(*assemble_in(target, {{a.get(), 0, 45}}), *prefill(target, x), close);
      expect_equal(*assemble_in(target, {{a.get(), 7, 45}}), *prefill(target, cut({{&x, 7, 45}})), close);
    }
  }
}

TEST_F(TransferTest, ThereAndBackIsTheSame) {
  auto pool = make_pool(DType::F32, 4);
  auto a = prefill(pool, make_content(30, 5)), b = prefill(pool, make_content(11, 6));
  auto shifted = assemble_in(pool, {{b.get(), 0, 11}, {a.get(), 0, 30}});
  expect_equal(*assemble_in(pool, {{shifted.get(), 11, 41}}), *a, 1e-5f);
}

TEST_F(TransferTest, WithoutRotationKeysStayAsTheyAre) {
  auto pool = make_pool(DType::F32, 4), other = make_pool(DType::F32, 8);
  auto a = prefill(pool, make_content(30, 7));
  for (const auto& target : {pool, other}) {
    for (int begin : {3, 8}) {
      auto slice = assemble_in(target, {{a.get(), begin, 30}}, false);
      std::vector<float> k(kHeads * 30 * kDim), v(k.size()), sk(kHeads * (30 - begin) * kDim), sv(sk.size());
      read_layer(*a, 1, k.data(), v.data());
      read_layer(*slice, 1, sk.data(), sv.data());
      for (int head = 0; head < kHeads; head++) {
        for (int i = 0; i < (30 - begin) * kDim; i++) {
          ASSERT_EQ(sk[head * (30 - begin) * kDim + i], k[(head * 30 + begin) * kDim + i]);
          ASSERT_EQ(sv[head * (30 - begin) * kDim + i], v[(head * 30 + begin) * kDim + i]);
        }
      }
    }
  }
}

TEST_F(TransferTest, SharesPagesThatKeepTheirPositionAndNeverLeaks) {
  auto pool = make_pool(DType::BF16, 4, 40);
  {
    const Content x = make_content(22, 8), y = make_content(9, 9);
    auto a = prefill(pool, x), b = prefill(pool, y);
    const int64_t free = pool->free_pages();
    auto whole = assemble_in(pool, {{a.get(), 0, 22}});
    EXPECT_EQ(pool->free_pages(), free);  // the partial last page too
    whole->reserve(1);
    EXPECT_EQ(pool->free_pages(), free - 1);
    EXPECT_NE(whole->view().pages[5], a->view().pages[5]);
    expect_equal(*whole, *a, 0);

    auto more = assemble_in(pool, {{a.get(), 0, 22}, {b.get(), 0, 9}});
    EXPECT_EQ(pool->free_pages(), free - 1 - 3);  // 5 of 8 pages are a's
    EXPECT_EQ(more->view().pages[4], a->view().pages[4]);
    expect_equal(*more, *prefill(pool, cut({{&x, 0, 22}, {&y, 0, 9}})), 0.05f);

    auto gap = assemble_in(pool, {{b.get(), 0, 6}, {a.get(), 6, 20}});  // a's positions 6 .. 19 stay; pages 2, 3, 4 are whole
    EXPECT_EQ(gap->view().pages[0], b->view().pages[0]);
    EXPECT_EQ(gap->view().pages[2], a->view().pages[2]);
    EXPECT_EQ(gap->view().pages[4], a->view().pages[4]);
    expect_equal(*gap, *prefill(pool, cut({{&y, 0, 6}, {&x, 6, 20}})), 0);
  }
  EXPECT_EQ(pool->free_pages(), 40);
}

TEST_F(TransferTest, RefusesWhatDoesNotFitAndLeavesNothingBehind) {
  auto pool = make_pool(DType::F32, 4, 12);
  auto a = prefill(pool, make_content(30, 10));
  const int64_t free = pool->free_pages();
  expect_code("OUT_OF_PAGES", [&] { assemble_in(pool, {{a.get(), 1, 30}}); });
  expect_code("BAD_ARGUMENT", [&] { assemble_in(pool, {{a.get(), 0, 31}}); });
  expect_code("BAD_ARGUMENT", [&] { assemble_in(pool, {{a.get(), -1, 3}}); });
  expect_code("BAD_ARGUMENT", [&] { assemble_in(pool, {{a.get(), 5, 3}}); });
  expect_code("BAD_ARGUMENT", [&] { assemble_in(pool, {{nullptr, 0, 0}}); });
  auto other = std::make_shared<PagePool>(PageLayout{DType::F32, 4, kLayers, kHeads + 1, kDim}, 20);
  expect_code("INCOMPATIBLE_MEMORY", [&] { assemble_in(other, {{a.get(), 0, 3}}); });
  config_.max_positions = 40;
  expect_code("CONTEXT_EXCEEDED", [&] { assemble_in(pool, {{a.get(), 0, 30}, {a.get(), 0, 11}}); });
  EXPECT_EQ(pool->free_pages(), free);
  EXPECT_EQ(assemble_in(pool, {})->length(), 0);
}

}  // namespace
}  // namespace latent4j
