// The safetensors parser against files that lie.
#include "model/checkpoint.h"
#include "model/checkpoint_writers.h"

namespace latent4j::test {
namespace {

Checkpoint parse(const std::string& bytes) {
  Checkpoint checkpoint;
  parse_safetensors(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), "file", checkpoint);
  return checkpoint;
}

void refuse(const std::string& header, const std::string& data, const std::vector<std::string>& parts,
            const std::string& code = "BAD_CHECKPOINT") {
  expect_error(code, parts, [&] { parse(safetensors(header, data)); });
}

TEST(Safetensors, ReadsTensorsWhereTheyLie) {
  const std::string header = R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},)"
                             R"("a":{"dtype":"BF16","shape":[2,1],"data_offsets":[0,4]},)"
                             R"("none":{"dtype":"F16","shape":[0,3],"data_offsets":[12,12]}}  )";
  const std::string file = safetensors(header, "abcdefghijkl");
  const Checkpoint c = parse(file);
  ASSERT_EQ(c.tensors.size(), 3u);
  const TensorView& b = c.tensors.at("b");
  EXPECT_EQ(b.dtype, DType::F32);
  EXPECT_EQ(b.shape, std::vector<int64_t>{2});
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(b.data), b.bytes), "efghijkl");
  EXPECT_EQ(c.tensors.at("a").shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(c.tensors.at("a").dtype, DType::BF16);
  EXPECT_EQ(c.tensors.at("none").bytes, 0u);
}

TEST(Safetensors, RefusesHeadersThatAreNoHeaders) {
  expect_error("BAD_CHECKPOINT", {"file", "5 bytes", "8"}, [] { parse("short"); });
  std::string past_end;
  append<uint64_t>(past_end, 1000);
  expect_error("BAD_CHECKPOINT", {"1000", "at most 2"}, [&] { parse(past_end + "{}"); });
  std::string absurd;
  append<uint64_t>(absurd, UINT64_MAX - 3);
  expect_error("BAD_CHECKPOINT", {"18446744073709551612"}, [&] { parse(absurd + "{}"); });
  refuse("{\"a\": nonsense}", "", {"not JSON from line 1, column 8"});
  refuse("{\n \"a\": nonsense}", "", {"not JSON from line 2, column 8", "byte 10 of 17"});
  refuse("", "", {"not JSON"});
  refuse("[1, 2]", "", {"array", "expected an object"});
  refuse(std::string(5000, '['), "", {"nested deeper than 4"});
  refuse(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", "1234",
         {"\"a\"", "twice"});
}

TEST(Safetensors, RefusesEntriesThatLie) {
  refuse(R"({"a":7})", "", {"\"a\"", "expected a JSON object"});
  refuse(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", "1234", {"\"a\"", "no dtype"});
  refuse(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", "1234", {"\"a\"", "F8_E4M3", "F32, F16, BF16"}, "UNSUPPORTED");
  refuse(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", "1234", {"\"a\"", "shape"});
  refuse(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234", {"\"a\"", "-1"});
  refuse(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "1234", {"\"a\"", "1.5"});
  refuse(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})", "1234", {"\"a\"", "at most 8"});
  refuse(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", "1234", {"data_offsets", "two"});
  refuse(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,-4]}})", "1234", {"data_offsets", "two"});
  refuse(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "1234", {"\"a\"", "0 to 8", "4 bytes"});
  refuse(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234", {"\"a\"", "4 to 0"});
  refuse(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234", {"\"a\"", "span 4", "expected 8"});
  refuse(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "", {"\"a\"", "overflows"});
}

TEST(Safetensors, RefusesDataThatOverlapsOrIsLeftOver) {
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  refuse("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "12345678", {"\"b\"", "begins at 4", "ends at 8"});
  refuse("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})", "1234567812345678",
         {"\"b\"", "begins at 12", "expected 8"});
  refuse("{" + a + "}", "123456789", {"end at 8 of 9"});
}

TEST(Safetensors, QuotesOnlyPrintableText) {
  refuse("{\"\xc3\xa9\\n\":7}", "", {"\\xc3\\xa9\\x0a"});
}

// Every shorter file must be refused, whatever byte it ends at.
TEST(Safetensors, RefusesEveryTruncation) {
  const std::string file = SafetensorsWriter().add("x", {2, 3}).add("y", {4}).bytes();
  EXPECT_EQ(parse(file).tensors.size(), 2u);
  for (size_t n = 0; n < file.size(); ++n) expect_error("BAD_CHECKPOINT", {"file"}, [&] { parse(file.substr(0, n)); });
}

}  // namespace
}  // namespace latent4j::test
