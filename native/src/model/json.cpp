// json.cpp: nlohmann::json behind limits: depth, number of values and doubled keys are checked while parsing, before anything is built on
// them.
#include "model/json.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/cancel.h"
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

namespace {

constexpr int64_t kLook = 4096;  // values between two looks at the flag that cancels

// Builds the tree from the parser's events. nlohmann's own way to watch a parse, a callback, looks through the whole parent at the end of
// each child: quadratic.
class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(const std::string& name, const JsonLimits& limits, int32_t* cancel) : name_(name), limits_(limits), cancel_(cancel) {}

  json take() { return std::move(root_); }
  size_t bad_byte() const { return bad_byte_; }
  int bad_number() const { return bad_number_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(json::binary_t&) override { return false; }  // no JSON text holds one
  bool start_object(size_t) override { return open(json::object()); }
  bool start_array(size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& key) override {
    count();
    const auto [at, added] = open_.back()->get_ref<json::object_t&>().try_emplace(key);
    L4J_CHECK(added || !limits_.unique_keys, "BAD_CHECKPOINT", name_, ": key ", quote(key), " stands twice in one object, expected once");
    member_ = &at->second;
    return true;
  }

  bool parse_error(size_t byte, const std::string&, const nlohmann::detail::exception& error) override {
    bad_byte_ = byte;
    if (!dynamic_cast<const json::parse_error*>(&error)) bad_number_ = error.id;
    return false;
  }

 private:
  void count() {
    L4J_CHECK(++values_ <= limits_.values, "BAD_CHECKPOINT", name_, ": JSON of more than ", limits_.values, " values");
    if (values_ % kLook == 0) check_cancel(cancel_, name_, ": stopped while it was read");
  }

  json* put(json value) {
    count();
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->get_ref<json::array_t&>().emplace_back(std::move(value));
    return &(*member_ = std::move(value));
  }

  bool add(json value) {
    put(std::move(value));
    return true;
  }

  bool open(json value) {
    L4J_CHECK(open_.size() < static_cast<size_t>(limits_.depth), "BAD_CHECKPOINT", name_, ": JSON nested deeper than ", limits_.depth,
              " levels");
    open_.push_back(put(std::move(value)));  // stays where it is: its parent grows only after it is closed
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& name_;
  const JsonLimits& limits_;
  int32_t* cancel_;
  json root_;
  json* member_ = nullptr;  // the value that the last key waits for
  std::vector<json*> open_;
  int64_t values_ = 0;
  size_t bad_byte_ = 0;
  int bad_number_ = 0;
};

}  // namespace

json parse_json(std::string_view text, const std::string& name, const JsonLimits& limits, int32_t* cancel) {
  Builder builder(name, limits, cancel);
  if (json::sax_parse(text.begin(), text.end(), &builder)) return builder.take();
  // A number beyond every type is JSON, and nothing here can hold it.
  if (builder.bad_number()) throw Error("BAD_CHECKPOINT", concat(name, ": JSON that cannot be represented (error ", builder.bad_number(), ")"));
  const std::string_view before = text.substr(0, std::min(text.size(), std::max<size_t>(builder.bad_byte(), 1) - 1));
  const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  throw Error("BAD_CHECKPOINT", concat(name, ": not JSON from line ", 1 + std::count(before.begin(), before.end(), '\n'), ", column ",
                                       before.size() - line_start + 1, " on (byte ", builder.bad_byte(), " of ", text.size(), ")"));
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
  const bool endless = value->is_number_float() && !std::isfinite(value->get<double>());  // a GGUF file's; JSON has no word for it
  const std::string shown = endless                  ? concat(value->get<double>())
                            : value->is_structured() ? concat("an ", value->type_name(), " of ", value->size())
                            : value->is_string()     ? quote(value->get_ref<const std::string&>())
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
