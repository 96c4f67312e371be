// stand_in.h: what lies in a checkpoint's place where only a part of the way to it was gone: a pointer of git's extensions for large files,
// a page or a few words of a server that did not send the file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "model/checkpoint.h"

namespace latent4j {

constexpr size_t kStandInBytes = 1024;  // of a file's beginning that tell; all of it where it is shorter

// Throws BAD_CHECKPOINT, with what it is and what to do, if a file of `size` bytes that begins so is a pointer or a page.
void refuse_stand_in(std::string_view begin, size_t size, const std::string& name);

// The same of weights, which are never a short text either.
void refuse_stand_in(const Source& weights, const std::string& name);

}  // namespace latent4j
