#include "memory/ticket.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#if defined(L4J_CUDA)
#include "kernels/cuda/device.h"
#endif

namespace latent4j {

using nlohmann::json;

namespace {

constexpr int kFormat = 1;

void check_gpu(const PagePool& pool, const char* what) {
  L4J_CHECK(!pool.device().host(), "UNSUPPORTED", what, " on ", pool.device().id(), ", supported: memories on a CUDA device");
}

}  // namespace

#if defined(L4J_CUDA)

std::string export_memory(const Memory& memory, const Config& config) {
  const PagePool& pool = memory.pool();
  check_gpu(pool, "a ticket for a memory");
  const PageLayout& layout = memory.layout();
  std::vector<int64_t> pages;
  for (int32_t p = 0; p < memory.length(); p += layout.page_size) {
    pages.push_back((memory.addresses()[p / layout.page_size] - pool.base()) / static_cast<ptrdiff_t>(pool.stride()));
  }
  return json{{"format", kFormat},
              {"handle", cuda::export_handle(pool.device(), pool.base())},
              {"stride", pool.stride()},
              {"capacity", pool.capacity()},
              {"pages", pages},
              {"length", memory.length()},
              {"type", dtype_info(layout.dtype).name},
              {"page_size", layout.page_size},
              {"n_layers", layout.n_layers},
              {"n_kv_heads", layout.n_kv_heads},
              {"head_dim", layout.head_dim},
              {"d_model", config.d_model},
              {"inv_freq", config.rope.inv_freq},
              {"attention_factor", config.rope.attention_factor}}
      .dump();
}

std::unique_ptr<Memory> import_memory(Queue& queue, const Ops& ops, const Config& config, std::shared_ptr<PagePool> pool,
                                      const std::string& ticket) {
  check_gpu(*pool, "taking a memory over by its ticket");
  const json t = json::parse(ticket, nullptr, false);
  try {
    L4J_CHECK(t.is_object() && t.at("format").get<int>() == kFormat, "BAD_ARGUMENT", "not a memory ticket of format ", kFormat, ": ",
              ticket.substr(0, 80));
    const PageLayout& target = pool->layout();
    PageLayout source = target;
    source.page_size = t.at("page_size").get<int32_t>();
    const std::string type = t.at("type").get<std::string>();
    source.dtype = type == dtype_info(DType::F32).name ? DType::F32 : DType::BF16;
    const auto same = [&](const char* name, int32_t expected) {
      const int32_t value = t.at(name).get<int32_t>();
      L4J_CHECK(value == expected, "INCOMPATIBLE_MEMORY", "the ticket's memory has ", name, " ", value, ", the target's has ", expected);
    };
    same("n_layers", target.n_layers);
    same("n_kv_heads", target.n_kv_heads);
    same("head_dim", target.head_dim);
    same("d_model", config.d_model);
    L4J_CHECK(t.at("inv_freq").get<std::vector<double>>() == config.rope.inv_freq &&
                  t.at("attention_factor").get<float>() == config.rope.attention_factor,
              "INCOMPATIBLE_MEMORY", "the ticket's memory is of a model with other rope frequencies than the target's");
    const int32_t length = t.at("length").get<int32_t>();
    const auto pages = t.at("pages").get<std::vector<int64_t>>();
    const int64_t capacity = t.at("capacity").get<int64_t>();
    const size_t stride = t.at("stride").get<size_t>();
    bool sound = (type == dtype_info(DType::F32).name || type == dtype_info(DType::BF16).name) && source.page_size > 0 && length >= 0 &&
                 static_cast<int64_t>(pages.size()) * source.page_size >= length && stride >= source.page_bytes();
    for (int64_t page : pages) sound = sound && page >= 0 && page < capacity;
    L4J_CHECK(sound, "BAD_ARGUMENT", "a memory ticket whose pages and length contradict each other: ", ticket.substr(0, 80));
    L4J_CHECK(length <= config.max_positions, "CONTEXT_EXCEEDED", length, " positions, the model's context is ", config.max_positions);

    auto memory = std::make_unique<Memory>(pool);
    memory->reserve(length);
    if (length == 0) return memory;
    const cuda::ImportedPool imported(pool->device(), t.at("handle").get<std::string>());
    const FinishAtEnd pages_stay(pool->device(), queue);  // also where an error ends it
    std::vector<std::byte*> addresses;
    for (int64_t page : pages) addresses.push_back(imported.base() + static_cast<size_t>(page) * stride);
    ops.kv_copy(queue, {{addresses.data(), &source}, memory->view(), 0, 0, length, nullptr, nullptr});
    pool->device().finish(queue);
    memory->commit(length);
    return memory;
  } catch (const json::exception& e) {
    throw Error("BAD_ARGUMENT", concat("not a memory ticket: ", e.what()));
  }
}

#else

std::string export_memory(const Memory& memory, const Config&) {
  check_gpu(memory.pool(), "a ticket for a memory");
  return {};
}

std::unique_ptr<Memory> import_memory(Queue&, const Ops&, const Config&, std::shared_ptr<PagePool> pool, const std::string&) {
  check_gpu(*pool, "taking a memory over by its ticket");
  return {};
}

#endif

}  // namespace latent4j
