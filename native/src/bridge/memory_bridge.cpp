// memory_bridge.cpp: the memory half of latent4j.h: making, sharing, cutting, handing over, reading.
#include <algorithm>

#include "base/trace.h"
#include "bridge/handles.h"
#include "memory/ticket.h"
#include "memory/transfer.h"

using namespace latent4j;

namespace {

// Keys carry their rotation, so memories go over only between models that rotate alike and have the same shape.
void check_same_family(const Model& source, const Model& target, int32_t range) {
  if (&source == &target || &source.weights() == &target.weights()) return;
  const Config &a = source.config(), &b = target.config();
  L4J_CHECK(a.n_layers == b.n_layers && a.n_kv_heads == b.n_kv_heads && a.head_dim == b.head_dim && a.d_model == b.d_model,
            "INCOMPATIBLE_MEMORY", "range ", range, " is of a model with ", a.n_layers, " layers, ", a.n_kv_heads, " kv heads of ",
            a.head_dim, ", d_model ", a.d_model, "; the target has ", b.n_layers, ", ", b.n_kv_heads, " of ", b.head_dim, ", ", b.d_model);
  L4J_CHECK(a.rope.inv_freq == b.rope.inv_freq && a.rope.attention_factor == b.rope.attention_factor, "INCOMPATIBLE_MEMORY", "range ",
            range, " is of a model with other rope frequencies (", a.rope.type, ", theta ", a.rope.theta, ") than the target's (",
            b.rope.type, ", theta ", b.rope.theta, ")");
}

}  // namespace

l4j_memory* l4j_memory_create(l4j_model* model) {
  return guarded([&] { return new l4j_memory{model->model, std::make_unique<Memory>(model->model->pool())}; });
}

void l4j_memory_close(l4j_memory* memory) { delete memory; }

l4j_memory* l4j_memory_fork(l4j_memory* memory) {
  return guarded([&] {
    MemoryLock lock(*memory->memory, MemoryLock::Mode::read);
    auto fork = std::make_unique<Memory>(memory->memory->pool_ptr());
    fork->share(*memory->memory, memory->memory->length());
    const auto& hidden = memory->memory->hidden();
    if (!hidden.empty()) fork->set_hidden(hidden.data(), static_cast<int32_t>(hidden.size()));
    return new l4j_memory{memory->model, std::move(fork)};
  });
}

int32_t l4j_memory_length(const l4j_memory* memory) { return memory->memory->length(); }

int64_t l4j_memory_bytes(const l4j_memory* memory) {
  return static_cast<int64_t>(memory->memory->layout().position_bytes()) * memory->memory->length();
}

void l4j_memory_truncate(l4j_memory* memory, int32_t length) {
  guarded([&] {
    MemoryLock lock(*memory->memory, MemoryLock::Mode::write);
    L4J_CHECK(length >= 0 && length <= memory->memory->length(), "BAD_ARGUMENT", "length ", length, ", expected 0 to ",
              memory->memory->length());
    memory->memory->truncate(length);
  });
}

l4j_memory* l4j_memory_assemble(l4j_model* target, const l4j_range* ranges, int32_t n_ranges, bool rotate) {
  return guarded([&] {
    L4J_CHECK(n_ranges >= 0, "BAD_ARGUMENT", "n_ranges ", n_ranges, ", expected 0 or more");
    Model& m = *target->model;
    std::vector<MemoryLock> locks;  // one per range: the same memory may be read twice
    std::vector<MemoryRange> sources;
    int64_t positions = 0;
    for (int32_t i = 0; i < n_ranges; i++) {
      L4J_CHECK(ranges[i].memory, "BAD_ARGUMENT", "memory of range ", i, " is null, expected a memory");
      check_same_family(*ranges[i].memory->model, m, i);
      locks.emplace_back(*ranges[i].memory->memory, MemoryLock::Mode::read);
      sources.push_back({ranges[i].memory->memory.get(), ranges[i].begin, ranges[i].end});
      positions += int64_t{ranges[i].end} - ranges[i].begin;
    }
    const Trace range("transfer: %lld positions in %d ranges to %s", static_cast<long long>(positions), n_ranges, m.device().id().c_str());
    Model::Lease lease(m);
    return new l4j_memory{target->model, assemble(lease->queue, m.ops(), m.config(), m.pool(), sources, rotate)};
  });
}

std::string l4j_memory_export(l4j_memory* memory) {
  return guarded([&] {
    MemoryLock lock(*memory->memory, MemoryLock::Mode::read);
    return export_memory(*memory->memory, memory->model->config());
  });
}

l4j_memory* l4j_memory_import(l4j_model* target, const char* ticket) {
  return guarded([&] {
    L4J_CHECK(ticket, "BAD_ARGUMENT", "ticket is null, expected one of a memory of another process");
    Model& m = *target->model;
    const Trace range("transfer: by ticket to %s", m.device().id().c_str());
    Model::Lease lease(m);
    return new l4j_memory{target->model, import_memory(lease->queue, m.ops(), m.config(), m.pool(), ticket)};
  });
}

int32_t l4j_memory_read(l4j_memory* memory, int32_t layer, float* keys, float* values, int64_t capacity) {
  return guarded([&] {
    MemoryLock lock(*memory->memory, MemoryLock::Mode::read);
    const PageLayout& layout = memory->memory->layout();
    L4J_CHECK(layer >= 0 && layer < layout.n_layers, "BAD_ARGUMENT", "layer ", layer, ", expected 0 to ", layout.n_layers - 1);
    const int32_t length = memory->memory->length();
    if (int64_t{length} * layout.n_kv_heads * layout.head_dim <= capacity) read_layer(*memory->memory, layer, keys, values);
    return length;
  });
}

void l4j_memory_hidden(l4j_memory* memory, float* hidden, int64_t capacity) {
  guarded([&] {
    MemoryLock lock(*memory->memory, MemoryLock::Mode::read);
    const auto& last = memory->memory->hidden();
    L4J_CHECK(!last.empty(), "NO_HIDDEN_STATE", "a memory of ", memory->memory->length(),
              " positions that was cut, assembled or never prefilled has no last hidden state");
    check_capacity(capacity, last.size());
    std::copy(last.begin(), last.end(), hidden);
  });
}
