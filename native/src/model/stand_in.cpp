// stand_in.cpp: known by their first words.
#include "model/stand_in.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "base/error.h"
#include "model/json.h"

namespace latent4j {

namespace {

struct Pointer {
  const char* begin;
  const char* tool;
  const char* command;
};
constexpr Pointer kPointers[] = {
    {"version https://git-lfs.github.com/spec/", "git-lfs", "git lfs install && git lfs pull"},
    {"version https://hawser.github.com/spec/", "git-lfs", "git lfs install && git lfs pull"},
    {"# xet version ", "git-xet", "git xet install && git xet checkout"},
    {"/annex/objects/", "git-annex", "git annex get ."},
};

struct Archive {
  std::string_view begin;
  const char* kind;
  const char* command;
};
constexpr Archive kArchives[] = {
    {"\x1f\x8b\x08", "a file compressed by gzip", "gunzip"},
    {"\x28\xb5\x2f\xfd", "a file compressed by zstd", "unzstd"},
    {std::string_view("\xfd" "7zXZ\0", 6), "a file compressed by xz", "unxz"},
    {"BZh", "a file compressed by bzip2", "bunzip2"},
    {"PK\x03\x04", "a zip archive, as the weights of PyTorch are", "unzip, or save a model of PyTorch as safetensors"},
};
constexpr size_t kHeaderBytes = 8;  // a safetensors file begins with a length, which may look like an archive, and its header

// The number behind "\nsize ", as git-lfs writes it, with a word before it; nothing if there is none.
std::string size_behind(std::string_view text) {
  const size_t at = text.find("\nsize ");
  if (at == std::string_view::npos) return "";
  const std::string_view rest = text.substr(at + 6);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  return digits == 0 || digits > 18 ? "" : concat(" of ", rest.substr(0, digits), " bytes");
}

bool begins_with_word(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && std::equal(lower.begin(), lower.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

bool is_page(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  for (const char* begin : {"<!doctype html", "<html", "<head", "<?xml"}) {
    if (begins_with_word(text, begin)) return true;
  }
  return false;
}

// Several words, of ASCII.
bool is_text(std::string_view text) {
  return text.find_first_of(" \n") != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= ' ' ? c < 127 : std::isspace(c) != 0; });
}

}  // namespace

void refuse_stand_in(std::string_view begin, size_t size, const std::string& name) {
  for (const Pointer& pointer : kPointers) {
    L4J_CHECK(!begin.starts_with(pointer.begin), "BAD_CHECKPOINT", name, ": a ", pointer.tool, " pointer of ", size,
              " bytes, expected the file", size_behind(begin), " that it stands for; run ", pointer.command,
              " in its folder, or download the file itself");
  }
  const bool has_header = begin.size() > kHeaderBytes && begin[kHeaderBytes] == '{';
  for (const Archive& archive : kArchives) {
    L4J_CHECK(has_header || !begin.starts_with(archive.begin), "BAD_CHECKPOINT", name, ": ", archive.kind, ", of ", size,
              " bytes, expected the file itself; unpack it with ", archive.command);
  }
  L4J_CHECK(!is_page(begin), "BAD_CHECKPOINT", name, ": an HTML or XML page of ", size,
            " bytes, as a server sends that wants a login or has no such file; download the file again, from its own address and not from ",
            "that of the page about it");
}

void refuse_stand_in(const Source& weights, const std::string& name) {
  std::string begin(std::min(weights.size(), kStandInBytes), '\0');
  weights.read(0, reinterpret_cast<std::byte*>(begin.data()), begin.size());
  refuse_stand_in(begin, weights.size(), name);
  L4J_CHECK(begin.size() < weights.size() || !is_text(begin), "BAD_CHECKPOINT", name, ": a text of ", weights.size(), " bytes, ",
            quote(begin), ", expected weights; a server may have sent it in place of the file: download it again");
}

}  // namespace latent4j
