// ticket.h: a memory handed to another process: a text that names the pages on a GPU, which the other process maps and copies from.
#pragma once

#include <memory>
#include <string>

#include "kernels/ops.h"
#include "memory/memory.h"
#include "model/config.h"

namespace latent4j {

// JSON: format, handle (GPU and CUDA IPC handle), stride, pages, length, layout, rope. Throws UNSUPPORTED where the memory is not on a GPU.
std::string export_memory(const Memory& memory, const Config& config);

// A new memory of `pool` with the content that `ticket` names; done on return.
// Throws BAD_ARGUMENT, NO_DEVICE, INCOMPATIBLE_MEMORY, OUT_OF_PAGES, CONTEXT_EXCEEDED, UNSUPPORTED (a pool that is not on a GPU).
std::unique_ptr<Memory> import_memory(Queue& queue, const Ops& ops, const Config& config, std::shared_ptr<PagePool> pool,
                                      const std::string& ticket);

}  // namespace latent4j
