// safetensors.cpp: the safetensors format (github.com/huggingface/safetensors, "Format"): 8 bytes of header length, a JSON header, the
// data.
#include <algorithm>
#include <bit>

#include "base/cancel.h"
#include "base/error.h"
#include "model/checkpoint.h"
#include "model/json.h"
#include "model/stand_in.h"

namespace latent4j {

namespace {

static_assert(std::endian::native == std::endian::little, "both weight formats are little-endian and are read as they lie");

constexpr uint64_t kLargestHeader = 100'000'000;  // as the reference reader has it
constexpr size_t kMostDimensions = 8;

struct Entry {
  uint64_t begin, end;
  const std::string* name;
};

DType dtype_of(const std::string& dtype, const std::string& where) {
  if (dtype == "F32") return DType::F32;
  if (dtype == "F16") return DType::F16;
  if (dtype == "BF16") return DType::BF16;
  throw Error("UNSUPPORTED", concat(where, ": dtype ", quote(dtype), ", supported: F32, F16, BF16"));
}

// Bytes of a tensor; refuses what does not fit 64 bits.
uint64_t bytes_of(const std::vector<int64_t>& shape, DType dtype, const std::string& where) {
  uint64_t bytes = dtype_info(dtype).block_bytes;
  for (const int64_t n : shape) {
    L4J_CHECK(!__builtin_mul_overflow(bytes, static_cast<uint64_t>(n), &bytes), "BAD_CHECKPOINT", where,
              ": its shape's size overflows 64 bits");
  }
  return bytes;
}

// One entry of the header into a view; offsets are checked against the data's size.
std::pair<uint64_t, uint64_t> read_entry(const nlohmann::json& json, const std::string& where, uint64_t data_bytes, TensorView& view) {
  const Fields fields(json, where);
  view.dtype = dtype_of(fields.text("dtype"), where);
  const nlohmann::json* shape = fields.find("shape");
  if (!shape || !shape->is_array() || shape->size() > kMostDimensions) {
    fields.refuse("shape", concat("an array of at most ", kMostDimensions, " sizes"));
  }
  for (const auto& n : *shape) {
    L4J_CHECK(n.is_number_unsigned() && n.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX), "BAD_CHECKPOINT", where,
              ": shape holds ", quote(n.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)),
              ", expected whole numbers of 0 and more");
    view.shape.push_back(n.get<int64_t>());
  }
  const nlohmann::json* offsets = fields.find("data_offsets");
  if (!offsets || !offsets->is_array() || offsets->size() != 2 || !(*offsets)[0].is_number_unsigned() ||
      !(*offsets)[1].is_number_unsigned()) {
    fields.refuse("data_offsets", "an array of two whole numbers");
  }
  const auto begin = (*offsets)[0].get<uint64_t>(), end = (*offsets)[1].get<uint64_t>();
  L4J_CHECK(begin <= end && end <= data_bytes, "BAD_CHECKPOINT", where, ": data_offsets ", begin, " to ", end, ", expected within the ",
            data_bytes, " bytes of data (a truncated file?)");
  const uint64_t expected = bytes_of(view.shape, view.dtype, where);
  L4J_CHECK(end - begin == expected, "BAD_CHECKPOINT", where, ": data_offsets span ", end - begin, " bytes, expected ", expected,
            " of its shape and dtype");
  view.bytes = static_cast<size_t>(expected);
  return {begin, end};
}

// The data must be one tensor after another: no overlap, no hole, nothing left over.
void check_layout(std::vector<Entry>& entries, uint64_t data_bytes, const std::string& name) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  uint64_t at = 0;
  for (const Entry& entry : entries) {
    L4J_CHECK(entry.begin >= at, "BAD_CHECKPOINT", name, ": tensor ", quote(*entry.name), " begins at ", entry.begin,
              " and overlaps the one before, which ends at ", at);
    L4J_CHECK(entry.begin == at, "BAD_CHECKPOINT", name, ": tensor ", quote(*entry.name), " begins at ", entry.begin, ", expected ", at,
              " (a hole in the data)");
    at = entry.end;
  }
  L4J_CHECK(at == data_bytes, "BAD_CHECKPOINT", name, ": tensors end at ", at, " of ", data_bytes,
            " bytes of data, expected all of them used");
}

}  // namespace

void parse_safetensors(const Source& source, const std::string& name, Checkpoint& into, int32_t* cancel) {
  const size_t size = source.size();
  refuse_stand_in(source, name);
  L4J_CHECK(size >= 8, "BAD_CHECKPOINT", name, ": ", size, " bytes, expected at least the 8 of a header length");
  uint64_t header_bytes = 0;
  source.read(0, reinterpret_cast<std::byte*>(&header_bytes), 8);
  L4J_CHECK(header_bytes <= kLargestHeader && header_bytes <= size - 8, "BAD_CHECKPOINT", name, ": header length ", header_bytes,
            ", expected at most ", std::min<uint64_t>(kLargestHeader, size - 8), " (a truncated file?)");
  const uint64_t data_bytes = size - 8 - header_bytes;
  const std::byte* base = source.data() + 8 + header_bytes;
  std::string text(static_cast<size_t>(header_bytes), '\0');
  source.read(8, reinterpret_cast<std::byte*>(text.data()), text.size());

  const JsonLimits limits{.depth = 4, .values = 4'000'000, .unique_keys = true};
  const nlohmann::json header = parse_json(text, name + ": header", limits, cancel);
  L4J_CHECK(header.is_object(), "BAD_CHECKPOINT", name, ": header is ", header.type_name(), ", expected an object");
  L4J_CHECK(header.size() + into.tensors.size() <= kMostTensors, "BAD_CHECKPOINT", name, ": ", header.size(), " tensors beside ",
            into.tensors.size(), " of other files, expected at most ", kMostTensors);
  std::vector<Entry> entries;
  for (const auto& [tensor, entry] : header.items()) {
    if (tensor == "__metadata__") continue;
    check_cancel(cancel, name, ": stopped before tensor ", quote(tensor));
    TensorView view;
    const auto [begin, end] = read_entry(entry, concat(name, ": tensor ", quote(tensor)), data_bytes, view);
    view.data = base + begin;
    const auto [at, added] = into.tensors.emplace(tensor, std::move(view));
    L4J_CHECK(added, "BAD_CHECKPOINT", name, ": tensor ", quote(tensor), " is in another file of this checkpoint too, expected once");
    entries.push_back({begin, end, &at->first});
  }
  check_layout(entries, data_bytes, name);
}

}  // namespace latent4j
