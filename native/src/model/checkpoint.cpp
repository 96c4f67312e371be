// checkpoint.cpp: from a path to mapped files to named tensors.
#include "model/checkpoint.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>

#include "base/error.h"
#include "model/json.h"

namespace latent4j {

namespace {

constexpr size_t kLargestJsonFile = size_t{64} << 20;

bool is_folder(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_there(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0;
}

nlohmann::json read_json(const std::string& path) {
  const MappedFile file(path);
  L4J_CHECK(file.size() <= kLargestJsonFile, "BAD_CHECKPOINT", path, ": ", file.size(), " bytes of JSON, expected at most ",
            kLargestJsonFile);
  return parse_json({reinterpret_cast<const char*>(file.data()), file.size()}, path);
}

// The index file names each tensor's file, beside itself.
void read_index(const std::string& folder, const std::string& path, CheckpointFiles& into) {
  const nlohmann::json index = read_json(path);
  const auto map = Fields(index, path).object("weight_map");
  L4J_CHECK(map, "BAD_CHECKPOINT", path, ": no weight_map, expected an object of tensor names and files");
  std::set<std::string> files;
  for (const auto& [tensor, file] : index.at("weight_map").items()) {
    L4J_CHECK(file.is_string(), "BAD_CHECKPOINT", path, ": weight_map: the file of ", quote(tensor), " is not a text");
    const auto& name = file.get_ref<const std::string&>();
    L4J_CHECK(!name.empty() && name.find('/') == std::string::npos && name.find('\0') == std::string::npos && name != "." && name != "..",
              "BAD_CHECKPOINT", path, ": weight_map: the file of ", quote(tensor), " is ", quote(name),
              ", expected a file of the same folder");
    files.insert(name);
    into.tensor_file.emplace(tensor, folder + "/" + name);
  }
  L4J_CHECK(!files.empty(), "BAD_CHECKPOINT", path, ": weight_map is empty");
  for (const auto& name : files) into.weights.push_back(folder + "/" + name);
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  L4J_CHECK(file >= 0, "FILE_NOT_FOUND", path, ": ", std::strerror(errno));
  struct stat info {};
  const bool known = fstat(file, &info) == 0;
  const bool usable = known && S_ISREG(info.st_mode) && info.st_size > 0;
  void* at = usable ? mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;
  const int reason = errno;
  ::close(file);
  L4J_CHECK(known && S_ISREG(info.st_mode), "BAD_CHECKPOINT", path, ": not a regular file");
  L4J_CHECK(info.st_size > 0, "BAD_CHECKPOINT", path, ": empty, 0 bytes");
  L4J_CHECK(at != MAP_FAILED, reason == ENOMEM ? "OUT_OF_MEMORY" : "FILE_NOT_FOUND", path, ": mapping ", info.st_size, " bytes failed: ",
            std::strerror(reason));
  data_ = static_cast<const std::byte*>(at);
  size_ = static_cast<size_t>(info.st_size);
}

MappedFile::~MappedFile() {
  if (data_) munmap(const_cast<std::byte*>(data_), size_);
}

CheckpointFiles CheckpointFiles::find(const std::string& path) {
  CheckpointFiles found;
  if (!is_folder(path)) {
    L4J_CHECK(is_there(path), "FILE_NOT_FOUND", path, ": ", std::strerror(errno));
    L4J_CHECK(path.ends_with(".gguf"), "UNSUPPORTED", path, ": expected a folder with config.json and *.safetensors, or a .gguf file");
    found.format = CheckpointFormat::gguf;
    found.metadata = path;
    found.weights = {path};
    return found;
  }
  found.metadata = path + "/config.json";
  L4J_CHECK(is_there(found.metadata), "FILE_NOT_FOUND", found.metadata, ": ", std::strerror(errno));
  const std::string single = path + "/model.safetensors", index = path + "/model.safetensors.index.json";
  if (is_there(single)) {
    found.weights = {single};
  } else if (is_there(index)) {
    read_index(path, index, found);
  } else {
    throw Error("FILE_NOT_FOUND",
                concat(path, ": neither model.safetensors nor model.safetensors.index.json (pickled *.bin weights are not read)"));
  }
  return found;
}

Checkpoint Checkpoint::open(const std::string& path) { return open(path, CheckpointFiles::find(path)); }

Checkpoint Checkpoint::open(const std::string& path, const CheckpointFiles& found) {
  Checkpoint checkpoint;
  checkpoint.format = found.format;
  checkpoint.path = path;
  if (found.format == CheckpointFormat::safetensors) checkpoint.metadata = read_json(found.metadata);
  for (const std::string& name : found.weights) {
    auto file = std::make_shared<MappedFile>(name);
    (found.format == CheckpointFormat::gguf ? parse_gguf : parse_safetensors)(file->data(), file->size(), name, checkpoint);
    checkpoint.files.push_back(std::move(file));
  }
  for (const auto& [tensor, file] : found.tensor_file) {
    const auto at = checkpoint.tensors.find(tensor);
    L4J_CHECK(at != checkpoint.tensors.end(), "BAD_CHECKPOINT", file, ": no tensor ", quote(tensor), ", which the index says is there");
  }
  return checkpoint;
}

}  // namespace latent4j
