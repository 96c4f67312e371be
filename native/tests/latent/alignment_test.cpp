// The alignment against golden numbers, against a plain solve of its own equation, and against what it must keep: norms, singular values.
#include "latent/alignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <limits>
#include <thread>

#include "base/error.h"
#include "kernels/cpu/dispatch.h"
#include "model/model.h"
#include "safetensors_reader.h"

namespace latent4j::test {
namespace {

std::string golden(const std::string& name) { return std::string(L4J_TEST_DATA) + "/golden/" + name; }

Alignment solve(AlignmentKind kind, const Weights& weights, int n_threads = 2, const std::string& level = "", uint64_t seed = 42) {
  const auto threads = ThreadPool::shared(n_threads);
  Queue queue{threads.get()};
  return solve_alignment(kind, weights, queue, cpu::ops(level), nullptr, seed);
}

void expect_near(const std::vector<float>& values, const std::vector<float>& expected, double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  double largest = 0, worst = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(expected[i])));
    worst = std::max(worst, std::fabs(static_cast<double>(values[i]) - expected[i]));
  }
  EXPECT_LE(worst, tolerance * largest);
}

TEST(Alignment, GoldenNumbers) {
  for (const std::string name : {"tiny-qwen3", "tiny-qwen3-untied", "tiny-qwen2", "tiny-llama3"}) {
    const auto weights = Weights::open(golden(name));
    const auto numbers = read_safetensors(golden(name) + "/golden.safetensors");
    for (const std::string& level : cpu::levels()) {
      for (const int n_threads : {1, 2}) {
        SCOPED_TRACE(name + " " + level + " " + std::to_string(n_threads));
        const Alignment ridge = solve(AlignmentKind::ridge, *weights, n_threads, level);
        expect_near(ridge.matrix, numbers.at("ridge.matrix").floats(), 1e-3);
        expect_near({ridge.target_norm}, numbers.at("ridge.target_norm").floats(), 1e-5);
        const Alignment identity = solve(AlignmentKind::identity, *weights, n_threads, level);
        expect_near({identity.target_norm}, numbers.at("identity.target_norm").floats(), 1e-5);
        EXPECT_TRUE(identity.matrix.empty());
      }
    }
  }
}

TEST(Alignment, TheSameOnAnyNumberOfThreads) {
  const auto weights = Weights::open(golden("tiny-qwen3-untied"));
  for (const AlignmentKind kind : {AlignmentKind::ridge, AlignmentKind::random}) {
    const Alignment one = solve(kind, *weights, 1), three = solve(kind, *weights, 3);
    EXPECT_EQ(one.matrix, three.matrix);
    EXPECT_EQ(one.target_norm, three.target_norm);
  }
}

TEST(Alignment, NoneDoesNothing) {
  const Alignment none = solve(AlignmentKind::none, *Weights::open(golden("tiny-qwen2")));
  EXPECT_TRUE(none.matrix.empty());
  EXPECT_EQ(none.target_norm, 0);
  EXPECT_EQ(none.distance_from_identity(64), 0);
}

TEST(Alignment, DistanceFromIdentity) {
  Alignment a;
  a.matrix = {1, 2, 0, 1};
  EXPECT_DOUBLE_EQ(a.distance_from_identity(2), std::sqrt(2.0));
  EXPECT_LT(solve(AlignmentKind::ridge, *Weights::open(golden("tiny-qwen3"))).distance_from_identity(64), 1e-3);  // tied
  EXPECT_GT(solve(AlignmentKind::ridge, *Weights::open(golden("tiny-qwen3-untied"))).distance_from_identity(64), 0.3);
}

// Embeddings of any shape, in memory; vocabularies that do and do not divide the blocks.
struct Embeddings {
  std::vector<float> in, out;
  Weights weights;

  Embeddings(int32_t vocab, int32_t d, bool tied) : in(static_cast<size_t>(vocab) * d), out(in.size()) {
    uint32_t state = 1;
    const auto next = [&] { return static_cast<float>((state = state * 1664525 + 1013904223) >> 8) / (1 << 24) - 0.5f; };
    for (float& x : in) x = next();
    for (float& x : out) x = next();
    weights.config.d_model = d;
    weights.embedding = {reinterpret_cast<const std::byte*>(in.data()), vocab, d, DType::F32};
    weights.output = tied ? weights.embedding : Matrix{reinterpret_cast<const std::byte*>(out.data()), vocab, d, DType::F32};
    if (tied) out = in;
  }
};

