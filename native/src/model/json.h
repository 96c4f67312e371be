// json.h: JSON of files nobody vouches for: parsed within limits, read by key with errors that name the file, the key and the value.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace latent4j {

// Text of a file as it may stand in an error: quoted, printable ASCII, cut to a readable length.
std::string quote(std::string_view text);

struct JsonLimits {
  int depth = 32;
  int64_t values = 2'000'000;
  bool unique_keys = false;  // refuse an object that names a key twice (else the last one counts)
};

// Throws BAD_CHECKPOINT naming `name` and the byte where the text stops being JSON; CANCELLED if `cancel` (may be null) is set meanwhile.
// Takes time and memory in proportion to the text.
nlohmann::json parse_json(std::string_view text, const std::string& name, const JsonLimits& limits = {}, int32_t* cancel = nullptr);

// The keys of one JSON object, a key that is null counting as absent.
class Fields {
 public:
  // `object` must outlive this. `name`: the file, and the path to this object, for errors.
  Fields(const nlohmann::json& object, std::string name);

  const std::string& name() const { return name_; }
  const nlohmann::json* find(const std::string& key) const;
  bool has(const std::string& key) const { return find(key) != nullptr; }
  bool is_null(const std::string& key) const;  // there, and null

  // Each throws BAD_CHECKPOINT where the value is of another type or out of bounds; without a fallback also where it is absent.
  int64_t integer(const std::string& key, int64_t least, int64_t most, std::optional<int64_t> fallback = {}) const;
  double number(const std::string& key, double least, double most, std::optional<double> fallback = {}) const;
  bool boolean(const std::string& key, bool fallback) const;
  std::string text(const std::string& key, std::optional<std::string> fallback = {}) const;
  std::optional<Fields> object(const std::string& key) const;

  // [BAD_CHECKPOINT] file: key is VALUE, expected EXPECTED.
  [[noreturn]] void refuse(const std::string& key, const std::string& expected) const;

 private:
  const nlohmann::json* object_;
  std::string name_;
};

}  // namespace latent4j
