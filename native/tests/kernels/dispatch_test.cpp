// CPU levels: present ones work and say their name, absent ones are an error that names what is present.
#include <gtest/gtest.h>

#include "base/error.h"
#include "kernels/cpu/dispatch.h"

namespace latent4j {
namespace {

TEST(Dispatch, PlainIsAlwaysPresentAndFirst) {
  const std::vector<std::string> levels = cpu::levels();
  ASSERT_FALSE(levels.empty());
  EXPECT_EQ(levels.front(), "plain");
}

TEST(Dispatch, EveryLevelHasATableOfItsOwnWithEveryOp) {
  const Ops* before = nullptr;
  for (const std::string& level : cpu::levels()) {
    const Ops& ops = cpu::ops(level);
    EXPECT_EQ(ops.name, level);
    EXPECT_NE(&ops, before);
    if (before) {
      EXPECT_NE(ops.matmul, before->matmul) << level;
    }
    EXPECT_TRUE(ops.embed && ops.rms_norm && ops.matmul && ops.kv_append && ops.attention && ops.silu_mul && ops.align && ops.sample &&
                ops.likeliest && ops.mix && ops.nearest && ops.compare && ops.kv_copy && ops.kv_rotate && ops.decode_row);
    before = &ops;
  }
}

TEST(Dispatch, NoNameIsTheBestLevel) { EXPECT_EQ(cpu::ops("").name, cpu::levels().back()); }

TEST(Dispatch, AnAbsentLevelIsUnsupportedAndNamesThePresentOnes) {
  try {
    cpu::ops("avx9000");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "UNSUPPORTED");
    EXPECT_NE(std::string(error.what()).find("avx9000"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find(cpu::levels().back()), std::string::npos);
  }
}

}  // namespace
}  // namespace latent4j
