// error.h: the one exception of the native code. Its text begins with a stable code that Java switches on.
#pragma once

#include <exception>
#include <sstream>
#include <string>

namespace latent4j {

class Error : public std::exception {
 public:
  Error(const char* code, const std::string& message) : code_(code), text_("[" + code_ + "] " + message) {}
  const char* what() const noexcept override { return text_.c_str(); }
  const std::string& code() const noexcept { return code_; }
  std::string message() const { return text_.substr(code_.size() + 3); }  // without the code

 private:
  std::string code_;
  std::string text_;
};

template <typename... Values>
std::string concat(const Values&... values) {
  std::ostringstream out;
  (out << ... << values);
  return out.str();
}

}  // namespace latent4j

// L4J_CHECK(need <= free, "OUT_OF_PAGES", "need ", need, ", free ", free): the message's parts are evaluated only on failure.
#define L4J_CHECK(condition, code, ...) \
  do {                                  \
    if (!(condition)) [[unlikely]]      \
      throw ::latent4j::Error(code, ::latent4j::concat(__VA_ARGS__)); \
  } while (false)
