// Checkpoints made to cost time or memory, and things that are no files where files are expected: each is read in time that grows with
// its bytes, or refused with a code. What the clock would have to judge is left to the test program's timeout.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

#include "base/cancel.h"
#include "model/checkpoint_writers.h"
#include "model/json.h"
#include "model/weights.h"

namespace latent4j::test {
namespace {

using nlohmann::json;

json tiny_config() {
  return {{"model_type", "llama"}, {"hidden_size", 8}, {"num_hidden_layers", 1}, {"num_attention_heads", 2}, {"num_key_value_heads", 1},
          {"intermediate_size", 6}, {"vocab_size", 5}, {"max_position_embeddings", 77}, {"rms_norm_eps", 1e-5}};
}

std::string array(uint32_t type, uint64_t n, const std::string& values = "") {
  std::string bytes;
  append(bytes, type);
  append(bytes, n);
  return bytes + values;
}

std::string gguf_text(const std::string& text) {
  std::string bytes;
  append<uint64_t>(bytes, text.size());
  return bytes + text;
}

std::string empty_tensors(int n) {
  std::string header = "{";
  for (int i = 0; i < n; ++i) {
    header += (i ? ",\"" : "\"") + std::to_string(i) + "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
  }
  return safetensors(header + "}", "");
}

// Opening the folder must fail with this code, and say these parts.
void refuse(const Folder& folder, const std::string& code, const std::vector<std::string>& parts) {
  expect_error(code, parts, [&] { Weights::open(folder.path()); });
}

void refuse_gguf(const std::string& bytes, const std::string& code, const std::vector<std::string>& parts) {
  const Folder folder;
  expect_error(code, parts, [&, file = folder.write("m.gguf", bytes)] { Weights::open(file); });
}

TEST(HostileFiles, SafetensorsOfVeryManyTensors) {
  const Folder folder;
  folder.write("config.json", tiny_config().dump());
  folder.write("model.safetensors", empty_tensors(90'000));
  refuse(folder, "BAD_CHECKPOINT", {"no tensor model.embed_tokens.weight"});
  folder.write("model.safetensors", empty_tensors(200'000));
  refuse(folder, "BAD_CHECKPOINT", {"model.safetensors", "tensors", "at most 100000"});
}

TEST(HostileFiles, IndexesOfVeryManyTensorsAndShards) {
  const auto index = [](int n, bool one_file) {
    std::string text = "{\"weight_map\":{";
    for (int i = 0; i < n; ++i) {
      text += (i ? ",\"" : "\"") + std::to_string(i) + "\":\"" + (one_file ? "a" : std::to_string(i)) + ".safetensors\"";
    }
    return text + "}}";
  };
  const Folder folder;
  folder.write("config.json", tiny_config().dump());
  folder.write("model.safetensors.index.json", index(90'000, true));
  refuse(folder, "FILE_NOT_FOUND", {"/a.safetensors"});
  folder.write("model.safetensors.index.json", index(1'000'000, true));
  refuse(folder, "BAD_CHECKPOINT", {"index.json", "at most 100000"});
  folder.write("model.safetensors.index.json", index(5'000, false));
  refuse(folder, "BAD_CHECKPOINT", {"index.json", "5000 files", "at most 1000"});
  folder.write("model.safetensors.index.json", "{\"weight_map\":{\"a\":\"x\",\"a\":\"y\"}}");
  refuse(folder, "BAD_CHECKPOINT", {"index.json", "\"a\" stands twice"});
}

TEST(HostileFiles, JsonOfVeryManyValuesInOneList) {
  const Folder folder;
  std::string text = "{\"a\":[[]";
  for (int i = 0; i < 300'000; ++i) text += ",[]";
  folder.write("config.json", text + "]}");
  folder.write("model.safetensors", empty_tensors(1));
  refuse(folder, "BAD_CHECKPOINT", {"config.json", "no model_type"});
  folder.write("config.json", "{\"a\":[" + std::string(5 << 20, ' ') + "]}");
  refuse(folder, "BAD_CHECKPOINT", {"config.json", "bytes", "at most 4194304"});
}

TEST(HostileFiles, GgufOfVeryManyKeysAndValues) {
  GgufWriter keys;
  for (int i = 0; i < 20'000; ++i) keys.flag(std::to_string(i), true);
  refuse_gguf(keys.bytes(), "BAD_CHECKPOINT", {"number of keys is 20000", "at most 10000"});
  std::string inner;
  for (int i = 0; i < 1000; ++i) inner += array(0, 10'000, std::string(10'000, 'x'));
  refuse_gguf(GgufWriter().raw("k", 9, array(9, 1000, inner)).bytes(), "BAD_CHECKPOINT", {"\"k\"", "length is 10000", "at most"});
  refuse_gguf(GgufWriter().raw("k", 9, array(9, 300'000, std::string(300'000 * 12, '\0'))).bytes(), "BAD_CHECKPOINT",
              {"no general.architecture"});
}

TEST(HostileFiles, GgufOfOneLongTokenIsRead) {
  const std::string token(400'000, 'x');
  refuse_gguf(GgufWriter().raw("tokenizer.ggml.tokens", 9, array(8, 1, gguf_text(token))).bytes(), "BAD_CHECKPOINT",
              {"no general.architecture"});
  refuse_gguf(GgufWriter().text("general.architecture", token).bytes(), "UNSUPPORTED", {"general.architecture", "xxx..."});
}

TEST(HostileFiles, OnlyRegularFilesAreOpened) {
  using Make = void (*)(const std::string&);
  const std::pair<const char*, Make> kinds[] = {
      {"fifo", [](const std::string& at) { ASSERT_EQ(mkfifo(at.c_str(), 0600), 0); }},
      {"folder", [](const std::string& at) { std::filesystem::create_directory(at); }},
      {"device", [](const std::string& at) { std::filesystem::create_symlink("/dev/zero", at); }},
      {"socket", [](const std::string& at) {
         sockaddr_un name{};
         name.sun_family = AF_UNIX;
         std::strncpy(name.sun_path, at.c_str(), sizeof name.sun_path - 1);
         const int s = socket(AF_UNIX, SOCK_STREAM, 0);
         ASSERT_EQ(bind(s, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
         close(s);
       }}};
  for (const auto& [kind, make] : kinds) {
    for (const std::string name : {"config.json", "model.safetensors", "model.safetensors.index.json", "shard.safetensors", "m.gguf"}) {
      SCOPED_TRACE(std::string(kind) + " as " + name);
      const Folder folder;
      if (name != "config.json") folder.write("config.json", tiny_config().dump());
      if (name == "config.json") folder.write("model.safetensors", empty_tensors(1));
      if (name == "shard.safetensors") folder.write("model.safetensors.index.json", R"({"weight_map":{"a":"shard.safetensors"}})");
      make(folder.path() + "/" + name);
      if (name != "m.gguf") {
        refuse(folder, "BAD_CHECKPOINT", {name, "not a regular file"});
      } else if (std::string(kind) != "folder") {
        expect_error("BAD_CHECKPOINT", {name, "not a regular file"}, [&] { Weights::open(folder.path() + "/m.gguf"); });
      }
    }
  }
}

TEST(HostileFiles, OpeningEndsWhenItIsCancelled) {
  int32_t cancel = 1;
  const Folder folder;
  folder.write("config.json", tiny_config().dump());
  folder.write("model.safetensors", empty_tensors(1));
  const std::string gguf = folder.write("m.gguf", GgufWriter().flag("k", true).bytes());
  for (const std::string& path : {folder.path(), gguf}) {
    expect_error("CANCELLED", {path, "stopped"}, [&] { Weights::open(path, &cancel); });
  }
  // Each stage by itself, which looks without the one before it.
  std::string list = "[0";
  for (int i = 0; i < 10'000; ++i) list += ",0";
  expect_error("CANCELLED", {"list"}, [&] { parse_json(list + "]", "list", {}, &cancel); });
  const MappedFile file(gguf), tensors(folder.path() + "/model.safetensors");
  Checkpoint checkpoint;
  expect_error("CANCELLED", {"m.gguf"}, [&] { parse_gguf(file, "m.gguf", checkpoint, &cancel); });
  expect_error("CANCELLED", {"t.safetensors"}, [&] { parse_safetensors(tensors, "t.safetensors", checkpoint, &cancel); });
}

TEST(HostileFiles, WhoWaitsForAnotherOpeningCanBeCancelled) {
  std::mutex mutex;
  const std::lock_guard held(mutex);
  int32_t cancel = 0;
  std::thread canceller([&] { std::atomic_ref(cancel).store(1); });
  expect_error("CANCELLED", {"waited"}, [&] { lock_or_cancel(mutex, &cancel, "waited"); });
  canceller.join();
}

TEST(HostileFiles, AFileThatBecameShorterIsRefusedBeforeItIsUsed) {
  const Folder folder;
  const std::string name = folder.write("a.safetensors", safetensors(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", floats(4, 1)));
  const MappedFile file(name);
  Checkpoint checkpoint;
  parse_safetensors(file, name, checkpoint);
  file.check_size();
  std::filesystem::resize_file(name, 40);
  expect_error("BAD_CHECKPOINT", {name, "40 bytes", "shortened"}, [&] { file.check_size(); });
  expect_error("BAD_CHECKPOINT", {name, "it became shorter while it was read"}, [&] { parse_safetensors(file, name, checkpoint); });
}

// What no model has, declared in config.json: a code, before anything of that size is taken from the machine.
TEST(HostileFiles, SizesThatNoModelHas) {
  const std::vector<std::string> wrong = {"-1", "0", "-2147483649", "2147483648", "1000000000000", "18446744073709551615", "1e308", "-1e308",
                                          "0.5", "1e999", "NaN", "true", "\"8\"", "[]", "{}"};
  for (const char* key : {"num_hidden_layers", "hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size",
                          "vocab_size", "max_position_embeddings"}) {
    for (const std::string& value : wrong) {
      SCOPED_TRACE(std::string(key) + ": " + value);
      json config = tiny_config();
      config.erase(key);
      const Folder folder;
      folder.write("config.json", "{\"" + std::string(key) + "\":" + value + "," + config.dump().substr(1));
      folder.write("model.safetensors", empty_tensors(1));
      const bool no_json = value == "NaN" || value == "1e999";
      refuse(folder, "BAD_CHECKPOINT", {"config.json", no_json ? "JSON" : key});
    }
  }
}

TEST(HostileFiles, RotationsThatNoModelHas) {
  const std::vector<std::string> wrong = {"0", "-1", "1e308", "-1e308", "1e-308", "\"2\"", "[]", "null"};
  for (const std::string type : {"linear", "llama3", "yarn"}) {
    for (const std::string& value : wrong) {
      if (type == "yarn" && value == "null") continue;  // implied by the two contexts
      SCOPED_TRACE(type + ": " + value);
      json config = tiny_config();
      const Folder folder;
      folder.write("config.json", R"({"rope_scaling":{"low_freq_factor":1,"high_freq_factor":4,"rope_type":")" + type + "\",\"factor\":" +
                                      value + "}," + config.dump().substr(1));
      folder.write("model.safetensors", empty_tensors(1));
      refuse(folder, "BAD_CHECKPOINT", {"config.json", "factor"});
    }
  }
  for (const std::string value : {"0", "1", "-1", "1e308", "1e-308"}) {
    const Folder folder;
    folder.write("config.json", "{\"rope_theta\":" + value + "," + tiny_config().dump().substr(1));
    folder.write("model.safetensors", empty_tensors(1));
    refuse(folder, "BAD_CHECKPOINT", {"config.json", "rope_theta"});
  }
}

GgufWriter tiny_gguf(const std::string& without) {
  GgufWriter w;
  w.text("general.architecture", "llama");
  for (const auto& [key, value] : {std::pair{"block_count", 1}, {"embedding_length", 8}, {"attention.head_count", 2},
                                   {"attention.head_count_kv", 1}, {"attention.key_length", 4}, {"feed_forward_length", 6},
                                   {"context_length", 77}}) {
    if (without != key) w.u32(std::string("llama.") + key, static_cast<uint32_t>(value));
  }
  if (without != "attention.layer_norm_rms_epsilon") w.f32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  return w;
}

TEST(HostileFiles, GgufSizesThatNoModelHas) {
  for (const std::string key : {"block_count", "embedding_length", "attention.head_count", "attention.head_count_kv", "attention.key_length",
                                "feed_forward_length", "context_length"}) {
    for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1} << 31, int64_t{1} << 40, INT64_MAX, INT64_MIN}) {
      SCOPED_TRACE(key + ": " + std::to_string(value));
      std::string bytes;
      append(bytes, value);
      refuse_gguf(tiny_gguf(key).raw("llama." + key, 11, bytes).f32_tensor("token_embd.weight", {5, 8}).bytes(), "BAD_CHECKPOINT",
                  {"llama." + key + " is " + std::to_string(value)});
    }
    for (const float value : {std::nanf(""), INFINITY, -INFINITY, 3e38f, 0.5f}) {
      SCOPED_TRACE(key + ": " + std::to_string(value));
      refuse_gguf(tiny_gguf(key).f32("llama." + key, value).f32_tensor("token_embd.weight", {5, 8}).bytes(), "BAD_CHECKPOINT",
                  {"llama." + key + " is " + (std::isnan(value) ? "nan" : std::isinf(value) ? (value > 0 ? "inf" : "-inf") : "")});
    }
  }
  for (const float value : {std::nanf(""), INFINITY, -1.0f, 3e38f, 1e-38f}) {
    SCOPED_TRACE(value);
    GgufWriter w = tiny_gguf("");
    w.text("llama.rope.scaling.type", "linear").f32("llama.rope.scaling.factor", value);
    refuse_gguf(w.f32_tensor("token_embd.weight", {5, 8}).bytes(), "BAD_CHECKPOINT", {"llama.rope.scaling.factor"});
  }
}

}  // namespace
}  // namespace latent4j::test
