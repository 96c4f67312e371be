// The GGUF parser: what it reads, and files that lie.
#include "model/checkpoint.h"
#include "model/checkpoint_writers.h"

namespace latent4j::test {
namespace {

Checkpoint parse(const std::string& bytes) {
  Checkpoint checkpoint;
  parse_gguf(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), "file", checkpoint);
  return checkpoint;
}

void refuse(const std::string& bytes, const std::vector<std::string>& parts, const std::string& code = "BAD_CHECKPOINT") {
  expect_error(code, parts, [&] { parse(bytes); });
}

std::string array(uint32_t type, uint64_t n, const std::string& values) {
  std::string bytes;
  append(bytes, type);
  append(bytes, n);
  return bytes + values;
}

std::string u64(uint64_t value) {
  std::string bytes;
  append(bytes, value);
  return bytes;
}

TEST(Gguf, ReadsKeysOfEveryTypeAndTensors) {
  for (const uint32_t version : {2u, 3u}) {
    GgufWriter w;
    w.version = version;
    w.text("general.architecture", "llama").u32("u32", 4000000000u).f32("f32", 0.5f).flag("flag", true);
    w.raw("u8", 0, "\xff").raw("i8", 1, "\xff").raw("u16", 2, "\xff\xff").raw("i16", 3, "\xff\xff").raw("i32", 5, "\xff\xff\xff\xff");
    w.raw("u64", 10, std::string(8, '\xff')).raw("i64", 11, std::string(8, '\xff')).raw("f64", 12, std::string(6, '\0') + "\xf8\x3f");
    w.raw("strings", 9, array(8, 2, u64(1) + "a" + u64(2) + "bc")).raw("nested", 9, array(9, 1, array(0, 2, "\x01\x02")));
    w.f32_tensor("t", {2, 3}).tensor("q", {1, 64}, 8, std::string(68, 'q'), w.end());
    const std::string file = w.bytes();
    const Checkpoint c = parse(file);
    const nlohmann::json expected = {
        {"general.architecture", "llama"}, {"u32", 4000000000u}, {"f32", 0.5}, {"flag", true}, {"u8", 255}, {"i8", -1}, {"u16", 65535},
        {"i16", -1}, {"i32", -1}, {"u64", UINT64_MAX}, {"i64", -1}, {"f64", 1.5}, {"strings", {"a", "bc"}}};
    for (const auto& [key, value] : expected.items()) EXPECT_EQ(c.metadata.at(key), value) << key;
    EXPECT_EQ(c.metadata.at("nested").dump(), "[[1,2]]");
    EXPECT_EQ(c.tensors.at("t").shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(c.tensors.at("t").data), 24), floats(6, 1));
    EXPECT_EQ(c.tensors.at("q").dtype, DType::Q8_0);
    EXPECT_EQ(c.tensors.at("q").bytes, 68u);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(c.tensors.at("q").data), 68), std::string(68, 'q'));
  }
}

TEST(Gguf, ReadsEveryWeightType) {
  const std::pair<uint32_t, DType> types[] = {{0, DType::F32},   {1, DType::F16},   {2, DType::Q4_0},  {3, DType::Q4_1},  {6, DType::Q5_0},
                                              {7, DType::Q5_1},  {8, DType::Q8_0},  {10, DType::Q2_K}, {11, DType::Q3_K}, {12, DType::Q4_K},
                                              {13, DType::Q5_K}, {14, DType::Q6_K}, {30, DType::BF16}};
  for (const auto& [id, dtype] : types) {
    const DTypeInfo& info = dtype_info(dtype);
    const size_t bytes = size_t{512} / info.block_elements * info.block_bytes;
    const std::string file = GgufWriter().tensor("t", {1, 512}, id, std::string(bytes, 'x'), 0).bytes();
    EXPECT_EQ(parse(file).tensors.at("t").dtype, dtype) << info.name;
    EXPECT_EQ(parse(file).tensors.at("t").bytes, bytes) << info.name;
  }
}

TEST(Gguf, RefusesTypesItDoesNotDecodeByName) {
  refuse(GgufWriter().tensor("t", {1, 256}, 23, std::string(136, 'x'), 0).bytes(), {"\"t\"", "23", "IQ4_XS", "Q6_K"}, "UNSUPPORTED");
  refuse(GgufWriter().tensor("t", {1, 256}, 77, "", 0).bytes(), {"\"t\"", "77", "unknown"}, "UNSUPPORTED");
}

TEST(Gguf, RefusesHeadersThatAreNoHeaders) {
  refuse("GGML12345678", {"GGML", "GGUF"});
  GgufWriter w;
  w.version = 1;
  refuse(w.bytes(), {"version 1", "2, 3"}, "UNSUPPORTED");
  w.version = 3u << 24;
  refuse(w.bytes(), {"big-endian"}, "UNSUPPORTED");
  refuse(GgufWriter().u32("split.count", 4).bytes(), {"split.count is 4", "merge"}, "UNSUPPORTED");
}

