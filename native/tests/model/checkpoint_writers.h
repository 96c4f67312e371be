// checkpoint_writers.h: builds small checkpoints of either format, right ones and wrong ones, for tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace latent4j::test {

// A folder that goes away with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "latent4j-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path() const { return path_; }
  std::string write(const std::string& name, const std::string& bytes) const {
    const std::string file = path_ + "/" + name;
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }

 private:
  std::string path_;
};

template <typename T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// n floats that depend on the seed; none is 0.
inline std::string floats(int64_t n, int seed) {
  std::string bytes;
  for (int64_t i = 0; i < n; ++i) append(bytes, static_cast<float>(seed) + static_cast<float>(i % 7 + 1) / 8);
  return bytes;
}

inline std::string safetensors(const std::string& header, const std::string& data) {
  std::string file;
  append<uint64_t>(file, header.size());
  return file + header + data;
}

// Tensors of F32, one after another.
class SafetensorsWriter {
 public:
  SafetensorsWriter& add(const std::string& name, const std::vector<int64_t>& shape) {
    int64_t n = 1;
    for (const int64_t size : shape) n *= size;
    const size_t begin = data_.size();
    data_ += floats(n, ++count_);
    header_[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, data_.size()}}};
    return *this;
  }
  std::string bytes() const { return safetensors(header_.dump(), data_); }

 private:
  nlohmann::json header_ = nlohmann::json::object();
  std::string data_;
  int count_ = 0;
};

// GGUF, little-endian. Types: ggml's numbers. Shapes outermost first.
class GgufWriter {
 public:
  uint32_t version = 3;
  uint64_t alignment = 32;

  GgufWriter& u32(const std::string& key, uint32_t value) { return scalar(key, 4, value); }
  GgufWriter& f32(const std::string& key, float value) { return scalar(key, 6, value); }
  GgufWriter& flag(const std::string& key, bool value) { return scalar<uint8_t>(key, 7, value); }
  GgufWriter& text(const std::string& key, const std::string& value) {
    std::string bytes;
    append<uint64_t>(bytes, value.size());
    return raw(key, 8, bytes + value);
  }
  // A value as it stands in the file.
  GgufWriter& raw(const std::string& key, uint32_t type, const std::string& bytes) {
    name(keys_, key);
    append(keys_, type);
    keys_ += bytes;
    ++n_keys_;
    return *this;
  }

  GgufWriter& f32_tensor(const std::string& name, const std::vector<int64_t>& shape) {
    int64_t n = 1;
    for (const int64_t size : shape) n *= size;
    return tensor(name, shape, 0, floats(n, static_cast<int>(++n_tensors_)), data_.size(), false);
  }
  GgufWriter& tensor(const std::string& name, const std::vector<int64_t>& shape, uint32_t type, const std::string& bytes, uint64_t offset,
                     bool count = true) {
    this->name(tensors_, name);
    append(tensors_, static_cast<uint32_t>(shape.size()));
    for (size_t i = shape.size(); i > 0; --i) append<uint64_t>(tensors_, shape[i - 1]);
    append(tensors_, type);
    append<uint64_t>(tensors_, offset);
    data_ += bytes;
    data_.resize((data_.size() + alignment - 1) / alignment * alignment);
    n_tensors_ += count;
    return *this;
  }
  uint64_t end() const { return data_.size(); }

  std::string bytes() const {
    std::string file = "GGUF";
    append(file, version);
    append<uint64_t>(file, n_tensors_);
    append<uint64_t>(file, n_keys_);
    file += keys_ + tensors_;
    file.resize((file.size() + alignment - 1) / alignment * alignment);
    return file + data_;
  }

 private:
  template <typename T>
  GgufWriter& scalar(const std::string& key, uint32_t type, T value) {
    std::string bytes;
    append(bytes, value);
    return raw(key, type, bytes);
  }
  static void name(std::string& out, const std::string& text) {
    append<uint64_t>(out, text.size());
    out += text;
  }

  std::string keys_, tensors_, data_;
  uint64_t n_keys_ = 0, n_tensors_ = 0;
};

// Runs `call`, which must throw an Error of that code whose text holds every one of `parts`.
template <typename Call>
void expect_error(const std::string& code, const std::vector<std::string>& parts, const Call& call) {
  try {
    call();
    ADD_FAILURE() << "no error, expected " << code;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    for (const std::string& part : parts) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what() << "\nlacks " << part;
    }
  }
}

}  // namespace latent4j::test
