// control_groups.cpp: limits out of the files below /sys/fs/cgroup.
#include "base/control_groups.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace latent4j {

namespace {

// A number that is a limit; "max", -1 and a file that is not there are none.
template <typename Number>
bool read_limit(const std::string& path, Number& limit) {
  std::ifstream in(path);
  return in >> limit && limit > 0;
}

bool has(const std::string& controllers, const std::string& controller) {
  std::istringstream in(controllers);
  for (std::string name; std::getline(in, name, ',');) {
    if (name == controller) return true;
  }
  return false;
}

}  // namespace

// Calls visit(folder, version 2?) for the group of that controller and each one above it. Inside a container the path may be the host's,
// of which only the last folder is mounted: at the top, which is visited too.
template <typename Visit>
void ControlGroups::each_folder(const std::string& controller, const Visit& visit) const {
  std::ifstream groups(root_ + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // number:controllers:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool unified = controllers.empty();
    if (!unified && !has(controllers, controller)) continue;
    for (std::string path = line.substr(second + 1);; path.resize(path.rfind('/'))) {
      if (path == "/") path.clear();
      for (const std::string& mount : {unified ? std::string() : "/" + controller, unified ? "/unified" : "/" + controllers}) {
        visit(root_ + "/sys/fs/cgroup" + mount + path, unified);
      }
      if (path.empty() || path.rfind('/') == std::string::npos) break;
    }
  }
}

double ControlGroups::cpus() const {
  double cpus = kAnyCpus;
  each_folder("cpu", [&](const std::string& folder, bool unified) {
    double quota = 0, period = 0;
    if (unified) {
      std::ifstream in(folder + "/cpu.max");
      if (!(in >> quota >> period)) return;  // "max 100000"
    } else if (!read_limit(folder + "/cpu.cfs_quota_us", quota) || !read_limit(folder + "/cpu.cfs_period_us", period)) {
      return;
    }
    if (quota > 0 && period > 0) cpus = std::min(cpus, quota / period);
  });
  return cpus;
}

int64_t ControlGroups::bytes() const {
  int64_t bytes = kAnyBytes;
  each_folder("memory", [&](const std::string& folder, bool unified) {
    int64_t limit = 0;
    if (read_limit(folder + (unified ? "/memory.max" : "/memory.limit_in_bytes"), limit)) bytes = std::min(bytes, limit);
  });
  return bytes;
}

int64_t ram_bytes() {
  return std::min(static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE), ControlGroups().bytes());
}

}  // namespace latent4j
