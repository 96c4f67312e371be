// checkpoint.h: named tensors in memory-mapped files. Knows file formats, not models. Every offset and count of a file is checked before
// use; a file that lies is refused with [BAD_CHECKPOINT] and the file, the key or tensor, the value and what was expected.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace latent4j {

// A read-only mapping of a whole file. Mapping reads nothing: pages come in when they are used.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);  // throws FILE_NOT_FOUND, BAD_CHECKPOINT (empty, not a file)
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

// Which files a path stands for, found without reading any weights.
struct CheckpointFiles {
  CheckpointFormat format = CheckpointFormat::safetensors;
  std::string metadata;                            // config.json, or the GGUF file
  std::vector<std::string> weights;                // the files that hold tensors
  std::map<std::string, std::string> tensor_file;  // by the index file: tensor to file; empty without an index

  // A Hugging Face folder (config.json and model.safetensors or model.safetensors.index.json) or a .gguf file.
  // Throws FILE_NOT_FOUND, BAD_CHECKPOINT, UNSUPPORTED.
  static CheckpointFiles find(const std::string& path);
};

struct Checkpoint {
  CheckpointFormat format = CheckpointFormat::safetensors;
  std::string path;                           // as opened
  nlohmann::json metadata;                    // config.json, or every key of the GGUF header (its texts need not be valid UTF-8)
  std::map<std::string, TensorView> tensors;  // by the file's own names
  std::vector<std::shared_ptr<MappedFile>> files;

  static Checkpoint open(const std::string& path);
  static Checkpoint open(const std::string& path, const CheckpointFiles& found);

  // What errors about the metadata call it.
  std::string metadata_name() const { return format == CheckpointFormat::gguf ? path : path + "/config.json"; }
};

// The two formats alone, over bytes in memory, so that fuzzers reach them without files. `name` is for error texts.
void parse_safetensors(const std::byte* data, size_t size, const std::string& name, Checkpoint& into);
void parse_gguf(const std::byte* data, size_t size, const std::string& name, Checkpoint& into);

}  // namespace latent4j
