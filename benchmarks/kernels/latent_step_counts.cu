// latent_step_counts: one layer of a latent step of Qwen3-0.6B's shape and what stands around the layers, each op alone, for a
// simulator or a profiler that counts what a launch moves. Before an op's launches a line on stderr tells its name, the bytes that it
// cannot do without, those that each of its blocks reads, and those that it reads again besides: a few KiB at a time, all but the first
// of which the caches serve. benchmarks/cuda_counts makes the table. Argument: rows (1).
#include "cuda_bench.h"

#include <cmath>

namespace latent4j::bench {
namespace {

constexpr int32_t kD = 1024, kHeads = 16, kKvHeads = 8, kHeadDim = 128, kFf = 3072, kVocab = 151936, kLayers = 28, kPositions = 1024;
constexpr int32_t kMix = 10;  // tokens that soft mixes
constexpr int32_t kQ = kHeads * kHeadDim, kKv = kKvHeads * kHeadDim, kPageSize = 16;

// Random weights in bf16.
struct Weight {
  Weight(int32_t rows, int32_t cols) : bytes(random_numbers(static_cast<size_t>(rows) * cols, DType::BF16)) {
    matrix = {bytes->as<std::byte>(), rows, cols, DType::BF16};
  }
  std::unique_ptr<DeviceBytes> bytes;
  Matrix matrix;
};

class Step {
 public:
  Step(Gpu& gpu, int32_t n)
      : gpu_(gpu), n_(n), places_(sizeof(RowPlace) * n), samples_(sizeof(SampleRow) * n), tokens_(4 * n), first_bad_(8),
        inv_freq_(8 * kHeadDim / 2), cos_(4 * n * kHeadDim / 2), sin_(4 * n * kHeadDim / 2), up_(4 * n * kFf), logits_(4l * n * kVocab),
        ids_(4 * n * kMix), values_(4 * n * kMix), thoughts_(sizeof(Thought) * n) {
    std::vector<RowPlace> places;
    std::vector<SampleRow> samples;
    for (int32_t i = 0; i < n; i++) {
      places.push_back({i, kPositions - 1});
      samples.push_back({42, static_cast<uint64_t>(i)});
    }
    std::vector<double> inv_freq(kHeadDim / 2);
    for (size_t i = 0; i < inv_freq.size(); i++) inv_freq[i] = std::pow(1e6, -2.0 * i / kHeadDim);
    places_.write(places.data(), places_.size());
    samples_.write(samples.data(), samples_.size());
    inv_freq_.write(inv_freq.data(), inv_freq_.size());
    const uint64_t none = ~uint64_t{0};
    first_bad_.write(&none, sizeof(none));
    make_memories();
  }

