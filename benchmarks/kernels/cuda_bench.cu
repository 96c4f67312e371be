// cuda_bench: the CUDA ops on Qwen3-0.6B's shapes: microseconds, GB/s of the bytes that have to move, and the share of a streaming copy's
// speed in the same run; products beside cuBLAS. Argument `small`: small shapes, to see that it runs.
#include "cuda_bench.h"

#include <cstring>

namespace latent4j::bench {
namespace {

struct Shape {
  const char* name;
  int32_t d, d_ff, n_heads, n_kv_heads, head_dim, n_layers, vocab;
};
constexpr Shape kQwen3{"Qwen3-0.6B", 1024, 3072, 16, 8, 128, 28, 151936};
constexpr Shape kSmall{"small", 256, 512, 4, 2, 64, 2, 1024};

struct Product {
  const char* name;
  std::vector<int32_t> m;  // rows of each target
  int32_t k;
  MatmulInto into;
};

std::vector<Product> products(const Shape& s) {
  const int32_t q = s.n_heads * s.head_dim, kv = s.n_kv_heads * s.head_dim;
  return {{"q k v", {q, kv, kv}, s.d, MatmulInto::store},
          {"o", {s.d}, q, MatmulInto::add},
          {"gate up", {s.d_ff, s.d_ff}, s.d, MatmulInto::silu_mul},
          {"down", {s.d}, s.d_ff, MatmulInto::add},
          {"logits", {s.vocab}, s.d, MatmulInto::store}};
}

// Copies of a product's weights on the device, enough of them that a rotation does not fit into a cache.
class Weights {
 public:
  Weights(const Gpu& gpu, DType type, const Product& product) {
    size_t bytes = 0;
    for (int32_t m : product.m) bytes += Matrix{nullptr, m, product.k, type}.row_bytes() * m;
    copies_ = gpu.copies(bytes);
    bytes_ = bytes;
    for (int32_t m : product.m) {
      const RandomWeight host(type, m, product.k, static_cast<uint32_t>(m));
      for (int copy = 0; copy < copies_; copy++) {
        storage_.push_back(std::make_unique<DeviceBytes>(cuda::stored_bytes(host.view())));
        cuda::store(gpu.stream, host.view(), storage_.back()->as<std::byte>());
        Matrix stored = host.view();
        stored.data = storage_.back()->as<std::byte>();
        matrices_.push_back(stored);
      }
    }
  }
  int copies() const { return copies_; }
  size_t bytes() const { return bytes_; }
  const Matrix& at(size_t target, int copy) const { return matrices_[target * copies_ + copy % copies_]; }

 private:
  int copies_;
  size_t bytes_;
  std::vector<std::unique_ptr<DeviceBytes>> storage_;
  std::vector<Matrix> matrices_;
};

void matmul(Gpu& gpu, const Cublas& cublas, const Shape& shape, DType type, const Product& product, int32_t n, bool prefill) {
  if (product.k % dtype_info(type).block_elements != 0) return;
  const Weights weights(gpu, type, product);
  const size_t n_targets = product.m.size(), k = static_cast<size_t>(product.k);
  const auto x = random_numbers(n * k), half = random_numbers(n * k, DType::BF16);
  std::vector<std::unique_ptr<DeviceBytes>> y;
  double outputs = 0;
  for (int32_t m : product.m) {
    y.push_back(std::make_unique<DeviceBytes>(sizeof(float) * n * m));
    L4J_CUDA_CHECK(cudaMemset(y.back()->as<void>(), 0, y.back()->size()));
    outputs += m;
  }
  Queue queue = gpu.queue();
  CudaCase line{prefill ? "matmul_tiles" : "matmul_rows", shape.name,
                std::string(product.name) + " " + dtype_info(type).name + " " + std::to_string(n) + (n == 1 ? " row" : " rows")};
  line.seconds = gpu.seconds(gpu.calls(weights.copies()), [&](int copy) {
    MatmulTarget targets[3];
    for (size_t t = 0; t < n_targets; t++) targets[t] = {&weights.at(t, copy), nullptr, y[t]->as<float>()};
    MatmulArgs args{x->as<float>(), n, product.k, targets, static_cast<int32_t>(n_targets), product.into};
    args.prefill = prefill;
    cuda::ops().matmul(queue, args);
  });
  if (cublas && type == DType::BF16) {
    line.baseline_seconds = gpu.seconds(gpu.calls(weights.copies()), [&](int copy) {
      for (size_t t = 0; t < n_targets; t++) {
        cublas.matmul(weights.at(t, copy).data, half->as<void>(), y[t]->as<float>(), product.m[t], n, product.k);
      }
    });
  }
  const double written = product.into == MatmulInto::silu_mul ? outputs / 2 : product.into == MatmulInto::add ? 2 * outputs : outputs;
  line.bytes = static_cast<double>(weights.bytes()) + 4.0 * n * (k + written);
  if (prefill) line.flops = 2.0 * n * k * outputs;
  print(gpu, line);
}

// Memories of one length, each of its own pages, one after another in one allocation, as often as a rotation holds them.
class Memories {
 public:
  Memories(const Gpu& gpu, const Shape& s, int n_memories, int length, int page_size)
      : layout_{DType::BF16, page_size, s.n_layers, s.n_kv_heads, s.head_dim},
        n_(n_memories),
        n_pages_((length + page_size - 1) / page_size),
        copies_(gpu.copies(layout_.page_bytes() * n_pages_ * n_)),
        bytes_(random_numbers(layout_.page_bytes() * n_pages_ * n_ * copies_ / 2, DType::BF16)),
        table_(sizeof(void*) * n_pages_ * n_ * copies_),
        tables_(sizeof(void*) * n_ * copies_) {
    std::vector<void*> tables;
    const int n = n_ * copies_;
    for (int i = 0; i < n * n_pages_; i++) pages_.push_back(bytes_->as<std::byte>() + layout_.page_bytes() * i);
    for (int i = 0; i < n; i++) tables.push_back(table_.as<void*>() + static_cast<size_t>(i) * n_pages_);
    table_.write(pages_.data(), table_.size());
    tables_.write(tables.data(), tables_.size());
  }
  int copies() const { return copies_; }
  PagedSequences view(int copy) const { return {tables_.as<std::byte* const*>() + copy % copies_ * n_, &layout_}; }
  PagedView host_view(int copy) const { return {pages_.data() + copy % copies_ * n_ * n_pages_, &layout_}; }
  const PageLayout& layout() const { return layout_; }

