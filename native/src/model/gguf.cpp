// gguf.cpp: the GGUF format, versions 2 and 3 (ggml's docs/gguf.md): keys with typed values, tensor descriptions, then aligned tensor data.
#include <algorithm>
#include <array>

#include "base/cancel.h"
#include "base/error.h"
#include "model/checkpoint.h"
#include "model/json.h"
#include "model/stand_in.h"

namespace latent4j {

namespace {

constexpr size_t kLargestHeader = size_t{128} << 20;  // the largest vocabularies take about 20
constexpr uint64_t kLongestName = 65535;      // of a key or tensor, in bytes
constexpr uint64_t kMostValues = 4'000'000;   // of all arrays together; the largest vocabularies take about a million
constexpr uint64_t kMostKeys = 10'000;
constexpr uint64_t kLook = 4096;              // values between two looks at the flag that cancels
constexpr size_t kBuffer = size_t{64} << 10;  // read from the file at once
constexpr int kMostDimensions = 4;
constexpr int kDeepestArray = 4;

enum ValueType : uint32_t { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64, kValueTypes };
constexpr std::array<int, kValueTypes> kLeastBytes = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};  // of one value

struct TensorType {
  uint32_t id;
  const char* name;
  bool supported;
  DType dtype;
};
constexpr TensorType kTensorTypes[] = {
    {0, "F32", true, DType::F32},    {1, "F16", true, DType::F16},    {2, "Q4_0", true, DType::Q4_0},  {3, "Q4_1", true, DType::Q4_1},
    {6, "Q5_0", true, DType::Q5_0},  {7, "Q5_1", true, DType::Q5_1},  {8, "Q8_0", true, DType::Q8_0},  {10, "Q2_K", true, DType::Q2_K},
    {11, "Q3_K", true, DType::Q3_K}, {12, "Q4_K", true, DType::Q4_K}, {13, "Q5_K", true, DType::Q5_K}, {14, "Q6_K", true, DType::Q6_K},
    {30, "BF16", true, DType::BF16},
    {9, "Q8_1", false, {}},     {15, "Q8_K", false, {}},    {16, "IQ2_XXS", false, {}}, {17, "IQ2_XS", false, {}},
    {18, "IQ3_XXS", false, {}}, {19, "IQ1_S", false, {}},   {20, "IQ4_NL", false, {}},  {21, "IQ3_S", false, {}},
    {22, "IQ2_S", false, {}},   {23, "IQ4_XS", false, {}},  {24, "I8", false, {}},      {25, "I16", false, {}},
    {26, "I32", false, {}},     {27, "I64", false, {}},     {28, "F64", false, {}},     {29, "IQ1_M", false, {}},
    {34, "TQ1_0", false, {}},   {35, "TQ2_0", false, {}},   {39, "MXFP4", false, {}},
};

DType dtype_of(uint32_t id, const std::string& where) {
  std::string supported;
  const char* name = "unknown";
  for (const TensorType& type : kTensorTypes) {
    if (type.id == id && type.supported) return type.dtype;
    if (type.id == id) name = type.name;
    if (type.supported) supported += concat(supported.empty() ? "" : ", ", type.name);
  }
  throw Error("UNSUPPORTED", concat(where, ": type ", id, " (", name, "), supported: ", supported));
}

// Reads forward through the header; what would run past the file's end is refused before it is read.
class Reader {
 public:
  Reader(const Source& source, const std::string& name, int32_t* cancel)
      : source_(source), size_(std::min(source.size(), kLargestHeader)), name_(name), cancel_(cancel) {}

  size_t position() const { return at_; }
  size_t left() const { return size_ - at_; }
  const std::string& name() const { return name_; }
  void look() const { check_cancel(cancel_, name_, ": stopped at byte ", at_, " of the header"); }

  void take(std::byte* to, uint64_t bytes, const std::string& what) {
    L4J_CHECK(bytes <= left(), "BAD_CHECKPOINT", name_, ": ", what, " takes ", bytes, " bytes at byte ", at_, ", expected at most the ",
              left(), " left ", source_.size() > size_ ? concat("of a header's ", kLargestHeader) : "(a truncated file?)");
    if (bytes > kBuffer) {
      source_.read(at_, to, static_cast<size_t>(bytes));
    } else {
      if (at_ + bytes > buffer_at_ + buffer_.size()) {
        buffer_.resize(std::min(kBuffer, left()));
        buffer_at_ = at_;
        source_.read(at_, buffer_.data(), buffer_.size());
      }
      std::copy_n(buffer_.data() + (at_ - buffer_at_), bytes, to);
    }
    at_ += static_cast<size_t>(bytes);
  }

  template <typename T>
  T value(const std::string& what) {
    T x;
    take(reinterpret_cast<std::byte*>(&x), sizeof x, what);
    return x;
  }

