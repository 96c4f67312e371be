// Any bytes as the files of a checkpoint folder, opened as a model's are: config.json, an index and a file of tensors, with the byte 0x1e
// between them. Opened or refused with an Error; nothing else may happen.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/weights.h"

using namespace latent4j;

namespace {

// Gone when the process ends.
struct Folder {
  Folder() {
    char name[] = "/tmp/latent4j-fuzz-XXXXXX";
    if (!mkdtemp(name)) abort();
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"config.json", "model.safetensors.index.json", "model.safetensors"}) {
    const std::string path = folder.path + "/" + name;
    std::filesystem::remove(path);
    if (rest.empty()) continue;
    const size_t end = std::string_view(name) == "model.safetensors" ? rest.size() : std::min(rest.find('\x1e'), rest.size());
    if (end > 0) std::ofstream(path, std::ios::binary).write(rest.data(), static_cast<std::streamsize>(end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  try {
    Weights::open(folder.path);
  } catch (const Error&) {
  }
  return 0;
}
