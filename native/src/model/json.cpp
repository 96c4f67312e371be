// json.cpp: nlohmann::json behind limits: depth, number of values and doubled keys are checked while parsing, before anything is built on
// them.
#include "model/json.h"

#include <cmath>
#include <set>
#include <vector>

#include "base/error.h"

namespace latent4j {

using nlohmann::json;

std::string quote(std::string_view text) {
  constexpr size_t kLongest = 120;
  static const char* digits = "0123456789abcdef";
  std::string out = "\"";
  for (size_t i = 0; i < text.size() && i < kLongest; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7f) {
      out += static_cast<char>(c);
    } else {
      out += "\\x";
      out += digits[c >> 4];
      out += digits[c & 15];
    }
  }
  return out + (text.size() > kLongest ? "...\"" : "\"");
}

json parse_json(std::string_view text, const std::string& name, const JsonLimits& limits) {
  int64_t values = 0;
  std::vector<std::set<std::string>> keys;  // of the objects open at this point
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) {
      L4J_CHECK(depth < limits.depth, "BAD_CHECKPOINT", name, ": JSON nested deeper than ", limits.depth, " levels");
    }
    if (event != json::parse_event_t::object_end && event != json::parse_event_t::array_end) {
      L4J_CHECK(++values <= limits.values, "BAD_CHECKPOINT", name, ": JSON of more than ", limits.values, " values");
    }
    if (!limits.unique_keys) return true;
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      L4J_CHECK(keys.back().insert(key).second, "BAD_CHECKPOINT", name, ": key ", quote(key), " stands twice in one object, expected once");
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), watch);
  } catch (const json::parse_error& error) {
    throw Error("BAD_CHECKPOINT", concat(name, ": not JSON from byte ", error.byte, " on (", text.size(), " bytes of text)"));
  } catch (const json::exception& error) {  // a number beyond every type
    throw Error("BAD_CHECKPOINT", concat(name, ": JSON that cannot be represented (error ", error.id, ")"));
  }
}

Fields::Fields(const json& object, std::string name) : object_(&object), name_(std::move(name)) {
  L4J_CHECK(object.is_object(), "BAD_CHECKPOINT", name_, ": ", object.type_name(), ", expected a JSON object");
}

const json* Fields::find(const std::string& key) const {
  const auto at = object_->find(key);
  return at == object_->end() || at->is_null() ? nullptr : &*at;
}

bool Fields::is_null(const std::string& key) const {
  const auto at = object_->find(key);
  return at != object_->end() && at->is_null();
}

void Fields::refuse(const std::string& key, const std::string& expected) const {
  const json* value = find(key);
  if (!value) throw Error("BAD_CHECKPOINT", concat(name_, ": no ", key, ", expected ", expected));
  const std::string shown = value->is_structured() ? concat("an ", value->type_name(), " of ", value->size())
                            : value->is_string()   ? quote(value->get_ref<const std::string&>())
                                                   : value->dump(-1, ' ', true, json::error_handler_t::replace);
  throw Error("BAD_CHECKPOINT", concat(name_, ": ", key, " is ", shown, ", expected ", expected));
}

int64_t Fields::integer(const std::string& key, int64_t least, int64_t most, std::optional<int64_t> fallback) const {
  const json* value = find(key);
  if (!value && fallback) return *fallback;
  if (value && value->is_number_unsigned() && value->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)) {
    const auto x = static_cast<int64_t>(value->get<uint64_t>());
    if (x >= least && x <= most) return x;
  } else if (value && value->is_number_integer() && !value->is_number_unsigned()) {
    const auto x = value->get<int64_t>();
    if (x >= least && x <= most) return x;
  } else if (value && value->is_number_float()) {  // 4096.0, as some converters write
    const double x = value->get<double>();
    if (x >= static_cast<double>(least) && x <= static_cast<double>(most) && std::fabs(x) < 9e15 && x == std::floor(x)) {
      return static_cast<int64_t>(x);
    }
  }
  refuse(key, concat("a whole number from ", least, " to ", most));
}

double Fields::number(const std::string& key, double least, double most, std::optional<double> fallback) const {
  const json* value = find(key);
  if (!value && fallback) return *fallback;
  if (value && value->is_number()) {
    const double x = value->get<double>();
    if (x >= least && x <= most) return x;
  }
  refuse(key, concat("a number from ", least, " to ", most));
}

bool Fields::boolean(const std::string& key, bool fallback) const {
  const json* value = find(key);
  if (!value) return fallback;
  if (!value->is_boolean()) refuse(key, "true or false");
  return value->get<bool>();
}

std::string Fields::text(const std::string& key, std::optional<std::string> fallback) const {
  const json* value = find(key);
  if (!value && fallback) return *fallback;
  if (!value || !value->is_string()) refuse(key, "a text");
  return value->get<std::string>();
}

std::optional<Fields> Fields::object(const std::string& key) const {
  const json* value = find(key);
  if (!value) return {};
  if (!value->is_object()) refuse(key, "an object");
  return Fields(*value, name_ + ": " + key);
}

}  // namespace latent4j
