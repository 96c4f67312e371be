// model_bridge.cpp: the model half of latent4j.h: opening, describing, alignment.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/control_groups.h"
#include "bridge/handles.h"
#include "kernels/cpu/dispatch.h"

using namespace latent4j;
using nlohmann::json;

namespace {

ModelOptions checked(const l4j_model_options* options) {
  ModelOptions out;
  if (!options) return out;
  L4J_CHECK(options->memory_type == L4J_MEMORY_BF16 || options->memory_type == L4J_MEMORY_F32, "BAD_ARGUMENT", "memory_type ",
            options->memory_type, ", expected 0 (bf16) or 1 (f32)");
  out.n_threads = options->n_threads;
  if (options->page_size != 0) out.page_size = options->page_size;
  out.memory_type = options->memory_type == L4J_MEMORY_F32 ? DType::F32 : DType::BF16;
  out.memory_positions = options->memory_positions;
  if (options->cpu_level) out.cpu_level = options->cpu_level;
  if (options->device) out.device = options->device;
  return out;
}

AlignmentKind checked_kind(int32_t alignment) {
  L4J_CHECK(alignment >= L4J_ALIGN_IDENTITY && alignment <= L4J_ALIGN_NONE, "BAD_ARGUMENT", "alignment ", alignment,
            ", expected 0 (identity), 1 (ridge), 2 (random) or 3 (none): the others are no map of one hidden state");
  return static_cast<AlignmentKind>(alignment);
}

// Bytes of the tensors of each dtype, by GGUF's names.
json dtype_bytes(const Checkpoint& checkpoint) {
  json out = json::object();
  for (const auto& [name, tensor] : checkpoint.tensors) {
    json& sum = out[dtype_info(tensor.dtype).name];
    sum = (sum.is_null() ? uint64_t{0} : sum.get<uint64_t>()) + tensor.bytes;
  }
  return out;
}

}  // namespace

std::string l4j_device_info() {
  return guarded([] {
    const auto levels = cpu::levels();
    json devices = json::array();
    for (const DeviceFacts& device : Device::all()) {
      devices.push_back({{"id", device.id},
                         {"name", device.name},
                         {"compute_capability", device.compute_capability},
                         {"memory_bytes", device.memory_bytes},
                         {"free_bytes", device.free_bytes},
                         {"multiprocessors", device.multiprocessors},
                         {"usable", device.usable},
                         {"why", device.why}});
    }
    return json{{"cpu", Device::cpu().name()},
                {"devices", devices},
                {"cuda", {{"why", Device::why_no_cuda()}}},
                {"level", levels.back()},
                {"levels", levels},
                {"cores", available_cores()},
                {"ram_bytes", ram_bytes()}}
        .dump(-1, ' ', true, json::error_handler_t::replace);
  });
}

l4j_model* l4j_model_open(const char* path, const l4j_model_options* options, l4j_control* control) {
  return guarded([&] {
    L4J_CHECK(path && *path, "BAD_ARGUMENT", "path is empty, expected a folder or a .gguf file");
    return new l4j_model{std::make_shared<Model>(path, checked(options), control ? &control->cancel : nullptr)};
  });
}

void l4j_model_close(l4j_model* model) { delete model; }

