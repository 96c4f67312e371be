#include "model/stand_in.h"

#include "model/checkpoint_writers.h"
#include "model/weights.h"

namespace latent4j::test {
namespace {

const std::string kPointer =
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 1503300328\n";

struct StandIn {
  std::string bytes;
  std::vector<std::string> parts;
};

// Whatever the file should have been.
const std::vector<StandIn> kStandIns = {
    {kPointer, {"a git-lfs pointer of 135 bytes", "of 1503300328 bytes", "git lfs pull"}},
    {"version https://hawser.github.com/spec/v1\noid sha256:00\nsize x\n", {"a git-lfs pointer", "expected the file that"}},
    {"# xet version 0\nfilesize = 1\nhash = '0'\n", {"a git-xet pointer"}},
    {"/annex/objects/SHA256E-s1--0.safetensors\n", {"a git-annex pointer", "git annex get"}},
    {"<!DOCTYPE html>\n<html class=\"\">" + std::string(5000, 'x'), {"an HTML or XML page of 5031 bytes", "download the file again"}},
    {"\xEF\xBB\xBF\r\n <HTML><body>404</body></HTML>", {"an HTML or XML page"}},
    {std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10) + std::string(90, 'x'), {"a file compressed by gzip, of 100 bytes", "gunzip"}},
    {"\x28\xb5\x2f\xfd\x24\x05", {"a file compressed by zstd"}},
    {std::string("\xfd" "7zXZ\0\0\x04", 8), {"a file compressed by xz"}},
    {"BZh91AY&SY", {"a file compressed by bzip2"}},
    {"PK\x03\x04\x14", {"a zip archive", "PyTorch"}},
    {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", {"an HTML or XML page"}},
};

void refuse(const std::string& path, const std::string& name, std::vector<std::string> parts) {
  parts.push_back(name);
  expect_error("BAD_CHECKPOINT", parts, [&] { Weights::open(path); });
}

TEST(StandIn, IsToldInThePlaceOfEveryFile) {
  for (const StandIn& stand_in : kStandIns) {
    for (const char* name : {"config.json", "model.safetensors", "model.safetensors.index.json", "m.gguf"}) {
      const Folder folder;
      folder.write("config.json", "{\"model_type\": \"llama\"}");
      if (std::string(name) == "config.json") folder.write("model.safetensors", safetensors("{}", ""));
      const std::string file = folder.write(name, stand_in.bytes);
      refuse(file.ends_with(".gguf") ? file : folder.path(), name, stand_in.parts);
    }
  }
}

// The length of a safetensors header may be any number: 0x088b1f begins as gzip does.
TEST(StandIn, ALengthIsNoArchive) {
  const std::string begin = std::string("\x1f\x8b\x08\0\0\0\0\0{\"a\": {}}", 17);
  EXPECT_NO_THROW(refuse_stand_in(begin, 1 << 20, "model.safetensors"));
}

TEST(StandIn, IsToldOfAShard) {
  const Folder folder;
  folder.write("config.json", "{}");
  folder.write("model.safetensors.index.json", R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  folder.write("one.safetensors", safetensors(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})", floats(1, 1)));
  folder.write("two.safetensors", kPointer);
  refuse(folder.path(), "two.safetensors", {"a git-lfs pointer"});
}

TEST(StandIn, WordsOfAServerAreNoWeights) {
  for (const char* name : {"model.safetensors", "m.gguf"}) {
    for (const char* words : {"Entry not found", "{\"error\":\"Repository not found\"}\n"}) {
      const Folder folder;
      folder.write("config.json", "{}");
      const std::string file = folder.write(name, words);
      refuse(file.ends_with(".gguf") ? file : folder.path(), name, {"a text of", "not found", "download it again"});
    }
  }
}

}  // namespace
}  // namespace latent4j::test
