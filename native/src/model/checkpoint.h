// checkpoint.h: named tensors in memory-mapped files. Knows file formats, not models. Every offset and count of a file is checked before use;
// a file that lies is refused with [BAD_CHECKPOINT] and the file, the key or tensor, the value and what was expected.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace latent4j {

// A read-only mapping of a whole file.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);  // throws FILE_NOT_FOUND, BAD_CHECKPOINT (empty)
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

struct TensorView {
  DType dtype = DType::F32;
  std::vector<int64_t> shape;  // outermost first, as Hugging Face writes it (GGUF's order is reversed on reading)
  const std::byte* data = nullptr;
  size_t bytes = 0;
};

enum class CheckpointFormat { safetensors, gguf };

struct Checkpoint {
  CheckpointFormat format = CheckpointFormat::safetensors;
  std::string path;                           // as opened
  nlohmann::json metadata;                    // config.json, or every key of the GGUF header
  std::map<std::string, TensorView> tensors;  // by the file's own names
  std::vector<std::shared_ptr<MappedFile>> files;

  // A Hugging Face folder (config.json and *.safetensors, by index file where there are many) or a GGUF file.
  static Checkpoint open(const std::string& path);
};

// The two formats alone, over bytes in memory, so that fuzzers reach them without files. `name` is for error texts.
void parse_safetensors(const std::byte* data, size_t size, const std::string& name, Checkpoint& into);
void parse_gguf(const std::byte* data, size_t size, const std::string& name, Checkpoint& into);

}  // namespace latent4j