TEST(Gguf, RefusesAbsurdCounts) {
  const std::string head = std::string("GGUF") + std::string("\3\0\0\0", 4);
  refuse(head + u64(uint64_t{1} << 60) + u64(0) + std::string(1000, 'x'), {"number of tensors", "1152921504606846976"});
  refuse(head + u64(0) + u64(UINT64_MAX) + std::string(1000, 'x'), {"number of keys", "18446744073709551615"});
  refuse(GgufWriter().raw("k", 8, u64(uint64_t{1} << 62) + "abc").bytes(), {"\"k\"", "4611686018427387904"});
  refuse(GgufWriter().raw("k", 9, array(0, uint64_t{1} << 60, "abc")).bytes(), {"\"k\"", "1152921504606846976"});
  refuse(GgufWriter().raw("k", 9, array(10, (uint64_t{1} << 61) + 1, std::string(64, 'x'))).bytes(), {"\"k\"", "2305843009213693953"});
  std::string nest;
  for (int i = 0; i < 1000; ++i) nest += array(9, 1, "");
  refuse(GgufWriter().raw("k", 9, nest).bytes(), {"\"k\"", "nested deeper than 4"});
  refuse(GgufWriter().raw("k", 13, "").bytes(), {"\"k\"", "type 13"});
  refuse(GgufWriter().raw("k", 9, array(99, 1, "")).bytes(), {"\"k\"", "type 99"});
  refuse(GgufWriter().u32("", 1).bytes(), {"key 0", "0 bytes"});
  refuse(GgufWriter().u32("k", 1).u32("k", 2).bytes(), {"\"k\"", "twice"});
}

TEST(Gguf, RefusesAlignmentsThatAlignNothing) {
  refuse(GgufWriter().u32("general.alignment", 0).bytes(), {"general.alignment is 0", "power of two"});
  refuse(GgufWriter().u32("general.alignment", 48).bytes(), {"general.alignment is 48", "power of two"});
  refuse(GgufWriter().text("general.alignment", "32").bytes(), {"general.alignment is \"32\""});
  GgufWriter w;
  w.alignment = 64;
  const std::string file = w.u32("general.alignment", 64).f32_tensor("t", {3}).f32_tensor("u", {3}).bytes();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(parse(file).tensors.at("u").data), 12), floats(3, 2));
}

TEST(Gguf, RefusesTensorsThatLie) {
  const std::string data(128, 'x');
  refuse(GgufWriter().tensor("t", {4}, 0, data, 16).bytes(), {"\"t\"", "offset 16", "32"});
  refuse(GgufWriter().tensor("t", {4}, 0, data, 128).bytes(), {"\"t\"", "16 bytes at 128", "128"});
  refuse(GgufWriter().tensor("t", {4}, 0, data, uint64_t{1} << 63).bytes(), {"\"t\"", "9223372036854775808"});
  refuse(GgufWriter().tensor("t", {4}, 0, data, UINT64_MAX - 31).bytes(), {"\"t\"", "18446744073709551584"});
  refuse(GgufWriter().tensor("t", {33}, 0, data, 0).bytes(), {"\"t\"", "132 bytes"});
  refuse(GgufWriter().tensor("t", {0}, 0, data, 0).bytes(), {"\"t\"", "dimension 0 is 0"});
  refuse(GgufWriter().tensor("t", {int64_t{1} << 40, int64_t{1} << 40}, 0, data, 0).bytes(), {"\"t\"", "1099511627776"});
  refuse(GgufWriter().tensor("t", {int64_t{1} << 62}, 0, data, 0).bytes(), {"\"t\"", "4611686018427387904"});
  refuse(GgufWriter().tensor("t", {1, 1, 1, 1, 1}, 0, data, 0).bytes(), {"\"t\"", "5 dimensions"});
  refuse(GgufWriter().tensor("t", {2, 48}, 8, data, 0).bytes(), {"\"t\"", "48", "multiple of 32", "Q8_0"});
  refuse(GgufWriter().tensor("t", {16}, 0, data, 0).tensor("u", {4}, 0, "", 32).bytes(), {"\"u\"", "begins at 32", "\"t\"", "ends at 64"});
  refuse(GgufWriter().tensor("t", {4}, 0, data, 0).tensor("t", {4}, 0, "", 32).bytes(), {"\"t\"", "twice"});
}

TEST(Gguf, RefusesEveryTruncation) {
  const std::string file =
      GgufWriter().text("general.architecture", "llama").raw("a", 9, array(8, 1, u64(3) + "abc")).f32_tensor("t", {8}).bytes();
  EXPECT_EQ(parse(file).tensors.size(), 1u);
  for (size_t n = 0; n < file.size(); ++n) expect_error("BAD_CHECKPOINT", {"file"}, [&] { parse(file.substr(0, n)); });
}

}  // namespace
}  // namespace latent4j::test
