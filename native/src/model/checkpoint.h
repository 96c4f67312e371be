// checkpoint.h: named tensors in memory-mapped files. Knows file formats, not models. Every offset and count of a file is checked before
// use; a file that lies is refused with [BAD_CHECKPOINT] and the file, the key or tensor, the value and what was expected.
//
// Reading a file's header takes time and memory in proportion to its bytes, within these limits: config.json 4 MiB, index file 64 MiB,
// 2,000,000 JSON values, 32 levels of JSON, safetensors header 100,000,000 bytes (4 levels), 1,000 files and 100,000 tensors of a
// checkpoint; GGUF header 128 MiB, 10,000 keys, 4,000,000 array elements, 4 levels of arrays. Every function that takes `cancel` (may be
// null) looks at it often and ends with CANCELLED if it is set.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace latent4j {

constexpr size_t kMostTensors = 100'000;  // of a checkpoint; the largest models published have about that many

// What a parser reads a header from. The header is copied out, never read where it is mapped: a file that shrinks meanwhile is an error
// here, while a page that it lost would end the process.
class Source {
 public:
  Source(const std::byte* data, size_t size) : data_(data), size_(size) {}
  virtual ~Source() = default;

  const std::byte* data() const { return data_; }  // where tensors will lie
  size_t size() const { return size_; }
  virtual void read(size_t at, std::byte* to, size_t bytes) const = 0;  // within size()

 protected:
  const std::byte* data_;
  size_t size_;
};

// A read-only mapping of a whole regular file. Mapping reads nothing: pages come in when they are used.
class MappedFile : public Source {
 public:
  explicit MappedFile(const std::string& path);  // throws FILE_NOT_FOUND, BAD_CHECKPOINT (empty, not a regular file)
  ~MappedFile() override;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  void read(size_t at, std::byte* to, size_t bytes) const override;  // throws BAD_CHECKPOINT if the file has become shorter
  // Throws BAD_CHECKPOINT if the file is shorter than when it was mapped: what is gone must not be touched.
  void check_size() const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int file_ = -1;
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
  // Throws FILE_NOT_FOUND, BAD_CHECKPOINT, UNSUPPORTED, CANCELLED.
  static CheckpointFiles find(const std::string& path, int32_t* cancel = nullptr);
};

struct Checkpoint {
  CheckpointFormat format = CheckpointFormat::safetensors;
  std::string path;                           // as opened
  nlohmann::json metadata;                    // config.json, or every key of the GGUF header (its texts need not be valid UTF-8)
  std::map<std::string, TensorView> tensors;  // by the file's own names
  std::vector<std::shared_ptr<MappedFile>> files;

  static Checkpoint open(const std::string& path, const CheckpointFiles& found, int32_t* cancel = nullptr);

  // What errors about the metadata call it.
  std::string metadata_name() const { return format == CheckpointFormat::gguf ? path : path + "/config.json"; }
};

// The two formats alone. `name` is for error texts.
void parse_safetensors(const Source& source, const std::string& name, Checkpoint& into, int32_t* cancel = nullptr);
void parse_gguf(const Source& source, const std::string& name, Checkpoint& into, int32_t* cancel = nullptr);

// The same over bytes in memory.
void parse_safetensors(const std::byte* data, size_t size, const std::string& name, Checkpoint& into);
void parse_gguf(const std::byte* data, size_t size, const std::string& name, Checkpoint& into);

}  // namespace latent4j