  void run() {
    Queue q = gpu_.queue();
    const double n = n_;
    float *x = x_->as<float>(), *qh = q_->as<float>(), *k = k_->as<float>(), *v = v_->as<float>(), *h = h_->as<float>();
    float *gate = gate_->as<float>(), *up = up_.as<float>(), *attended = attended_->as<float>(), *norm = norm_->as<float>();
    const RowPlace* places = places_.as<RowPlace>();
    std::fprintf(stderr, "#shape|%d|%d|%d\n", n_, kLayers, kPositions);

    begin("step", "rope_angles", sectors(8 * n) + 8.0 * kHeadDim / 2 + 4 * n * kHeadDim, 0, (n - 1) * 4 * kHeadDim);
    cuda::rope_angles(q, {places, inv_freq_.as<double>(), 1.0f, n_, kHeadDim / 2, cos_.as<float>(), sin_.as<float>()});

    // A norm's weight is read with each row that it is multiplied into.
    const MatmulTarget qkv[] = {{&wq_.matrix, nullptr, qh}, {&wk_.matrix, nullptr, k}, {&wv_.matrix, nullptr, v}};
    begin("layer", "matmul q k v, norm", 2.0 * kD * (kQ + 2 * kKv) + 4 * n * (kD + kQ + 2 * kKv) + 4.0 * kD, 8 * n * kD, 4 * (n - 1) * kD);
    cuda::matmul(q, {x, n_, kD, qkv, 3, MatmulInto::store, {norm, 1e-6f, h}});
    const double angles = 4 * n * kHeadDim, norms = 8.0 * kHeadDim;  // which every head of q and k needs
    begin("layer", "kv_append", 4 * n * (2 * kQ + 2 * kKv) + 2 * n * 2 * kKv + sectors(8 * n) + angles + norms, 0,
          (kHeads + kKvHeads) * (angles + n * norms / 2) - angles - norms);
    cuda::kv_append(q, {qh, k, v, norm, norm, 1e-6f, cos_.as<float>(), sin_.as<float>(), false, places, sequences(), n_, kHeads, kKvHeads,
                      kHeadDim, 0});
    begin("layer", "attention", 2.0 * n * kPositions * 2 * kKv + 8 * n * kQ + 8 * n);
    cuda::attention(q, {qh, places, sequences(), n_, kHeads, kKvHeads, kHeadDim, 0, 0, 1 / std::sqrt(128.0f), kPositions, false, attended});
    const MatmulTarget o[] = {{&wo_.matrix, nullptr, x}};
    begin("layer", "matmul o, add", 2.0 * kD * kQ + 4 * n * (kQ + 2 * kD), 4 * n * kQ);
    cuda::matmul(q, {attended, n_, kQ, o, 1, MatmulInto::add});
    const MatmulTarget gate_up[] = {{&wgate_.matrix, nullptr, gate}, {&wup_.matrix, nullptr, up}};
    begin("layer", "matmul gate up, norm, silu_mul", 2.0 * kD * 2 * kFf + 4 * n * (kD + kFf) + 4.0 * kD, 8 * n * kD, 4 * (n - 1) * kD);
    cuda::matmul(q, {x, n_, kD, gate_up, 2, MatmulInto::silu_mul, {norm, 1e-6f, h}});
    const MatmulTarget down[] = {{&wdown_.matrix, nullptr, x}};
    begin("layer", "matmul down, add", 2.0 * kD * kFf + 4 * n * (kFf + 2 * kD), 4 * n * kFf);
    cuda::matmul(q, {gate, n_, kFf, down, 1, MatmulInto::add});

    begin("step", "rms_norm", 8 * n * kD + 4.0 * kD, 4.0 * kD);
    cuda::rms_norm(q, {x, norm, 1e-6f, n_, kD, h});
    begin("step", "align, identity", 8 * n * kD);
    cuda::align(q, {h, nullptr, 1.0f, n_, kD, x});
    begin("other", "align, matrix", 4.0 * kD * kD + 8 * n * kD, 4 * n * kD);
    cuda::align(q, {h, matrix_->as<float>(), 1.0f, n_, kD, x});
    begin("step", "check_finite", 4 * n * kD);
    cuda::check_finite(q, {x, places, n_, kD, first_bad_.as<uint64_t>()});
    // What a step of `soft` has in place of the alignment: the logits, as a decoded token has them, and what it makes of them.
    const MatmulTarget head[] = {{&whead_.matrix, nullptr, logits_.as<float>()}};
    begin("logits", "matmul logits", 2.0 * kD * kVocab + 4 * n * (kD + kVocab), 4 * n * kD);
    cuda::matmul(q, {h, n_, kD, head, 1});
    begin("soft", "likeliest, 10", 4 * n * kVocab + 8 * n * kMix);
    cuda::likeliest(q, {logits_.as<float>(), n_, kVocab, kMix, ids_.as<int32_t>(), values_.as<float>(), nullptr});
    const double candidates = 2 * sectors(4 * kMix), blocks = kD / 512;  // of a row, each of which weighs the candidates
    begin("soft", "mix, 10", n * (2.0 * kMix * kD + 4 * kD + candidates), 0, n * (blocks - 1) * candidates);
    cuda::mix(q, {&whead_.matrix, ids_.as<int32_t>(), values_.as<float>(), nullptr, n_, kMix, kMix, 1, 0, 0, 1, x});
    begin("other", "likeliest, seen", 4 * n * kVocab + 8 * n * kMix);
    cuda::likeliest(q, {logits_.as<float>(), n_, kVocab, kMix, ids_.as<int32_t>(), values_.as<float>(), thoughts_.as<Thought>()});
    begin("other", "compare", 8 * n * kD);
    cuda::compare(q, {x, h, n_, kD, thoughts_.as<Thought>()});
    begin("other", "nearest", 4 * n * kVocab + 4.0 * kVocab, 0, (n - 1) * 4 * kVocab);
    cuda::nearest(q, {logits_.as<float>(), scales_->as<float>(), n_, kVocab, thoughts_.as<Thought>()});
    begin("token", "sample, greedy", 4 * n * kVocab);
    cuda::sample(q, {logits_.as<float>(), samples_.as<SampleRow>(), n_, kVocab, 0, 1, 0, tokens_.as<int32_t>()});
    begin("other", "sample, top-k 20, top-p 0.95", 4 * n * kVocab, 0, 5 * 4 * n * kVocab);
    cuda::sample(q, {logits_.as<float>(), samples_.as<SampleRow>(), n_, kVocab, 0.6f, 0.95f, 20, tokens_.as<int32_t>()});
    begin("step", "advance", 2 * (sectors(8 * n) + sectors(16 * n)));
    cuda::advance(q, {places_.as<RowPlace>(), samples_.as<SampleRow>(), nullptr, n_});
    begin("end", "", 0);
  }

