#include "memory/memory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "base/error.h"
#include "memory/transfer.h"

namespace latent4j {
namespace {

constexpr int kPage = 4, kLayers = 2, kHeads = 2, kDim = 8;

std::shared_ptr<PagePool> make_pool(int64_t pages) {
  return std::make_shared<PagePool>(PageLayout{DType::F32, kPage, kLayers, kHeads, kDim}, pages);
}

// Writes one mark per position into every layer and head, keys m, values -m, as kv_append would.
void write(Memory& memory, int position, float mark) {
  const PageLayout& layout = memory.layout();
  std::byte* page = memory.view().pages[position / kPage];
  for (int layer = 0; layer < kLayers; layer++) {
    for (int head = 0; head < kHeads; head++) {
      for (int i = 0; i < kDim; i++) {
        const size_t at = sizeof(float) * (static_cast<size_t>(position % kPage) * kDim + i);
        const float key = mark, value = -mark;
        std::memcpy(page + layout.keys_at(layer, head) + at, &key, 4);
        std::memcpy(page + layout.values_at(layer, head) + at, &value, 4);
      }
    }
  }
}

void append(Memory& memory, const std::vector<float>& marks) {
  memory.reserve(static_cast<int32_t>(marks.size()));
  for (size_t i = 0; i < marks.size(); i++) write(memory, memory.length() + static_cast<int>(i), marks[i]);
  memory.commit(static_cast<int32_t>(marks.size()));
}

// The marks of all positions; fails where layers, heads or numbers of one position differ.
std::vector<float> marks(const Memory& memory) {
  const size_t length = memory.length();
  std::vector<float> found(length), keys(kHeads * length * kDim), values(keys.size());
  for (int layer = 0; layer < kLayers; layer++) {
    read_layer(memory, layer, keys.data(), values.data());
    for (size_t i = 0; i < keys.size(); i++) {
      const size_t p = i / kDim % length;
      if (layer == 0 && i / kDim < length && i % kDim == 0) found[p] = keys[i];
      EXPECT_EQ(keys[i], found[p]);
      EXPECT_EQ(values[i], -found[p]);
    }
  }
  return found;
}

TEST(Memory, GrowsByPagesAndReturnsThem) {
  auto pool = make_pool(4);
  {
    Memory memory(pool);
    append(memory, {1, 2, 3});
    EXPECT_EQ(pool->free_pages(), 3);
    append(memory, {4, 5});
    EXPECT_EQ(pool->free_pages(), 2);
    EXPECT_EQ(marks(memory), (std::vector<float>{1, 2, 3, 4, 5}));
    memory.truncate(4);
    EXPECT_EQ(pool->free_pages(), 3);
    EXPECT_EQ(marks(memory), (std::vector<float>{1, 2, 3, 4}));
  }
  EXPECT_EQ(pool->free_pages(), 4);
}

TEST(Memory, TrimGivesBackWhatWasNotCommitted) {
  auto pool = make_pool(8);
  Memory memory(pool);
  memory.reserve(20);
  EXPECT_EQ(pool->free_pages(), 3);
  for (int p = 0; p < 5; p++) write(memory, p, static_cast<float>(p));
  memory.commit(5);
  memory.reserve(10);  // of which 10 are there already
  EXPECT_EQ(pool->free_pages(), 3);
  memory.trim();
  EXPECT_EQ(pool->free_pages(), 6);
  EXPECT_EQ(marks(memory), (std::vector<float>{0, 1, 2, 3, 4}));
}

TEST(Memory, AForkCopiesOnlyThePageItWrites) {
  auto pool = make_pool(10);
  Memory first(pool);
  append(first, {1, 2, 3, 4, 5, 6});
  Memory fork(pool);
  fork.share(first, 6);
  EXPECT_EQ(pool->free_pages(), 8);
  EXPECT_EQ(marks(fork), marks(first));

  append(fork, {70});
  EXPECT_EQ(pool->free_pages(), 7);
  EXPECT_EQ(fork.view().pages[0], first.view().pages[0]);
  EXPECT_NE(fork.view().pages[1], first.view().pages[1]);
  append(first, {7, 8});
  EXPECT_EQ(pool->free_pages(), 7);  // nobody shared the page any more
  EXPECT_EQ(marks(first), (std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(marks(fork), (std::vector<float>{1, 2, 3, 4, 5, 6, 70}));
}

TEST(Memory, AFullSharedPageIsNotCopied) {
  auto pool = make_pool(10);
  Memory first(pool), fork(pool);
  append(first, {1, 2, 3, 4});
  fork.share(first, 4);
  append(fork, {5});
  EXPECT_EQ(pool->free_pages(), 8);
  EXPECT_EQ(fork.view().pages[0], first.view().pages[0]);
}

TEST(Memory, WritingAfterTruncatingASharedPageLeavesTheOtherAlone) {
  auto pool = make_pool(10);
  Memory first(pool), fork(pool);
  append(first, {1, 2, 3, 4, 5, 6, 7});
  fork.share(first, 7);
  fork.truncate(2);
  append(fork, {30, 40, 50});
  EXPECT_EQ(marks(first), (std::vector<float>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(marks(fork), (std::vector<float>{1, 2, 30, 40, 50}));
}

TEST(Memory, OutOfPagesChangesNothing) {
  auto pool = make_pool(3);
  Memory first(pool), fork(pool);
  append(first, {1, 2, 3, 4, 5, 6});
  fork.share(first, 6);
  std::byte* const page = fork.view().pages[1];
  EXPECT_THROW(fork.reserve(5), Error);  // a copy and two more, one free
  EXPECT_EQ(pool->free_pages(), 1);
  EXPECT_EQ(fork.view().pages[1], page);
  EXPECT_EQ(marks(fork), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  append(fork, {7});
  EXPECT_EQ(pool->free_pages(), 0);
  EXPECT_THROW(fork.reserve(INT32_MAX), Error);
}

TEST(Memory, RefusesLengthsOutside) {
  auto pool = make_pool(3);
  Memory memory(pool);
  append(memory, {1, 2});
  EXPECT_THROW(memory.truncate(3), Error);
  EXPECT_THROW(memory.truncate(-1), Error);
  EXPECT_THROW(memory.commit(7), Error);
  EXPECT_THROW(memory.reserve(-1), Error);
  Memory fork(pool);
  EXPECT_THROW(fork.share(memory, 3), Error);
  EXPECT_EQ(memory.length(), 2);
}

TEST(Memory, TheHiddenStateGoesWithTheLastPosition) {
  auto pool = make_pool(4);
  Memory memory(pool), whole(pool), part(pool);
  append(memory, {1, 2, 3});
  const float hidden[2] = {4, 5};
  memory.set_hidden(hidden, 2);
  memory.truncate(3);
  EXPECT_EQ(memory.hidden(), (std::vector<float>{4, 5}));
  whole.share(memory, 3);
  EXPECT_EQ(whole.hidden(), (std::vector<float>{4, 5}));
  part.share(memory, 2);
  EXPECT_TRUE(part.hidden().empty());
  memory.truncate(2);
  EXPECT_TRUE(memory.hidden().empty());
}

TEST(Memory, RandomOperationsEqualPlainLists) {
  std::mt19937 random(2024);
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  auto pool = make_pool(60);
  std::vector<std::unique_ptr<Memory>> memories;
  std::vector<std::vector<float>> model;
  float next = 1;
  int refused = 0;
  for (int step = 0; step < 4000; step++) {
    const int what = below(10);
    if (memories.empty() || (what == 0 && memories.size() < 12)) {
      memories.push_back(std::make_unique<Memory>(pool));
      model.emplace_back();
      continue;
    }
    const size_t i = below(static_cast<int>(memories.size()));
    Memory& memory = *memories[i];
    if (what <= 4) {
      std::vector<float> added(below(11));
      for (float& mark : added) mark = next++;
      try {
        if (what == 4) memory.reserve(below(9));
        append(memory, added);
        model[i].insert(model[i].end(), added.begin(), added.end());
      } catch (const Error& e) {
        ASSERT_EQ(e.code(), "OUT_OF_PAGES");
        refused++;
      }
    } else if (what == 5) {
      const int length = below(memory.length() + 1);
      memory.truncate(length);
      model[i].resize(length);
    } else if (what == 6 && memories.size() < 12) {
      const int n = below(memory.length() + 1);
      auto fork = std::make_unique<Memory>(pool);
      fork->share(memory, n);
      model.emplace_back(model[i].begin(), model[i].begin() + n);
      memories.push_back(std::move(fork));
    } else if (what == 7) {
      memory.trim();
    } else if (what == 8) {
      memories.erase(memories.begin() + i);
      model.erase(model.begin() + i);
    }
    for (size_t j = 0; j < memories.size(); j++) ASSERT_EQ(marks(*memories[j]), model[j]) << "step " << step;
  }
  EXPECT_GT(refused, 0);
  memories.clear();
  EXPECT_EQ(pool->free_pages(), 60);
}

TEST(MemoryLock, OneWriterOrManyReaders) {
  auto pool = make_pool(1);
  Memory memory(pool);
  using Mode = MemoryLock::Mode;
  const auto busy = [&](Mode mode) {
    try {
      MemoryLock lock(memory, mode);
      return false;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), "MEMORY_BUSY");
      return true;
    }
  };
  {
    MemoryLock reader(memory, Mode::read);
    EXPECT_FALSE(busy(Mode::read));
    EXPECT_TRUE(busy(Mode::write));
  }
  {
    MemoryLock writer(memory, Mode::write);
    EXPECT_TRUE(busy(Mode::read));
    EXPECT_TRUE(busy(Mode::write));
    MemoryLock moved(std::move(writer)), target;
    target = std::move(moved);
    EXPECT_TRUE(busy(Mode::read));
  }
  EXPECT_FALSE(busy(Mode::write));
}

TEST(MemoryLock, ThreadsMeet) {
  auto pool = make_pool(8);
  Memory memory(pool);
  std::vector<std::thread> threads;
  int writes = 0;  // plain: the lock guards it
  std::atomic<int> taken{0};
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2000; round++) {
        try {
          MemoryLock lock(memory, MemoryLock::Mode::write);
          writes++;
          taken++;
        } catch (const Error&) {
          std::this_thread::yield();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(writes, taken);
  EXPECT_GT(writes, 0);
}

}  // namespace
}  // namespace latent4j
