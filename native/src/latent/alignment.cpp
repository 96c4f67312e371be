// alignment.cpp: the alignment of a model, solved from its embeddings. All of the project's use of Eigen stands here.
#include "latent/alignment.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>
#include <numbers>

#include "base/cancel.h"
#include "base/error.h"

namespace latent4j {

namespace {

constexpr double kLambda = 1e-5;
constexpr int32_t kBlockRows = 1024;  // of the vocabulary, summed in f32
constexpr int32_t kStrip = 256;       // rows of a Gram matrix per matmul
constexpr int32_t kGroup = 16;        // rows decoded together: one cache line of each transposed row
constexpr int32_t kSolveColumns = 64;
constexpr int32_t kFactorRows = 128;  // of the Cholesky factor at a time, what Eigen takes itself

struct Buffer {
  explicit Buffer(size_t floats) : data(static_cast<float*>(std::aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64))) {
    if (!data) throw std::bad_alloc();
  }
  ~Buffer() { std::free(data); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  float* data;
};

// What a solve runs on, and what may end it.
struct Context {
  Queue& queue;
  const Ops& ops;
  int32_t* cancel;
};

std::vector<double> row_norms(const Matrix& table, const Context& on) {
  std::vector<double> norms(table.rows);
  const int n_tasks = (table.rows + kGroup - 1) / kGroup;
  on.queue.threads->run(n_tasks, [&](int task, int worker) {
    auto* row = reinterpret_cast<float*>(on.queue.threads->scratch(worker, sizeof(float) * table.cols));
    const int32_t end = std::min(table.rows, (task + 1) * kGroup);
    for (int32_t r = task * kGroup; r < end; ++r) {
      on.ops.decode_row(table, r, row);
      double sum = 0;
      for (int32_t i = 0; i < table.cols; ++i) sum += static_cast<double>(row[i]) * row[i];
      norms[r] = std::sqrt(sum);
    }
  });
  return norms;
}

float mean_row_norm(const Matrix& table, const Context& on) {
  double sum = 0;
  for (const double norm : row_norms(table, on)) sum += norm;
  return static_cast<float>(sum / table.rows);
}

// out [d, kBlockRows] = rows [first, first + kBlockRows) of `table`, transposed; zeros past its end.
void decode_transposed(const Matrix& table, int32_t first, const Context& on, float* out) {
  const int32_t d = table.cols;
  on.queue.threads->run(kBlockRows / kGroup, [&](int task, int worker) {
    auto* rows = reinterpret_cast<float*>(on.queue.threads->scratch(worker, sizeof(float) * kGroup * d));
    for (int32_t r = 0; r < kGroup; ++r) {
      const int32_t row = first + task * kGroup + r;
      if (row < table.rows) {
        on.ops.decode_row(table, row, rows + static_cast<size_t>(r) * d);
      } else {
        std::fill_n(rows + static_cast<size_t>(r) * d, d, 0.0f);
      }
    }
    for (int32_t j = 0; j < d; ++j) {
      float* line = out + static_cast<size_t>(j) * kBlockRows + task * kGroup;
      for (int32_t r = 0; r < kGroup; ++r) line[r] = rows[static_cast<size_t>(r) * d + j];
    }
  });
}

// sums [d, d] += a b^T over the block, a and b [d, kBlockRows], by strips of rows in f32; where a is b, only its upper triangle.
void add_product(const float* a, const float* b, int32_t d, const Context& on, float* strip, double* sums) {
  for (int32_t first = 0; first < d; first += kStrip) {
    check_cancel(on.cancel, "stopped while the alignment was solved");
    const int32_t from = a == b ? first : 0, n = std::min(kStrip, d - first), m = d - from;
    Matrix weight;
    weight.data = reinterpret_cast<const std::byte*>(b + static_cast<size_t>(from) * kBlockRows);
    weight.rows = m;
    weight.cols = kBlockRows;
    const MatmulTarget target{&weight, nullptr, strip};
    on.ops.matmul(on.queue, {a + static_cast<size_t>(first) * kBlockRows, n, kBlockRows, &target, 1});
    on.queue.threads->run(n, [&](int row, int) {
      double* sum = sums + static_cast<size_t>(first + row) * d + from;
      const float* part = strip + static_cast<size_t>(row) * m;
      for (int32_t j = 0; j < m; ++j) sum[j] += part[j];
    });
  }
}

// gram [d, d]: the upper triangle of W_out^T W_out; cross [d, d]: W_out^T W_in, or null where both are one matrix.
void sum_products(const Weights& weights, const Context& on, double* gram, double* cross) {
  const int32_t d = weights.config.d_model;
  const size_t block = static_cast<size_t>(d) * kBlockRows;
  const Buffer out(block), in(cross ? block : 0), strip(static_cast<size_t>(kStrip) * d);
  for (int32_t first = 0; first < weights.output.rows; first += kBlockRows) {
    decode_transposed(weights.output, first, on, out.data);
    add_product(out.data, out.data, d, on, strip.data, gram);
    if (!cross) continue;
    decode_transposed(weights.embedding, first, on, in.data);
    add_product(out.data, in.data, d, on, strip.data, cross);
  }
}

// The lower triangle of `a` becomes its Cholesky factor, column block after column block; false if `a` is not positive definite.
bool factorize(Eigen::MatrixXd& a, int32_t* cancel) {
  using Block = Eigen::Ref<Eigen::MatrixXd>;
  const int32_t d = static_cast<int32_t>(a.rows());
  for (int32_t first = 0; first < d; first += kFactorRows) {
    check_cancel(cancel, "stopped while the alignment was solved");
    const int32_t n = std::min(kFactorRows, d - first), rest = d - first - n;
    Block diagonal = a.block(first, first, n, n);
    if (Eigen::LLT<Block>(diagonal).info() != Eigen::Success) return false;  // in place
    Block below = a.block(first + n, first, rest, n);
    diagonal.triangularView<Eigen::Lower>().adjoint().solveInPlace<Eigen::OnTheRight>(below);
    a.bottomRightCorner(rest, rest).selfadjointView<Eigen::Lower>().rankUpdate(below, -1);
  }
  return true;
}

// Says which weight is no number, or that all are and their sums are not.
[[noreturn]] void refuse_overflow(const Weights& weights, const char* what, int32_t* cancel) {
  const std::string culprit = weights.first_not_finite(cancel);
  throw Error("NOT_FINITE", concat(weights.checkpoint.path, ": ", what, " is not finite; ",
                                   culprit.empty() ? "all weights are finite, but too large for their sums" : "weights: " + culprit));
}

// W = (G + lambda I)^-1 C. With tied embeddings C = G, and W = I - lambda (G + lambda I)^-1: half the sums, and exact where W is near I.
std::vector<float> solve_ridge(const Weights& weights, const Context& on) {
  const int32_t d = weights.config.d_model;
  const bool tied = weights.output.data == weights.embedding.data;
  // Column-major: what is written row by row as the upper triangle is read as the lower one.
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(d, d);
  Eigen::MatrixXd solution = Eigen::MatrixXd::Zero(d, d);
  if (tied) solution.setIdentity();
  sum_products(weights, on, gram.data(), tied ? nullptr : solution.data());
  if (!tied) solution.transposeInPlace();
  gram.diagonal().array() += kLambda;
  if (!gram.allFinite()) refuse_overflow(weights, "W_out^T W_out", on.cancel);
  L4J_CHECK(factorize(gram, on.cancel), "UNSUPPORTED", weights.checkpoint.path, ": the ridge alignment of its output embedding [",
            weights.output.rows, ", ", d, "] cannot be solved: W_out^T W_out + ", kLambda,
            " I is not positive definite, supported: embeddings of full rank (or the identity alignment)");
  std::atomic<bool> out_of_memory{false};
  on.queue.threads->run((d + kSolveColumns - 1) / kSolveColumns, [&](int task, int) {
    try {
      const int32_t first = task * kSolveColumns, n = std::min(kSolveColumns, d - first);
      Eigen::Ref<Eigen::MatrixXd> columns = solution.middleCols(first, n);
      gram.triangularView<Eigen::Lower>().solveInPlace(columns);
      gram.triangularView<Eigen::Lower>().adjoint().solveInPlace(columns);
    } catch (const std::bad_alloc&) {
      out_of_memory = true;
    }
  });
  L4J_CHECK(!out_of_memory, "OUT_OF_MEMORY", "no memory to solve the ridge alignment of width ", d);
  std::vector<float> matrix(static_cast<size_t>(d) * d);
  for (int32_t i = 0; i < d; ++i) {
    for (int32_t j = 0; j < d; ++j) {
      matrix[static_cast<size_t>(i) * d + j] = static_cast<float>(tied ? (i == j) - kLambda * solution(i, j) : solution(i, j));
    }
  }
  return matrix;
}

// Standard normal numbers that depend on the seed only, on any machine's library: splitmix64 and Box-Muller.
class Gaussian {
 public:
  explicit Gaussian(uint64_t seed) : state_(seed) {}