TEST(Alignment, RidgeSolvesItsEquation) {
  for (const auto& [vocab, d, tied] : {std::tuple{2500, 300, false}, {1024, 8, false}, {1025, 40, false}, {700, 264, true}}) {
    SCOPED_TRACE(std::to_string(vocab) + " " + std::to_string(d));
    const Embeddings e(vocab, d, tied);
    const Alignment a = solve(AlignmentKind::ridge, e.weights);
    // Where W is the solution, W_out^T (W_out W - W_in) + lambda W vanishes.
    std::vector<double> residual(static_cast<size_t>(d) * d), error(d);
    for (size_t i = 0; i < residual.size(); ++i) residual[i] = 1e-5 * a.matrix[i];
    for (int32_t r = 0; r < vocab; ++r) {
      const float* out = &e.out[static_cast<size_t>(r) * d];
      for (int32_t j = 0; j < d; ++j) error[j] = -e.in[static_cast<size_t>(r) * d + j];
      for (int32_t i = 0; i < d; ++i) {
        for (int32_t j = 0; j < d; ++j) error[j] += static_cast<double>(out[i]) * a.matrix[static_cast<size_t>(i) * d + j];
      }
      for (int32_t i = 0; i < d; ++i) {
        for (int32_t j = 0; j < d; ++j) residual[static_cast<size_t>(i) * d + j] += out[i] * error[j];
      }
    }
    double worst = 0;
    for (const double x : residual) worst = std::max(worst, std::fabs(x));
    EXPECT_LT(worst, 2e-6 * vocab);  // the Gram matrix's diagonal is vocab / 12
    double norms = 0;
    for (int32_t r = 0; r < vocab; ++r) {
      double sum = 0;
      for (int32_t j = 0; j < d; ++j) sum += std::pow(static_cast<double>(e.in[static_cast<size_t>(r) * d + j]), 2);
      norms += std::sqrt(sum);
    }
    EXPECT_NEAR(a.target_norm, norms / vocab, 1e-5 * a.target_norm);
  }
}

// ||W||_F^2 and ||W^T W||_F^2: the sums of the singular values' second and fourth powers.
std::pair<double, double> power_sums(const std::vector<float>& w, int32_t d) {
  double second = 0, fourth = 0;
  for (int32_t i = 0; i < d; ++i) {
    for (int32_t j = 0; j < d; ++j) {
      double dot = 0;
      for (int32_t k = 0; k < d; ++k) dot += static_cast<double>(w[static_cast<size_t>(k) * d + i]) * w[static_cast<size_t>(k) * d + j];
      fourth += dot * dot;
      if (i == j) second += dot;
    }
  }
  return {second, fourth};
}

TEST(Alignment, RandomKeepsTheSingularValues) {
  const auto weights = Weights::open(golden("tiny-qwen3-untied"));
  const Alignment ridge = solve(AlignmentKind::ridge, *weights), random = solve(AlignmentKind::random, *weights);
  const auto [second, fourth] = power_sums(ridge.matrix, 64);
  const auto [random_second, random_fourth] = power_sums(random.matrix, 64);
  EXPECT_NEAR(random_second / second, 1, 1e-4);
  EXPECT_NEAR(random_fourth / fourth, 1, 1e-4);
  double dot = 0;
  for (size_t i = 0; i < ridge.matrix.size(); ++i) dot += static_cast<double>(ridge.matrix[i]) * random.matrix[i];
  EXPECT_LT(std::fabs(dot / second), 0.1);  // and nothing else of it
  EXPECT_EQ(random.target_norm, ridge.target_norm);
  EXPECT_EQ(random.matrix, solve(AlignmentKind::random, *weights).matrix);
  EXPECT_NE(random.matrix, solve(AlignmentKind::random, *weights, 2, "", 43).matrix);
}

TEST(Alignment, RefusesWhatHasNoSolution) {
  const auto code_of = [](const Embeddings& e) {
    try {
      solve(AlignmentKind::ridge, e.weights);
    } catch (const Error& error) {
      return error.code();
    }
    return std::string("none");
  };
  Embeddings nan(64, 16, true);
  nan.in[37] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(code_of(nan), "NOT_FINITE");
  Embeddings untied(64, 16, false);
  untied.out[37] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(code_of(untied), "NOT_FINITE");
  EXPECT_EQ(code_of(Embeddings(64, 16, false)), "none");
}

