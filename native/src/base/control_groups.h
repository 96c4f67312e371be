// control_groups.h: what Linux's control groups, by which containers are kept within bounds, leave to this process.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace latent4j {

// The groups of this process, versions 1 and 2: a limit counts on its own group and on every group above it.
class ControlGroups {
 public:
  static constexpr double kAnyCpus = std::numeric_limits<double>::infinity();
  static constexpr int64_t kAnyBytes = std::numeric_limits<int64_t>::max();

  // `root`: of the file system with /proc and /sys; tests lay one.
  explicit ControlGroups(std::string root = "") : root_(std::move(root)) {}

  // CPUs' worth of time; kAnyCpus where nothing limits it.
  double cpus() const;

  // Memory in bytes; kAnyBytes where nothing limits it.
  int64_t bytes() const;

 private:
  template <typename Visit>
  void each_folder(const std::string& controller, const Visit& visit) const;

  std::string root_;
};

// Memory that this process may use: the machine's, or less where a control group allows less.
int64_t ram_bytes();

}  // namespace latent4j