  float operator()() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return static_cast<float>(radius * std::cos(2 * std::numbers::pi * uniform()));
  }

 private:
  double uniform() {  // [0, 1)
    uint64_t x = state_ += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return static_cast<double>((x ^ x >> 31) >> 11) * 0x1p-53;
  }

  uint64_t state_;
};

// Uniform over the orthogonal matrices: Q of a Gaussian matrix, its columns' signs those of R's diagonal.
Eigen::MatrixXf random_orthogonal(int32_t d, Gaussian& gaussian) {
  Eigen::MatrixXf a(d, d);
  for (int32_t j = 0; j < d; ++j) {
    for (int32_t i = 0; i < d; ++i) a(i, j) = gaussian();
  }
  const Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXf>> qr(a);
  Eigen::MatrixXf q = qr.householderQ() * Eigen::MatrixXf::Identity(d, d);
  for (int32_t j = 0; j < d; ++j) {
    if (a(j, j) < 0) q.col(j) *= -1;
  }
  return q;
}

std::vector<float> randomize(const std::vector<float>& ridge, int32_t d, uint64_t seed, int32_t* cancel) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::MatrixXd w = Eigen::Map<const RowMajor>(ridge.data(), d, d).cast<double>();
  Eigen::MatrixXd squares = Eigen::MatrixXd::Zero(d, d);
  squares.selfadjointView<Eigen::Lower>().rankUpdate(w.transpose());
  check_cancel(cancel, "stopped before the ridge alignment's singular values");
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(squares, Eigen::EigenvaluesOnly);
  L4J_CHECK(solver.info() == Eigen::Success, "INTERNAL", "the singular values of the ridge alignment did not converge");
  const Eigen::VectorXf singular = solver.eigenvalues().cwiseMax(0).cwiseSqrt().cast<float>();
  check_cancel(cancel, "stopped after the ridge alignment's singular values");
  Gaussian gaussian(seed);
  const Eigen::MatrixXf u = random_orthogonal(d, gaussian), v = random_orthogonal(d, gaussian);
  std::vector<float> matrix(ridge.size());
  Eigen::Map<RowMajor>(matrix.data(), d, d).noalias() = u * singular.asDiagonal() * v.transpose();
  return matrix;
}

}  // namespace

