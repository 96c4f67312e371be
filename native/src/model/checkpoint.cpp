// checkpoint.cpp: from a path to mapped files to named tensors.
#include "model/checkpoint.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>

#include "base/cancel.h"
#include "base/error.h"
#include "model/json.h"
#include "model/stand_in.h"

namespace latent4j {

namespace {

constexpr size_t kLargestConfig = size_t{4} << 20, kLargestIndex = size_t{64} << 20;
constexpr size_t kMostFiles = 1'000;  // each is mapped, and a process has 65,530 mappings

bool is_folder(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_there(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0;
}

// Whoever opens a pipe waits for its other end; nobody waits here. What is opened is a regular file.
int open_regular(const std::string& path, struct stat& info) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const int reason = errno;  // ENXIO: a socket, or a device that is not there
  L4J_CHECK(file >= 0 || reason != ENXIO, "BAD_CHECKPOINT", path, ": not a regular file");
  L4J_CHECK(file >= 0, "FILE_NOT_FOUND", path, ": ", std::strerror(reason));
  if (fstat(file, &info) == 0 && S_ISREG(info.st_mode)) return file;
  ::close(file);
  throw Error("BAD_CHECKPOINT", concat(path, ": not a regular file"));
}

void read_fully(int file, const std::string& path, size_t at, std::byte* to, size_t bytes) {
  while (bytes > 0) {
    const ssize_t n = pread(file, to, bytes, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    L4J_CHECK(n >= 0, "BAD_CHECKPOINT", path, ": cannot be read at byte ", at, ": ", std::strerror(errno));
    L4J_CHECK(n > 0, "BAD_CHECKPOINT", path, ": ends at byte ", at, ", expected ", bytes, " more (it became shorter while it was read)");
    at += static_cast<size_t>(n);
    to += n;
    bytes -= static_cast<size_t>(n);
  }
}

nlohmann::json read_json(const std::string& path, size_t most, const JsonLimits& limits, int32_t* cancel) {
  struct stat info {};
  const int file = open_regular(path, info);
  const struct Closing {
    int file;
    ~Closing() { ::close(file); }
  } closing{file};
  const auto size = static_cast<size_t>(info.st_size);
  L4J_CHECK(size > 0, "BAD_CHECKPOINT", path, ": empty, 0 bytes");
  L4J_CHECK(size <= most, "BAD_CHECKPOINT", path, ": ", size, " bytes of JSON, expected at most ", most);
  std::string text(size, '\0');
  read_fully(file, path, 0, reinterpret_cast<std::byte*>(text.data()), size);
  refuse_stand_in(std::string_view(text).substr(0, kStandInBytes), size, path);
  return parse_json(text, path, limits, cancel);
}

// The index file names each tensor's file, beside itself.
void read_index(const std::string& folder, const std::string& path, CheckpointFiles& into, int32_t* cancel) {
  const nlohmann::json index = read_json(path, kLargestIndex, {.values = 4'000'000, .unique_keys = true}, cancel);
  const auto map = Fields(index, path).object("weight_map");
  L4J_CHECK(map, "BAD_CHECKPOINT", path, ": no weight_map, expected an object of tensor names and files");
  const nlohmann::json& entries = index.at("weight_map");
  L4J_CHECK(entries.size() <= kMostTensors, "BAD_CHECKPOINT", path, ": weight_map has ", entries.size(), " tensors, expected at most ",
            kMostTensors);
  std::set<std::string> files;
  for (const auto& [tensor, file] : entries.items()) {
    L4J_CHECK(file.is_string(), "BAD_CHECKPOINT", path, ": weight_map: the file of ", quote(tensor), " is not a text");
    const auto& name = file.get_ref<const std::string&>();
    L4J_CHECK(!name.empty() && name.find('/') == std::string::npos && name.find('\0') == std::string::npos && name != "." && name != "..",
              "BAD_CHECKPOINT", path, ": weight_map: the file of ", quote(tensor), " is ", quote(name),
              ", expected a file of the same folder");
    files.insert(name);
    into.tensor_file.emplace(tensor, folder + "/" + name);
  }
  L4J_CHECK(!files.empty(), "BAD_CHECKPOINT", path, ": weight_map is empty");
  L4J_CHECK(files.size() <= kMostFiles, "BAD_CHECKPOINT", path, ": weight_map names ", files.size(), " files, expected at most ", kMostFiles);
  for (const auto& name : files) into.weights.push_back(folder + "/" + name);
}

}  // namespace

namespace {

struct InMemory : Source {
  using Source::Source;
  void read(size_t at, std::byte* to, size_t bytes) const override { std::memcpy(to, data_ + at, bytes); }
};

}  // namespace

void parse_safetensors(const std::byte* data, size_t size, const std::string& name, Checkpoint& into) {
  parse_safetensors(InMemory(data, size), name, into);
}

void parse_gguf(const std::byte* data, size_t size, const std::string& name, Checkpoint& into) {
  parse_gguf(InMemory(data, size), name, into);
}

MappedFile::MappedFile(const std::string& path) : Source(nullptr, 0), path_(path) {
  struct stat info {};
  file_ = open_regular(path, info);
  void* at = info.st_size > 0 ? mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, file_, 0) : MAP_FAILED;
  if (at == MAP_FAILED) {
    const int reason = errno;
    ::close(file_);
    L4J_CHECK(info.st_size > 0, "BAD_CHECKPOINT", path, ": empty, 0 bytes");
    throw Error(reason == ENOMEM ? "OUT_OF_MEMORY" : "FILE_NOT_FOUND",
                concat(path, ": mapping ", info.st_size, " bytes failed: ", std::strerror(reason)));
  }
  data_ = static_cast<const std::byte*>(at);
  size_ = static_cast<size_t>(info.st_size);
}

MappedFile::~MappedFile() {
  munmap(const_cast<std::byte*>(data_), size_);
  ::close(file_);
}

void MappedFile::read(size_t at, std::byte* to, size_t bytes) const { read_fully(file_, path_, at, to, bytes); }

void MappedFile::check_size() const {
  struct stat info {};
  L4J_CHECK(fstat(file_, &info) == 0 && static_cast<size_t>(info.st_size) >= size_, "BAD_CHECKPOINT", path_, ": ", info.st_size,
            " bytes, expected the ", size_, " that it had when it was opened (something shortened it; close the model)");
}

CheckpointFiles CheckpointFiles::find(const std::string& path, int32_t* cancel) {
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
    read_index(path, index, found, cancel);
  } else {
    throw Error("FILE_NOT_FOUND",
                concat(path, ": neither model.safetensors nor model.safetensors.index.json (pickled *.bin weights are not read)"));
  }
  return found;
}

Checkpoint Checkpoint::open(const std::string& path, const CheckpointFiles& found, int32_t* cancel) {
  Checkpoint checkpoint;
  checkpoint.format = found.format;
  checkpoint.path = path;
  if (found.format == CheckpointFormat::safetensors) checkpoint.metadata = read_json(found.metadata, kLargestConfig, {}, cancel);
  for (const std::string& name : found.weights) {
    check_cancel(cancel, path, ": stopped before ", name, " was opened");
    auto file = std::make_shared<MappedFile>(name);
    if (found.format == CheckpointFormat::gguf) {
      parse_gguf(*file, name, checkpoint, cancel);
    } else {
      parse_safetensors(*file, name, checkpoint, cancel);
    }
    file->check_size();
    checkpoint.files.push_back(std::move(file));
  }
  for (const auto& [tensor, file] : found.tensor_file) {
    const auto at = checkpoint.tensors.find(tensor);
    L4J_CHECK(at != checkpoint.tensors.end(), "BAD_CHECKPOINT", file, ": no tensor ", quote(tensor), ", which the index says is there");
  }
  return checkpoint;
}

}  // namespace latent4j