  std::string text(const std::string& what) {
    const auto bytes = value<uint64_t>(what);
    std::string text(static_cast<size_t>(count(bytes, 1, size_, what)), '\0');
    take(reinterpret_cast<std::byte*>(text.data()), bytes, what);
    return text;
  }

  std::string named(const std::string& what) {
    std::string text = this->text(what);
    L4J_CHECK(!text.empty() && text.size() <= kLongestName, "BAD_CHECKPOINT", name_, ": ", what, " has ", text.size(),
              " bytes, expected 1 to ", kLongestName);
    return text;
  }

  // A count of things that take at least `least_bytes` each, checked against what is left of the file and against `most`.
  uint64_t count(uint64_t n, uint64_t least_bytes, uint64_t most, const std::string& what) const {
    const uint64_t fit = std::min<uint64_t>(most, left() / least_bytes);
    L4J_CHECK(n <= fit, "BAD_CHECKPOINT", name_, ": ", what, " is ", n, ", expected at most ", fit, " in the ", left(), " bytes left");
    return n;
  }

  // `budget`: array elements that the file may still have.
  nlohmann::json metadata_value(uint32_t type, const std::string& what, int depth, uint64_t& budget) {
    switch (type) {
      case U8: return value<uint8_t>(what);
      case I8: return value<int8_t>(what);
      case U16: return value<uint16_t>(what);
      case I16: return value<int16_t>(what);
      case U32: return value<uint32_t>(what);
      case I32: return value<int32_t>(what);
      case U64: return value<uint64_t>(what);
      case I64: return value<int64_t>(what);
      case F32: return value<float>(what);
      case F64: return value<double>(what);
      case BOOL: return value<uint8_t>(what) != 0;
      case STRING: return text(what);
      case ARRAY: return array(what, depth, budget);
      default: throw Error("BAD_CHECKPOINT", concat(name_, ": ", what, " has value type ", type, ", expected 0 to ", kValueTypes - 1));
    }
  }

 private:
  nlohmann::json array(const std::string& what, int depth, uint64_t& budget) {
    L4J_CHECK(depth < kDeepestArray, "BAD_CHECKPOINT", name_, ": ", what, ": arrays nested deeper than ", kDeepestArray);
    const auto type = value<uint32_t>(what);
    L4J_CHECK(type < kValueTypes, "BAD_CHECKPOINT", name_, ": ", what, " is an array of value type ", type, ", expected 0 to ",
              kValueTypes - 1);
    const uint64_t n = count(value<uint64_t>(what), kLeastBytes[type], budget, what + ": length");
    budget -= n;
    nlohmann::json values = nlohmann::json::array();
    auto& list = values.get_ref<nlohmann::json::array_t&>();
    list.reserve(static_cast<size_t>(n));
    for (uint64_t i = 0; i < n; ++i) {
      if (i % kLook == 0) look();
      list.push_back(metadata_value(type, what, depth + 1, budget));
    }
    return values;
  }

