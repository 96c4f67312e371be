#include "memory/page_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>

#include "base/error.h"

namespace latent4j {
namespace {

PageLayout layout() { return {DType::BF16, 4, 3, 2, 10}; }

TEST(PagePool, GivesDistinctAlignedPagesUntilThereAreNone) {
  PagePool pool(layout(), 5);
  EXPECT_EQ(pool.capacity(), 5);
  std::vector<PageId> pages;
  pool.take(5, pages);
  EXPECT_EQ(std::set<PageId>(pages.begin(), pages.end()).size(), 5u);
  EXPECT_EQ(pool.free_pages(), 0);
  for (PageId page : pages) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(pool.address(page)) % 64, 0u);
    std::memset(pool.address(page), page + 1, layout().page_bytes());
  }
  for (PageId page : pages) {
    for (size_t i = 0; i < layout().page_bytes(); i++) ASSERT_EQ(pool.address(page)[i], static_cast<std::byte>(page + 1));
  }
  pool.release(pages.data(), pages.size());
  EXPECT_EQ(pool.free_pages(), 5);
  EXPECT_EQ(pool.peak_pages(), 5);
}

TEST(PagePool, TakesAllOrNothingAndSaysWhatIsMissing) {
  PagePool pool(layout(), 5);
  std::vector<PageId> pages;
  pool.take(2, pages);
  try {
    pool.take(12, pages);
    FAIL() << "12 of 3 pages";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), "OUT_OF_PAGES");
    EXPECT_NE(std::string(e.what()).find("need 12, free 3"), std::string::npos) << e.what();
  }
  EXPECT_EQ(pages.size(), 2u);
  EXPECT_EQ(pool.free_pages(), 3);
}

TEST(PagePool, TheLastReferenceFrees) {
  PagePool pool(layout(), 4);
  std::vector<PageId> pages;
  pool.take(2, pages);
  EXPECT_FALSE(pool.shared(pages[0]));
  pool.share(pages.data(), 2);
  EXPECT_TRUE(pool.shared(pages[0]));
  pool.release(pages.data(), 2);
  EXPECT_FALSE(pool.shared(pages[1]));
  EXPECT_EQ(pool.free_pages(), 2);
  pool.release(pages.data(), 2);
  EXPECT_EQ(pool.free_pages(), 4);
}

TEST(PagePool, LastInFirstOut) {
  PagePool pool(layout(), 100);
  std::vector<PageId> first, second;
  pool.take(3, first);
  pool.release(first.data(), 3);
  pool.take(3, second);
  EXPECT_EQ(first, second);
  EXPECT_EQ(pool.peak_pages(), 3);
}

TEST(PagePool, AHugeIdlePoolCostsNothingAndAnImpossibleOneSaysSo) {
  PagePool large({DType::BF16, 16, 36, 8, 128}, 20000);  // 45 GiB of address space
  std::vector<PageId> pages;
  large.take(1, pages);
  large.address(pages[0])[0] = std::byte{1};
  EXPECT_THROW(PagePool({DType::BF16, 16, 36, 8, 128}, int64_t{1} << 30), Error);
  EXPECT_THROW(PagePool(layout(), 0), Error);
  EXPECT_THROW(PagePool(layout(), int64_t{1} << 40), Error);
  EXPECT_THROW(PagePool({DType::BF16, 1, 1, 1, 2}, int64_t{1} << 30), Error);  // addresses would do, 8 GiB of tables would not
}

TEST(PagePool, ThreadsMeet) {
  PagePool pool(layout(), 64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int round = 0; round < 500; round++) {
        std::vector<PageId> pages;
        pool.take(1 + round % 8, pages);
        pool.share(pages.data(), pages.size());
        pool.release(pages.data(), pages.size());
        pool.release(pages.data(), pages.size());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool.free_pages(), 64);
  EXPECT_GE(pool.peak_pages(), 8);
}

}  // namespace
}  // namespace latent4j