double Alignment::distance_from_identity(int32_t d_model) const {
  if (matrix.empty()) return 0;
  double sum = 0;
  for (int32_t i = 0; i < d_model; ++i) {
    for (int32_t j = 0; j < d_model; ++j) {
      const double x = matrix[static_cast<size_t>(i) * d_model + j] - (i == j ? 1.0 : 0.0);
      sum += x * x;
    }
  }
  return std::sqrt(sum / d_model);
}

Alignment solve_alignment(AlignmentKind kind, const Weights& weights, Queue& queue, const Ops& ops, int32_t* cancel, uint64_t seed) {
  const Context on{queue, ops, cancel};
  Alignment alignment;
  alignment.kind = kind;
  if (kind == AlignmentKind::none) return alignment;
  check_cancel(cancel, "stopped before the alignment was solved");
  alignment.target_norm = mean_row_norm(weights.embedding, on);
  if (!std::isfinite(alignment.target_norm)) refuse_overflow(weights, "the mean norm of the input embeddings", cancel);
  if (kind == AlignmentKind::ridge || kind == AlignmentKind::random) {
    alignment.matrix = solve_ridge(weights, on);
    const bool finite = std::all_of(alignment.matrix.begin(), alignment.matrix.end(), [](float x) { return std::isfinite(x); });
    if (!finite) refuse_overflow(weights, "the ridge alignment", cancel);
  }
  if (kind == AlignmentKind::random) alignment.matrix = randomize(alignment.matrix, weights.config.d_model, seed, cancel);
  return alignment;
}

std::vector<float> inverse_embedding_norms(const Weights& weights, Queue& queue, const Ops& ops) {
  std::vector<float> inverse;
  for (const double norm : row_norms(weights.embedding, {queue, ops, nullptr})) {
    inverse.push_back(norm > 0 ? static_cast<float>(1 / norm) : 0.0f);
  }
  return inverse;
}

}  // namespace latent4j