 private:
  PageLayout layout_;
  int n_, n_pages_, copies_;
  std::unique_ptr<DeviceBytes> bytes_;
  DeviceBytes table_, tables_;
  std::vector<std::byte*> pages_;
};

// One position each of `n` sequences; every call reads another layer or copy.
void attention(Gpu& gpu, const Shape& s, int32_t n, int32_t length) {
  const Memories memories(gpu, s, n, length, 16);
  const size_t q_size = static_cast<size_t>(n) * s.n_heads * s.head_dim;
  const auto q = random_numbers(q_size);
  const DeviceBytes out(4 * q_size);
  std::vector<RowPlace> rows;
  for (int32_t i = 0; i < n; i++) rows.push_back({i, length - 1});
  DeviceBytes places(sizeof(RowPlace) * n);
  places.write(rows.data(), places.size());
  Queue queue = gpu.queue();
  CudaCase line{"attention_split", s.name, std::to_string(n) + " x 1 row over " + std::to_string(length) + " positions"};
  line.seconds = gpu.seconds(gpu.calls(memories.copies() * s.n_layers), [&](int call) {
    cuda::ops().attention(queue, {q->as<float>(), places.as<RowPlace>(), memories.view(call / s.n_layers), n, s.n_heads, s.n_kv_heads,
                                  s.head_dim, call % s.n_layers, 0, 0.088f, length, false, out.as<float>()});
  });
  line.bytes = 2.0 * 2 * n * length * s.n_kv_heads * s.head_dim + 8.0 * q_size;
  print(gpu, line);
}

void kv_copy(Gpu& gpu, const Shape& s, int32_t length, bool rotate) {
  const Memories source(gpu, s, 1, length, 16), target(gpu, s, 1, length + 16, 64);
  const std::vector<float> cos(s.head_dim / 2, 0.6f), sin(s.head_dim / 2, 0.8f);
  Queue queue = gpu.queue();
  CudaCase line{"kv_copy", s.name, std::to_string(length) + (rotate ? " positions rotated" : " positions")};
  line.seconds = gpu.seconds(gpu.calls(source.copies()), [&](int copy) {
    const float *by_cos = rotate ? cos.data() : nullptr, *by_sin = rotate ? sin.data() : nullptr;
    cuda::ops().kv_copy(queue, {source.host_view(copy), target.host_view(copy), 0, 16, length, by_cos, by_sin});
  });
  line.bytes = 2.0 * static_cast<double>(source.layout().position_bytes()) * length;
  print(gpu, line);
}

void align(Gpu& gpu, int32_t d, int32_t n) {
  const size_t size = static_cast<size_t>(d) * d;
  const int copies = gpu.copies(4 * size);
  const auto matrices = random_numbers(size * copies), x = random_numbers(static_cast<size_t>(n) * d);
  const DeviceBytes y(sizeof(float) * n * d);
  Queue queue = gpu.queue();
  CudaCase line{"align", "d " + std::to_string(d), std::to_string(n) + (n == 1 ? " row" : " rows")};
  line.seconds = gpu.seconds(gpu.calls(copies), [&](int call) {
    cuda::ops().align(queue, {x->as<float>(), matrices->as<float>() + size * (call % copies), 1.0f, n, d, y.as<float>()});
  });
  line.bytes = 4.0 * size + 8.0 * n * d;
  print(gpu, line);
}

void sample(Gpu& gpu, const Shape& s, float temperature) {
  const auto logits = random_numbers(s.vocab);
  const SampleRow row{42, 0};
  DeviceBytes rows(sizeof(row)), token(sizeof(int32_t));
  rows.write(&row, sizeof(row));
  Queue queue = gpu.queue();
  CudaCase line{"sample", s.name, temperature > 0 ? "1 row top-p 0.95" : "1 row greedy"};
  line.seconds = gpu.seconds(gpu.calls(1), [&](int) {
    cuda::ops().sample(queue, {logits->as<float>(), rows.as<SampleRow>(), 1, s.vocab, temperature, 0.95f, 0, token.as<int32_t>()});
  });
  line.bytes = 4.0 * s.vocab;
  print(gpu, line);
}

void likeliest(Gpu& gpu, const Shape& s, bool looks) {
  constexpr int32_t kMost = 10;
  const auto logits = random_numbers(s.vocab);
  const DeviceBytes ids(4 * kMost), values(4 * kMost), thought(sizeof(Thought));
  Queue queue = gpu.queue();
  CudaCase line{"likeliest", s.name, looks ? "1 row 10 tokens and entropy" : "1 row 10 tokens"};
  line.seconds = gpu.seconds(gpu.calls(1), [&](int) {
    cuda::ops().likeliest(queue, {logits->as<float>(), 1, s.vocab, kMost, ids.as<int32_t>(), values.as<float>(),
                                  looks ? thought.as<Thought>() : nullptr});
  });
  line.bytes = 4.0 * s.vocab;
  print(gpu, line);
}

void mix(Gpu& gpu, const Shape& s, DType type) {
  constexpr int32_t kMost = 10;
  const Weights table(gpu, type, {"", {s.vocab}, s.d, MatmulInto::store});
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < kMost; i++) tokens.push_back((i + 1) * (s.vocab / 11));
  DeviceBytes ids(4 * kMost);
  ids.write(tokens.data(), ids.size());
  const auto values = random_numbers(kMost);
  const DeviceBytes y(sizeof(float) * s.d);
  Queue queue = gpu.queue();
  CudaCase line{"mix", s.name, std::string("1 row of 10 ") + dtype_info(type).name};
  line.seconds = gpu.seconds(gpu.calls(table.copies()), [&](int copy) {
    cuda::ops().mix(queue, {&table.at(0, copy), ids.as<int32_t>(), values->as<float>(), nullptr, 1, kMost, kMost, 1, 0, 0, 1,
                            y.as<float>()});
  });
  line.bytes = static_cast<double>(kMost * table.at(0, 0).row_bytes()) + 4.0 * s.d;
  print(gpu, line);
}

void nearest(Gpu& gpu, const Shape& s) {
  const auto products = random_numbers(s.vocab), scales = random_numbers(s.vocab);
  const DeviceBytes thought(sizeof(Thought));
  L4J_CUDA_CHECK(cudaMemset(thought.as<void>(), 0, thought.size()));
  Queue queue = gpu.queue();
  CudaCase line{"nearest", s.name, "1 row"};
  line.seconds = gpu.seconds(gpu.calls(1), [&](int) {
    cuda::ops().nearest(queue, {products->as<float>(), scales->as<float>(), 1, s.vocab, thought.as<Thought>()});
  });
  line.bytes = 8.0 * s.vocab;
  print(gpu, line);
}

void measure_all(Gpu& gpu) {
  const Shape& s = gpu.small ? kSmall : kQwen3;
  const Cublas cublas(gpu.stream.handle);
  std::fprintf(stderr, "%s: a streaming copy moves %.0f GB/s; cuBLAS: %s\n", gpu.name.c_str(), gpu.copy_gb_per_s,
               cublas ? "found" : "not found");
  print_header();
  print(gpu, {"copy", "", "streaming", 1e-3, 1e6 * gpu.copy_gb_per_s, 0, 0});
  const std::vector<int32_t> rows = gpu.small ? std::vector<int32_t>{1} : std::vector<int32_t>{1, 4, 16};
  for (const Product& product : products(s)) {
    for (DType type : {DType::BF16, DType::Q8_0, DType::Q4_K}) {
      for (int32_t n : rows) matmul(gpu, cublas, s, type, product, n, false);
      if (product.m[0] != s.vocab) matmul(gpu, cublas, s, type, product, gpu.small ? 16 : 512, true);
    }
  }
  for (int32_t n : {1, 8}) {
    for (int32_t length : gpu.small ? std::vector<int32_t>{40} : std::vector<int32_t>{512, 4096}) attention(gpu, s, n, length);
  }
  for (bool rotate : {false, true}) kv_copy(gpu, s, gpu.small ? 40 : 512, rotate);
  for (int32_t d : gpu.small ? std::vector<int32_t>{64} : std::vector<int32_t>{1024, 4096}) {
    for (int32_t n : {1, 16}) align(gpu, d, n);
  }
  for (float temperature : {0.0f, 0.6f}) sample(gpu, s, temperature);
  for (bool looks : {false, true}) likeliest(gpu, s, looks);
  for (DType type : {DType::BF16, DType::Q4_K}) mix(gpu, s, type);
  nearest(gpu, s);
}

}  // namespace
}  // namespace latent4j::bench

int main(int argc, char** argv) {
  try {
    latent4j::bench::Gpu gpu(argc > 1 && std::strcmp(argv[1], "small") == 0);
    latent4j::bench::measure_all(gpu);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
