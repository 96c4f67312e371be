// safetensors_reader.h: test data from safetensors files, independent of the reader under test.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace latent4j {

struct TestTensor {
  std::string dtype;           // as the file spells it: F32, BF16, F16, I32, I64, U8
  std::vector<int64_t> shape;  // row-major
  std::vector<std::byte> bytes;

  int64_t elements() const {
    int64_t n = 1;
    for (int64_t size : shape) n *= size;
    return n;
  }

  template <typename T>
  std::vector<T> as() const {
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
  }

  // The numbers as f32; F32, BF16, I32, I64 and U8.
  std::vector<float> floats() const {
    if (dtype == "F32") return as<float>();
    if (dtype == "I32") return convert<int32_t>();
    if (dtype == "I64") return convert<int64_t>();
    if (dtype == "U8") return convert<uint8_t>();
    if (dtype != "BF16") throw std::runtime_error("no floats from " + dtype);
    std::vector<float> values;
    for (uint16_t half : as<uint16_t>()) {
      const uint32_t bits = static_cast<uint32_t>(half) << 16;
      values.emplace_back();
      std::memcpy(&values.back(), &bits, sizeof(bits));
    }
    return values;
  }

 private:
  template <typename T>
  std::vector<float> convert() const {
    std::vector<float> values;
    for (T value : as<T>()) values.push_back(static_cast<float>(value));
    return values;
  }
};

// Every tensor of a safetensors file, by name. Throws std::runtime_error if there is no such file.
inline std::map<std::string, TestTensor> read_safetensors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path);
  uint64_t header_bytes = 0;
  file.read(reinterpret_cast<char*>(&header_bytes), sizeof(header_bytes));
  std::string text(header_bytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(header_bytes));
  std::map<std::string, TestTensor> tensors;
  const nlohmann::json header = nlohmann::json::parse(text);
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto begin = entry.at("data_offsets").at(0).get<uint64_t>(), end = entry.at("data_offsets").at(1).get<uint64_t>();
    TestTensor tensor{entry.at("dtype").get<std::string>(), entry.at("shape").get<std::vector<int64_t>>(), {}};
    tensor.bytes.resize(end - begin);
    file.seekg(static_cast<std::streamoff>(8 + header_bytes + begin));
    file.read(reinterpret_cast<char*>(tensor.bytes.data()), static_cast<std::streamsize>(tensor.bytes.size()));
    if (!file) throw std::runtime_error("cut short: " + path);
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

}  // namespace latent4j
