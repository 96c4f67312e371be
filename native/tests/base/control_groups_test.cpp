#include "base/control_groups.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/device.h"

namespace latent4j {
namespace {

class ControlGroupsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "groupsXXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void lay(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }
  void groups(const std::string& lines) { lay("/proc/self/cgroup", lines); }
  ControlGroups read() const { return ControlGroups(root_); }

  std::string root_;
};

TEST_F(ControlGroupsTest, WithoutGroupsNothingIsLimited) {
  EXPECT_EQ(read().bytes(), ControlGroups::kAnyBytes);
  EXPECT_EQ(read().cpus(), ControlGroups::kAnyCpus);
}

TEST_F(ControlGroupsTest, TheLeastLimitOfTheWholePathCounts) {
  groups("0::/a/b/c");
  for (const std::string path : {"/a/b/c", "/a/b", "/a", ""}) lay("/sys/fs/cgroup" + path + "/memory.max", "max");
  EXPECT_EQ(read().bytes(), ControlGroups::kAnyBytes);
  lay("/sys/fs/cgroup/a/memory.max", "2000000");
  EXPECT_EQ(read().bytes(), 2000000);
  lay("/sys/fs/cgroup/a/b/memory.max", "1000000");
  EXPECT_EQ(read().bytes(), 1000000);
  lay("/sys/fs/cgroup/a/b/c/memory.max", "3000000");
  EXPECT_EQ(read().bytes(), 1000000);
  lay("/sys/fs/cgroup/other/memory.max", "7");
  EXPECT_EQ(read().bytes(), 1000000);
}

TEST_F(ControlGroupsTest, AContainerSeesItsGroupAtTheTop) {
  groups("0::/");
  lay("/sys/fs/cgroup/memory.max", "536870912");
  lay("/sys/fs/cgroup/cpu.max", "150000 100000");
  EXPECT_EQ(read().bytes(), 536870912);
  EXPECT_EQ(read().cpus(), 1.5);
}

TEST_F(ControlGroupsTest, Version1CountsAlongThePathToo) {
  groups("12:cpu,cpuacct:/k/pod\n4:memory:/k/pod\n1:name=systemd:/k");
  lay("/sys/fs/cgroup/memory/k/pod/memory.limit_in_bytes", "9223372036854771712");  // none
  lay("/sys/fs/cgroup/memory/k/memory.limit_in_bytes", "268435456");
  lay("/sys/fs/cgroup/cpu,cpuacct/k/pod/cpu.cfs_quota_us", "-1");
  lay("/sys/fs/cgroup/cpu,cpuacct/k/pod/cpu.cfs_period_us", "100000");
  EXPECT_EQ(read().bytes(), 268435456);
  EXPECT_EQ(read().cpus(), ControlGroups::kAnyCpus);
  lay("/sys/fs/cgroup/cpu,cpuacct/k/cpu.cfs_quota_us", "250000");
  lay("/sys/fs/cgroup/cpu,cpuacct/k/cpu.cfs_period_us", "100000");
  EXPECT_EQ(read().cpus(), 2.5);
}

TEST_F(ControlGroupsTest, AContainerOfVersion1MayKnowItsGroupByTheHostsPathAlone) {
  groups("4:memory:/docker/0123\n2:cpu,cpuacct:/docker/0123");
  lay("/sys/fs/cgroup/memory/memory.limit_in_bytes", "100000");
  lay("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000");
  lay("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(read().bytes(), 100000);
  EXPECT_EQ(read().cpus(), 0.5);
}

TEST_F(ControlGroupsTest, BothVersionsMayBeMountedAtOnce) {
  groups("4:memory:/a\n0::/a");
  lay("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "100000");
  EXPECT_EQ(read().bytes(), 100000);
  lay("/sys/fs/cgroup/unified/a/memory.max", "90000");
  EXPECT_EQ(read().bytes(), 90000);
}

TEST_F(ControlGroupsTest, WhatIsNoGroupAndNoNumberIsNoLimit) {
  groups("\nnonsense\n4:memory\n0::\n0::relative");
  lay("/sys/fs/cgroup/memory.max", "plenty");
  EXPECT_EQ(read().bytes(), ControlGroups::kAnyBytes);
  EXPECT_EQ(read().cpus(), ControlGroups::kAnyCpus);
}

TEST(RamBytes, TheDeviceHasNoMoreThanTheGroupsAllow) {
  const int64_t machine = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  EXPECT_EQ(ram_bytes(), std::min(machine, ControlGroups().bytes()));
  EXPECT_EQ(Device::cpu().free_bytes(), ram_bytes());
  EXPECT_GT(ram_bytes(), 0);
}

}  // namespace
}  // namespace latent4j
