// ops.h: the contract of every op, the same on every device. An op is named the same everywhere: ops.h: align(), cpu/align.cpp,
// cuda/align.cu (align_kernel), tests/kernels/align_test.cpp, align_bench.
//
// Activations are f32, row-major, 64-byte aligned, rows not padded. Weights come in any DType and are decoded in registers.
// Pointers to activations, weights, tables and indices are of the device that the queue belongs to; args structs, Matrix, MatmulTarget and
// PageLayout are the host's, read before the call returns.
// Batch invariance: the numbers of a row depend on nothing but that row's inputs, never on n, on its neighbours or on the threads. So every
// output element is accumulated in one fixed order over k, the same for any n. The CPU's order is one for decode and prefill; CUDA's
// differs between them (MatmulArgs::prefill), never by n.
// Ops do not check arguments (their callers did) and do not allocate. CPU ops do not throw; CUDA ops throw what the launch answers.
#pragma once

#include <cstdint>

#include "base/tensor.h"
#include "base/threads.h"

namespace latent4j {

namespace cuda {
struct Stream;  // kernels/cuda/stream.h
}

// Where ops run, in the order they were called: the CPU's worker pool, or a stream of a CUDA device.
struct Queue {
  ThreadPool* threads = nullptr;
  cuda::Stream* stream = nullptr;
};

// Where a row of a ragged batch belongs: position `position` of `sequence`.
struct RowPlace {
  int32_t sequence;
  int32_t position;
};

// rope_angles: cos and sin of position * inv_freq, times `factor`; the angle in f64, its cosine and sine rounded to f32 before the factor.
struct RopeAnglesArgs {
  const RowPlace* places;  // [n]
  const double* inv_freq;  // [half]
  float factor;            // the rope's attention factor
  int32_t n, half;         // half: head_dim / 2
  float* cos;              // [n, half]
  float* sin;              // [n, half]
};

// embed: y = the rows of `table` that `tokens` names; row 0 for a token below 0, of which nothing is kept (sample).
struct EmbedArgs {
  const Matrix* table;    // [vocab, d]
  const int32_t* tokens;  // [n]
  int32_t n;
  float* y;               // [n, d]
};

// rms_norm: y = x * weight / sqrt(mean(x^2) + eps), row by row. y may be x.
struct RmsNormArgs {
  const float* x;       // [n, d]
  const float* weight;  // [d]
  float eps;
  int32_t n, d;
  float* y;             // [n, d]
};

// matmul: for each target t, y_t = x' W_t^T + bias_t, stored, added to y_t, or passed on through silu_mul; x' = x, or rms_norm(x) where
// `norm` is given. Targets share x so that q, k, v (and gate, up) are one op. Reads every weight once for up to a few hundred rows.
struct MatmulTarget {
  const Matrix* weight;  // [m_t, k]
  const float* bias;     // [m_t] or null
  float* y;              // [n, m_t]
};
enum class MatmulInto {
  store,     // y = product
  add,       // y += product
  silu_mul,  // two targets of one shape: targets[0].y = silu(product 0) * product 1; targets[1].y may be overwritten
};
struct MatmulNorm {
  const float* weight = nullptr;  // [k]; null: x as it is
  float eps = 0;
  float* scratch = nullptr;       // [n, k], for devices that normalize in a pass of its own
};
struct MatmulArgs {
  const float* x;  // [n, k]
  int32_t n, k;
  const MatmulTarget* targets;  // [n_targets], at most 3
  int32_t n_targets;
  MatmulInto into = MatmulInto::store;
  MatmulNorm norm = {};
  bool prefill = false;  // the rows are of a prompt: where there are matrix units, use them (numbers may differ in the last bits)
};

// kv_append: per head, q and k are normalized (where a norm weight is given: rms over head_dim, before the rotation), rotated by their
// position (pairs (i, i + head_dim/2)), q in place, k and v into the memory at their row's place. Where `interleaved_input`, q and k arrive
// with the pairs of the rotation adjacent (2i, 2i+1), as GGUF's llama files hold them, and leave in the order (i, i + head_dim/2):
// a memory is always in that one order.
struct KvAppendArgs {
  float* q;             // [n, n_heads, head_dim]
  const float* k;       // [n, n_kv_heads, head_dim]
  const float* v;       // [n, n_kv_heads, head_dim]
  const float* q_norm;  // [head_dim] or null
  const float* k_norm;  // [head_dim] or null
  float eps;
  const float* cos;     // [n, head_dim / 2], scaled by the rope's attention factor
  const float* sin;     // [n, head_dim / 2]
  bool interleaved_input;
  const RowPlace* places;      // [n]
  PagedSequences sequences;
  int32_t n, n_heads, n_kv_heads, head_dim, layer;
};

// attention: out = softmax(scale q K^T) V over positions max(0, p - window + 1) .. p of the row's own sequence, p its position;
// window 0: from position 0. Query head h reads kv head h / (n_heads / n_kv_heads). out may not be q. Rows of one sequence that follow each
// other have rising positions.
struct AttentionArgs {
  const float* q;              // [n, n_heads, head_dim]
  const RowPlace* places;      // [n]
  PagedSequences sequences;
  int32_t n, n_heads, n_kv_heads, head_dim, layer;
  int32_t window;
  float scale;
  int32_t longest;             // no row's position reaches it: what a launch is sized by when places are not known on the host
  bool prefill;                // as MatmulArgs
  float* out;                  // [n, n_heads, head_dim]
};

// silu_mul: gate = silu(gate) * up, silu(x) = x / (1 + exp(-x)).
struct SiluMulArgs {
  float* gate;      // [n, d_ff]
  const float* up;  // [n, d_ff]
  int32_t n, d_ff;
};

// align: y = (x W) * target_norm / max(||x W||, 1e-6), row by row (method.md). W null: identity. target_norm 0: not rescaled.
// y may be x where W is null. Moves at least 8nd + 4d² bytes.
struct AlignArgs {
  const float* x;       // [n, d]
  const float* matrix;  // [d, d], row vectors: y = x W; or null
  float target_norm;
  int32_t n, d;
  float* y;             // [n, d]
};

// sample: one token per row. temperature 0: the first of the largest logits. Else: logits / temperature, the top_k largest (0: all), of
// those the smallest set whose probability reaches top_p, of those the ones at least min_p times as likely as the likeliest, one of them
// by a uniform number that depends on (seed, step) only. -1 for a row in which nothing is left: no logit above -inf.
struct SampleRow {
  uint64_t seed;
  uint64_t step;  // tokens this sequence decoded before
};
struct SampleArgs {
  const float* logits;    // [n, vocab]; left as they are
  const SampleRow* rows;  // [n]
  int32_t n, vocab;
  float temperature, top_p;
  int32_t top_k;
  int32_t* tokens;        // [n]
  float min_p = 0;        // [0, 1]; 0: off
};

// What a sequence has read and decoded in this rollout: its tokens in their order, and each of them once with how often it was decoded (0:
// it stands in the prompt alone). There is room for all that may come.
struct TokenTally {
  int32_t token;
  int32_t decoded;
};
struct History {
  int32_t* tokens;      // [n_tokens]
  TokenTally* tallies;  // [n_distinct]
  int32_t n_tokens, n_distinct;
};

// penalize: logits, in place, by what their rows' sequences have read and decoded. Each token of the history: x > 0 ? x / repetition : x *
// repetition; then each that was decoded: x - frequency * times - presence. Then to -inf: each token that would end a sequence of
// no_repeat_ngram tokens which the history holds already; `suppressed`; and, where a row's step is 0, `suppressed_first`.
// Reads 8 bytes a distinct token and 4 a token of the history, not the logits of others.
struct Penalties {
  float repetition;                 // 1: off
  float presence, frequency;        // 0: off
  int32_t no_repeat_ngram;          // 0: off
  const int32_t* suppressed;        // [n_suppressed]
  const int32_t* suppressed_first;  // [n_suppressed_first]
  int32_t n_suppressed, n_suppressed_first;
};
struct PenalizeArgs {
  float* logits;               // [n, vocab]
  const RowPlace* places;      // [n]
  const SampleRow* rows;       // [n]
  const Penalties* penalties;  // [1], the device's: a recorded step serves any
  const History* histories;    // [sequences]; null: nothing of the penalties asks for them
  int32_t n, vocab;
};

// remember: the row's token goes to the end of its sequence's history, unless it is below 0. No two rows are of one sequence.
struct RememberArgs {
  const int32_t* tokens;   // [n]
  const RowPlace* places;  // [n]
  History* histories;      // [sequences]
  int32_t n;
};

// What is seen of one thought, the vector e that a latent step takes as its input, and of the hidden state h that it was made of.
struct Thought {
  float entropy;            // of softmax(logits of h) over the whole vocabulary, in nats
  float norm;               // ||e||
  float step_cosine;        // of e and the thought before; NaN: there is none, or one of them is 0
  float nearest_cosine;     // of e and the row of the input embeddings that is nearest to it; NaN: not measured, or e is 0
  int32_t nearest_token;    // that row; -1: not measured
  int32_t tokens[5];        // the likeliest after h, best first; -1: the vocabulary has no more
  float probabilities[5];   // theirs, of the whole vocabulary
  int32_t padding;
};
constexpr int32_t kThoughtTokens = 5;
static_assert(sizeof(Thought) == 64);

// likeliest: the k largest of each row of logits, best first, of equals the lower id first. Where `thoughts` is given, also entropy, tokens
// and probabilities of the row's.
constexpr int32_t kMostLikely = 64;
struct LikeliestArgs {
  const float* logits;  // [n, vocab], finite
  int32_t n, vocab, k;  // k: 1 to kMostLikely, at most vocab
  int32_t* ids;         // [n, k]
  float* values;        // [n, k]
  Thought* thoughts;    // [n] or null
};

// mix: y = keep * y + share * sum over i < k of p_i * (row ids[i] of `table`); p = softmax(values / temperature + noise * g), g_i a Gumbel
// number that depends on the row's (seed, step) and on ids[i] only. keep 0: y is not read.
struct MixArgs {
  const Matrix* table;    // [vocab, d]
  const int32_t* ids;     // [n, stride]
  const float* values;    // [n, stride], finite
  const SampleRow* rows;  // [n]; null where noise is 0
  int32_t n, k, stride;   // k: 1 to kMostLikely, at most stride
  float temperature;      // above 0
  float noise;
  float keep, share;
  float* y;               // [n, d]
};

// nearest: of each row of products, products[j] * scales[j] is the cosine of e and row j of the embeddings once it is divided by the
// thought's norm; the largest, of equals the lower j, becomes nearest_cosine and nearest_token. `thoughts` has the norms (compare).
struct NearestArgs {
  const float* products;  // [n, vocab]
  const float* scales;    // [vocab] 1 / norm of the row; 0 for a row of zeros
  int32_t n, vocab;
  Thought* thoughts;      // [n]
};

// compare: norm and step_cosine of each row of x; nearest_cosine and nearest_token as not measured, padding 0.
struct CompareArgs {
  const float* x;       // [n, d]
  const float* before;  // [n, d] the thoughts before, or null
  int32_t n, d;
  Thought* thoughts;    // [n]
};

// kv_copy: positions [from, from + n) of one memory to [to, to + n) of another, all layers and heads, each key rotated by one angle vector
// (cos, sin of (to - from) * inv_freq; null: not rotated). Layouts may differ in page_size and dtype. One pass, no staging. Here and in
// kv_rotate page tables and angles are the host's, read before the call returns; the pages are addresses that the device can reach.
struct KvCopyArgs {
  PagedView source, target;  // distinct pages
  int32_t from, to, n;
  const float* cos;          // [head_dim / 2] or null
  const float* sin;          // [head_dim / 2] or null
};

// kv_rotate: the keys of positions [from, from + n), all layers and heads, rotated in place by one angle vector. No part of the
// engine calls it: where positions change, keys turn while kv_copy copies them.
struct KvRotateArgs {
  PagedView memory;
  int32_t from, n;
  const float* cos;  // [head_dim / 2]
  const float* sin;  // [head_dim / 2]
};

// copy_rows: row to[i] of y = row from[i] of x, i in [0, n); an index that is null counts 0, 1, 2... Rows copied do not overlap.
struct CopyRowsArgs {
  const float* x;       // [.., d]
  const int32_t* from;  // [n] or null
  const int32_t* to;    // [n] or null
  int32_t n, d;
  float* y;             // [.., d]
};

// check_finite: *first_bad = the least of it and, for each row with a NaN or an infinity, position * 2^32 + sequence of the row's place.
struct CheckFiniteArgs {
  const float* x;          // [n, d]
  const RowPlace* places;  // [n]
  int32_t n, d;
  uint64_t* first_bad;     // [1], all ones: none
};

// advance: what one step changes for the next: every position, every step of `samples` and every row of `rows` grows by one.
struct AdvanceArgs {
  RowPlace* places;     // [n]
  SampleRow* samples;   // [n] or null
  int32_t* rows;        // [n] or null
  int32_t n;
};

// The ops of one device: one table per CPU level, one for CUDA.
struct Ops {
  const char* name;
  void (*embed)(Queue&, const EmbedArgs&);
  void (*rms_norm)(Queue&, const RmsNormArgs&);
  void (*matmul)(Queue&, const MatmulArgs&);
  void (*kv_append)(Queue&, const KvAppendArgs&);
  void (*attention)(Queue&, const AttentionArgs&);
  void (*silu_mul)(Queue&, const SiluMulArgs&);
  void (*align)(Queue&, const AlignArgs&);
  void (*sample)(Queue&, const SampleArgs&);
  void (*likeliest)(Queue&, const LikeliestArgs&);
  void (*mix)(Queue&, const MixArgs&);
  void (*nearest)(Queue&, const NearestArgs&);
  void (*compare)(Queue&, const CompareArgs&);
  void (*kv_copy)(Queue&, const KvCopyArgs&);
  void (*kv_rotate)(Queue&, const KvRotateArgs&);
  void (*rope_angles)(Queue&, const RopeAnglesArgs&);
  void (*copy_rows)(Queue&, const CopyRowsArgs&);
  void (*check_finite)(Queue&, const CheckFiniteArgs&);
  void (*advance)(Queue&, const AdvanceArgs&);
  void (*penalize)(Queue&, const PenalizeArgs&);
  void (*remember)(Queue&, const RememberArgs&);
  // decode_row: y [cols] = row `row` of w as f32. For set-up (target_norm, ridge), not for steps; runs on the caller's thread. CPU only.
  void (*decode_row)(const Matrix& w, int32_t row, float* y);
};

}  // namespace latent4j
