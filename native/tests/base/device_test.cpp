// device_test.cpp: a device that is not there is an error that lists those that are, or says why there are no others.
#include "base/device.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "engine.h"

namespace latent4j::test {
namespace {

TEST(Device, OneThatIsNotThereIsAnErrorThatListsThoseThatAre) {
  const std::string why = Device::why_no_cuda();
  for (const std::string& id : std::vector<std::string> {"cuda:999", "cuda:", "cuda:x", "cuda:1000000000000", "gpu", "cpu:0"}) {
    std::string text;
    EXPECT_EQ(code_of([&] { Device::open(id); }, &text), "NO_DEVICE") << id;
    EXPECT_NE(text.find("\"" + id + "\""), std::string::npos) << text;
    EXPECT_NE(text.find("present: cpu"), std::string::npos) << text;
    for (const DeviceFacts& device : Device::all()) {
      EXPECT_NE(text.find(device.id == "cpu" ? device.id : device.id + " (" + device.name), std::string::npos) << text;
    }
    EXPECT_EQ(Device::all().size() == 1, !why.empty());
    EXPECT_EQ(text.find("(no CUDA: " + why + ")") != std::string::npos, !why.empty()) << text;
  }
}

// L4J_EXPECT_UNUSABLE: what the reason says, on a machine whose GPU the kernels cannot use.
TEST(Device, EachOneOpensOrSaysWhyNot) {
  const char* expected = std::getenv("L4J_EXPECT_UNUSABLE");
  int unusable = 0;
  for (const DeviceFacts& device : Device::all()) {
    if (device.usable) {
      EXPECT_EQ(Device::open(device.id).id(), device.id);
      continue;
    }
    unusable++;
    std::string text;
    EXPECT_EQ(code_of([&] { Device::open(device.id); }, &text), "UNSUPPORTED") << device.id;
    EXPECT_NE(text.find(device.why), std::string::npos) << text << ", expected " << device.why;
    EXPECT_NE(text.find(expected ? expected : ""), std::string::npos) << text << ", expected " << (expected ? expected : "a reason");
    EXPECT_NE(Device::open("").id(), device.id);
  }
  EXPECT_GE(unusable, expected ? 1 : 0);
}

TEST(Device, TheCpuIsAlwaysThere) {
  EXPECT_EQ(&Device::open("cpu"), &Device::cpu());
  EXPECT_EQ(Device::all().front().id, "cpu");
}

}  // namespace
}  // namespace latent4j::test