  const Source& source_;
  size_t size_, at_ = 0;
  const std::string& name_;
  int32_t* cancel_;
  std::vector<std::byte> buffer_;
  size_t buffer_at_ = 0;
};

struct Described {
  std::string name;
  TensorView view;
  uint64_t offset;
};

Described describe_tensor(Reader& in, uint64_t index, uint64_t alignment) {
  in.look();
  Described tensor;
  tensor.name = in.named(concat("name of tensor ", index));
  const std::string where = concat(in.name(), ": tensor ", quote(tensor.name));
  const std::string what = concat("tensor ", quote(tensor.name));
  const auto dimensions = in.value<uint32_t>(what);
  L4J_CHECK(dimensions >= 1 && dimensions <= kMostDimensions, "BAD_CHECKPOINT", where, ": ", dimensions, " dimensions, expected 1 to ",
            kMostDimensions);
  uint64_t elements = 1;
  for (uint32_t i = 0; i < dimensions; ++i) {
    const auto n = in.value<uint64_t>(what);
    L4J_CHECK(n >= 1 && n <= static_cast<uint64_t>(INT64_MAX) && !__builtin_mul_overflow(elements, n, &elements), "BAD_CHECKPOINT", where,
              ": dimension ", i, " is ", n, ", expected 1 or more and a size within 64 bits");
    tensor.view.shape.insert(tensor.view.shape.begin(), static_cast<int64_t>(n));
  }
  tensor.view.dtype = dtype_of(in.value<uint32_t>(what), where);
  const DTypeInfo& info = dtype_info(tensor.view.dtype);
  L4J_CHECK(tensor.view.shape.back() % info.block_elements == 0, "BAD_CHECKPOINT", where, ": rows of ", tensor.view.shape.back(),
            " elements, expected a multiple of ", info.block_elements, " for ", info.name);
  uint64_t bytes = 0;
  L4J_CHECK(!__builtin_mul_overflow(elements / info.block_elements, static_cast<uint64_t>(info.block_bytes), &bytes), "BAD_CHECKPOINT",
            where, ": ", elements, " elements, expected a size within 64 bits");
  tensor.view.bytes = static_cast<size_t>(bytes);
  tensor.offset = in.value<uint64_t>(what);
  L4J_CHECK(tensor.offset % alignment == 0, "BAD_CHECKPOINT", where, ": offset ", tensor.offset, ", expected a multiple of the alignment ",
            alignment);
  return tensor;
}

void check_overlaps(std::vector<Described>& tensors, const std::string& name) {
  std::sort(tensors.begin(), tensors.end(), [](const Described& a, const Described& b) { return a.offset < b.offset; });
  for (size_t i = 1; i < tensors.size(); ++i) {
    const uint64_t end = tensors[i - 1].offset + tensors[i - 1].view.bytes;  // both were checked against the file's size
    L4J_CHECK(tensors[i].offset >= end, "BAD_CHECKPOINT", name, ": tensor ", quote(tensors[i].name), " begins at ", tensors[i].offset,
              " and overlaps ", quote(tensors[i - 1].name), ", which ends at ", end);
  }
}

void read_keys(Reader& in, uint64_t n_keys, nlohmann::json& metadata) {
  uint64_t budget = kMostValues;
  for (uint64_t i = 0; i < n_keys; ++i) {
    in.look();
    const std::string key = in.named(concat("key ", i));
    const std::string what = concat("key ", quote(key));
    const auto type = in.value<uint32_t>(what);
    nlohmann::json value = in.metadata_value(type, what, 0, budget);
    L4J_CHECK(!metadata.contains(key), "BAD_CHECKPOINT", in.name(), ": ", what, " stands twice, expected once");
    metadata[key] = std::move(value);
  }
}

uint64_t read_alignment(const nlohmann::json& metadata, const std::string& name) {
  const auto n = static_cast<uint64_t>(Fields(metadata, name).integer("general.alignment", 0, INT64_MAX, 32));
  L4J_CHECK(n > 0 && n <= (uint64_t{1} << 30) && (n & (n - 1)) == 0, "BAD_CHECKPOINT", name, ": general.alignment is ", n,
            ", expected a power of two");
  return n;
}

}  // namespace

void parse_gguf(const Source& source, const std::string& name, Checkpoint& into, int32_t* cancel) {
  const size_t size = source.size();
  refuse_stand_in(source, name);
  Reader in(source, name, cancel);
  std::string magic(4, '\0');
  in.take(reinterpret_cast<std::byte*>(magic.data()), magic.size(), "the magic");
  L4J_CHECK(magic == "GGUF", "BAD_CHECKPOINT", name, ": begins with ", quote(magic), ", expected \"GGUF\"");
  const auto version = in.value<uint32_t>("the version");
  L4J_CHECK(version == 2 || version == 3, "UNSUPPORTED", name, ": GGUF version ", version,
            (version & 0xffff) == 0 ? " (a big-endian file)" : "", ", supported: 2, 3");
  const uint64_t claimed_tensors = in.value<uint64_t>("the number of tensors"), claimed_keys = in.value<uint64_t>("the number of keys");
  const uint64_t n_tensors = in.count(claimed_tensors, 8 + 1 + 4 + 8 + 4 + 8, kMostTensors, "the number of tensors");
  const uint64_t n_keys = in.count(claimed_keys, 8 + 1 + 4 + 1, kMostKeys, "the number of keys");

  into.metadata = nlohmann::json::object();
  read_keys(in, n_keys, into.metadata);
  const auto split = Fields(into.metadata, name).integer("split.count", 0, INT64_MAX, 1);
  L4J_CHECK(split <= 1, "UNSUPPORTED", name, ": split.count is ", split,
            ": one part of a split GGUF file, supported: one file (merge the parts first)");

  const uint64_t alignment = read_alignment(into.metadata, name);
  std::vector<Described> tensors;
  for (uint64_t i = 0; i < n_tensors; ++i) tensors.push_back(describe_tensor(in, i, alignment));
  const uint64_t data_at = (in.position() + alignment - 1) / alignment * alignment;
  const uint64_t data_bytes = data_at <= size ? size - data_at : 0;
  for (Described& tensor : tensors) {
    L4J_CHECK(tensor.offset <= data_bytes && tensor.view.bytes <= data_bytes - tensor.offset, "BAD_CHECKPOINT", name, ": tensor ",
              quote(tensor.name), " takes ", tensor.view.bytes, " bytes at ", tensor.offset, ", expected within the ", data_bytes,
              " bytes of data (a truncated file?)");
    tensor.view.data = source.data() + data_at + tensor.offset;
  }
  check_overlaps(tensors, name);
  for (Described& tensor : tensors) {
    const bool added = into.tensors.emplace(tensor.name, std::move(tensor.view)).second;
    L4J_CHECK(added, "BAD_CHECKPOINT", name, ": tensor ", quote(tensor.name), " stands twice, expected once");
  }
}

}  // namespace latent4j