TEST(Alignment, WeightsTooLargeToSumAreNotCalledWrong) {
  for (const float size : {3e38f, 1e25f}) {  // beyond their mean norm, beyond their products
    Embeddings large(64, 16, true);
    for (float& x : large.in) x = x < 0 ? -size : size;
    try {
      solve(AlignmentKind::ridge, large.weights);
      ADD_FAILURE() << size;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "NOT_FINITE");
      EXPECT_NE(std::string(error.what()).find("all weights are finite, but too large for their sums"), std::string::npos) << error.what();
    }
  }
}

// decode_row that sets a flag at its n-th call, and can wait there: what another thread would do while the rows are read.
struct Watched {
  static inline std::atomic<int> calls, cancel_at;
  static inline std::atomic<bool> waiting, released;
  static inline int32_t cancel;

  static Ops ops() {
    calls = 0;
    cancel_at = -1;
    cancel = 0;
    released = true;
    waiting = false;
    Ops ops = cpu::ops("");
    ops.decode_row = [](const Matrix& w, int32_t row, float* y) {
      if (++calls == cancel_at) std::atomic_ref<int32_t>(cancel).store(1);
      while (!released) waiting = true;
      cpu::ops("").decode_row(w, row, y);
    };
    return ops;
  }
};

TEST(Alignment, CancelEndsTheSolvingAnywhere) {
  const int32_t vocab = 2048, d = 64;
  const Embeddings e(vocab, d, false);
  const auto threads = ThreadPool::shared(2);
  Queue queue{threads.get()};
  const Ops ops = Watched::ops();
  // Of the rows: read once for the norm, then in blocks of 1024, output embedding and input embedding in turn.
  for (const int at : {1, vocab + 10, vocab + 1500, 3 * vocab - 1, 3 * vocab}) {
    SCOPED_TRACE(at);
    Watched::calls = 0;
    Watched::cancel = 0;
    Watched::cancel_at = at;
    std::string code;
    try {
      solve_alignment(AlignmentKind::ridge, e.weights, queue, ops, &Watched::cancel);
    } catch (const Error& error) {
      code = error.code();
    }
    EXPECT_EQ(code, "CANCELLED");
    EXPECT_LE(Watched::calls, std::max(vocab + 1024, (at - 1) / 1024 * 1024 + 1024));  // no further block
  }
  Watched::cancel_at = -1;
  Watched::cancel = 0;
  EXPECT_EQ(solve_alignment(AlignmentKind::ridge, e.weights, queue, ops, &Watched::cancel).matrix,
            solve(AlignmentKind::ridge, e.weights).matrix);
}

TEST(Alignment, CancelEndsTheWaitingForAnotherThread) {
  const auto weights = Weights::open(golden("tiny-qwen2"));
  Alignments alignments;
  const Ops ops = Watched::ops();
  Watched::released = false;
  const Alignment* solved = nullptr;
  std::thread solver([&] {
    const auto threads = ThreadPool::shared(2);
    Queue queue{threads.get()};
    solved = &alignments.get(AlignmentKind::ridge, *weights, queue, ops);
  });
  while (!Watched::waiting) std::this_thread::yield();
  const auto threads = ThreadPool::shared(1);
  Queue queue{threads.get()};
  int32_t cancel = 1;
  std::string code;
  try {
    alignments.get(AlignmentKind::ridge, *weights, queue, ops, &cancel);
  } catch (const Error& error) {
    code = error.code();
  }
  EXPECT_EQ(code, "CANCELLED");
  Watched::released = true;
  solver.join();
  EXPECT_EQ(&alignments.get(AlignmentKind::ridge, *weights, queue, ops, &cancel), solved);  // known: nothing to cancel
}

TEST(Alignment, TheEmbeddedModel) {
  const std::string path = std::string(L4J_TEST_DATA) +
                           "/../../../java/smollm2/src/main/resources/org/latent4j/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
  ASSERT_TRUE(std::filesystem::exists(path)) << path;
  const auto weights = Weights::open(path);
  EXPECT_NEAR(solve(AlignmentKind::identity, *weights).target_norm, 3.2022409, 3e-6);
  EXPECT_LT(solve(AlignmentKind::ridge, *weights).distance_from_identity(576), 1e-3);
}

}  // namespace
}  // namespace latent4j::test