std::string l4j_model_info(const l4j_model* model) {
  return guarded([&] {
    const Model& m = *model->model;
    const Config& c = m.config();
    const PageLayout& layout = m.pool()->layout();
    size_t bytes = 0;
    for (const auto& file : m.weights().checkpoint.files) bytes += file->size();
    int32_t window = 0;
    for (int32_t w : c.windows) window = std::max(window, w);
    return json{{"path", m.weights().checkpoint.path},
                {"format", m.weights().checkpoint.format == CheckpointFormat::gguf ? "gguf" : "safetensors"},
                {"family", c.family},
                {"n_layers", c.n_layers},
                {"d_model", c.d_model},
                {"n_heads", c.n_heads},
                {"n_kv_heads", c.n_kv_heads},
                {"head_dim", c.head_dim},
                {"d_ff", c.d_ff},
                {"vocab", c.vocab},
                {"max_positions", c.max_positions},
                {"sliding_window", window},
                {"tied_embeddings", m.is_tied()},
                {"rope_type", c.rope.type},
                {"rope_theta", c.rope.theta},
                {"dtype_bytes", dtype_bytes(m.weights().checkpoint)},
                {"file_bytes", bytes},
                {"device", m.device().id()},
                {"device_name", m.device().name()},
                {"cpu_level", m.cpu_ops().name},
                {"n_threads", m.n_threads()},
                {"memory_type", dtype_info(layout.dtype).name},
                {"page_size", layout.page_size},
                {"pool_pages", m.pool()->capacity()},
                {"peak_pages", m.pool()->peak_pages()},
                {"page_bytes", layout.page_bytes()},
                {"position_bytes", layout.position_bytes()}}
        .dump(-1, ' ', true, json::error_handler_t::replace);
  });
}

std::string l4j_model_metadata(const l4j_model* model) {
  return guarded([&]() -> std::string {
    const Checkpoint& checkpoint = model->model->weights().checkpoint;
    if (checkpoint.format != CheckpointFormat::gguf) return "{}";
    return checkpoint.metadata.dump(-1, ' ', true, json::error_handler_t::replace);
  });
}

void l4j_model_alignment(l4j_model* model, int32_t alignment, float* matrix, int64_t capacity, float* target_norm,
                         l4j_control* control) {
  guarded([&] {
    const size_t d = model->model->config().d_model;
    if (matrix) check_capacity(capacity, d * d);
    const Alignment& solved = model->model->alignment(checked_kind(alignment), control ? &control->cancel : nullptr);
    if (target_norm) *target_norm = solved.target_norm;
    if (!matrix) return;
    if (!solved.matrix.empty()) {
      std::copy(solved.matrix.begin(), solved.matrix.end(), matrix);
      return;
    }
    std::fill_n(matrix, d * d, 0.0f);
    for (size_t i = 0; i < d; i++) matrix[i * d + i] = 1.0f;
  });
}

double l4j_model_alignment_distance(l4j_model* model, int32_t alignment) {
  if (alignment == L4J_ALIGN_SOFT) return 0;
  return guarded([&] { return model->model->alignment(checked_kind(alignment)).distance_from_identity(model->model->config().d_model); });
}

int32_t l4j_model_resolve_alignment(l4j_model* model, l4j_control* control) {
  return guarded([&] { return static_cast<int32_t>(model->model->resolve(L4J_ALIGN_AUTO, control ? &control->cancel : nullptr)); });
}

void l4j_model_align(l4j_model* model, int32_t alignment, const float* hidden, int32_t n, float* aligned, int64_t capacity) {
  guarded([&] {
    L4J_CHECK(n >= 0, "BAD_ARGUMENT", "n ", n, ", expected 0 or more rows");
    Model& m = *model->model;
    check_capacity(capacity, static_cast<size_t>(n) * m.config().d_model);
    const DeviceAlignment solved = m.device_alignment(checked_kind(alignment));
    Model::Lease lease(m);
    Device& device = m.device();
    const size_t d = m.config().d_model;
    Buffer<float> rows(device);  // [2, as many rows at a time, d_model]
    for (int32_t begin = 0; begin < n; begin += device.pass_rows()) {
      const int32_t count = std::min(device.pass_rows(), n - begin);
      rows.reserve(2 * count * d);
      float *x = rows.data(), *y = rows.data() + count * d;
      device.upload(lease->queue, x, hidden + begin * d, count * d * sizeof(float));
      m.ops().align(lease->queue, {x, solved.matrix, solved.target_norm, count, m.config().d_model, y});
      device.download(lease->queue, aligned + begin * d, y, count * d * sizeof(float));
      device.finish(lease->queue);
    }
  });
}

int64_t l4j_model_free_pages(const l4j_model* model) {
  return guarded([&] { return model->model->pool()->free_pages(); });
}