 private:
  // What is launched from here on belongs to this op. `part`: of every layer, of the step, of logits, of a step of soft
  // or a decoded token that has them, or none of them.
  void begin(const char* part, const char* op, double least, double per_block = 0, double again = 0) {
    L4J_CUDA_CHECK(cudaStreamSynchronize(gpu_.stream.handle));
    std::fprintf(stderr, "#op|%s|%s|%.0f|%.0f|%.0f\n", part, op, least, per_block, again);
  }

  // Memory moves in sectors of 32 bytes.
  static double sectors(double bytes) { return 32 * std::ceil(bytes / 32); }

  void make_memories() {
    const int n_pages = kPositions / kPageSize;
    std::vector<void*> pages, tables;
    for (int i = 0; i < n_ * n_pages; i++) pages.push_back(memory_->as<std::byte>() + layout_.page_bytes() * i);
    pages_.write(pages.data(), pages_.size());
    for (int i = 0; i < n_; i++) tables.push_back(pages_.as<void*>() + static_cast<size_t>(i) * n_pages);
    tables_.write(tables.data(), tables_.size());
  }
  PagedSequences sequences() const { return {tables_.as<std::byte* const*>(), &layout_}; }

  Gpu& gpu_;
  int32_t n_;
  PageLayout layout_{DType::BF16, kPageSize, 1, kKvHeads, kHeadDim};
  Weight wq_{kQ, kD}, wk_{kKv, kD}, wv_{kKv, kD}, wo_{kD, kQ}, wgate_{kFf, kD}, wup_{kFf, kD}, wdown_{kD, kFf}, whead_{kVocab, kD};
  std::unique_ptr<DeviceBytes> x_ = rows(kD), h_ = rows(kD), q_ = rows(kQ), k_ = rows(kKv), v_ = rows(kKv), attended_ = rows(kQ);
  std::unique_ptr<DeviceBytes> gate_ = rows(kFf), norm_ = random_numbers(kD), matrix_ = random_numbers(static_cast<size_t>(kD) * kD);
  std::unique_ptr<DeviceBytes> scales_ = random_numbers(kVocab);
  std::unique_ptr<DeviceBytes> memory_ = random_numbers(static_cast<size_t>(n_) * kPositions * 2 * kKv, DType::BF16);
  DeviceBytes pages_{sizeof(void*) * n_ * kPositions / kPageSize}, tables_{sizeof(void*) * n_};
  DeviceBytes places_, samples_, tokens_, first_bad_, inv_freq_, cos_, sin_, up_, logits_, ids_, values_, thoughts_;

  std::unique_ptr<DeviceBytes> rows(int32_t d) const { return random_numbers(static_cast<size_t>(n_) * d); }
};

}  // namespace
}  // namespace latent4j::bench

int main(int argc, char** argv) {
  try {
    latent4j::bench::Gpu gpu(true);
    latent4j::bench::Step(gpu, argc > 1 ? std::atoi(argv[1]) : 1).run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
