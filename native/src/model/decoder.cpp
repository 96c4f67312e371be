#include "model/decoder.h"

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>

#include "base/error.h"

namespace latent4j {

float* FloatBuffer::reserve(size_t n) {
  if (n > capacity_) {
    const size_t bytes = (n * sizeof(float) + 63) / 64 * 64;
    data_.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
    capacity_ = data_ ? n : 0;
    if (!data_) throw std::bad_alloc();
  }
  return data_.get();
}

void FloatBuffer::Free::operator()(float* p) const { std::free(p); }

void Workspace::reserve(const Config& c, int32_t n_rows) {
  if (n_rows <= rows) return;
  const size_t n = n_rows;
  x.reserve(n * c.d_model);
  h.reserve(n * c.d_model);
  q.reserve(n * c.n_heads * c.head_dim);
  attended.reserve(n * c.n_heads * c.head_dim);
  k.reserve(n * c.n_kv_heads * c.head_dim);
  v.reserve(n * c.n_kv_heads * c.head_dim);
  gate.reserve(n * c.d_ff);
  up.reserve(n * c.d_ff);
  cos.reserve(n * c.head_dim / 2);
  sin.reserve(n * c.head_dim / 2);
  places.resize(n);
  rows = n_rows;
}

namespace {

const float* or_null(const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); }

}  // namespace

void Decoder::forward(Queue& queue, Workspace& s, int32_t n, PagedSequences sequences, int32_t longest, bool prefill, int32_t* cancel) const {
  const Config& c = weights_.config;
  float *x = s.x.data(), *h = s.h.data(), *q = s.q.data(), *k = s.k.data(), *v = s.v.data();
  float *attended = s.attended.data(), *gate = s.gate.data(), *up = s.up.data(), *cos = s.cos.data(), *sin = s.sin.data();
  const RowPlace* places = s.places.data();
  const float scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim));
  ops_.rope_angles(queue, {places, c.rope.inv_freq.data(), c.rope.attention_factor, n, c.head_dim / 2, cos, sin});

  for (int32_t l = 0; l < c.n_layers; l++) {
    if (cancel) L4J_CHECK(!std::atomic_ref<int32_t>(*cancel).load(std::memory_order_relaxed), "CANCELLED", "stopped before layer ", l);
    const LayerWeights& w = weights_.layers[l];

    const MatmulTarget qkv[] = {{&w.q, or_null(w.q_bias), q}, {&w.k, or_null(w.k_bias), k}, {&w.v, or_null(w.v_bias), v}};
    ops_.matmul(queue, {x, n, c.d_model, qkv, 3, MatmulInto::store, {w.attention_norm.data(), c.rms_eps, h}, prefill});
    ops_.kv_append(queue, {q, k, v, or_null(w.q_norm), or_null(w.k_norm), c.rms_eps, cos, sin, c.rope.interleaved_input, places,
                           sequences, n, c.n_heads, c.n_kv_heads, c.head_dim, l});
    ops_.attention(queue, {q, places, sequences, n, c.n_heads, c.n_kv_heads, c.head_dim, l, c.windows[l], scale, longest, prefill,
                           attended});
    const MatmulTarget o[] = {{&w.o, nullptr, x}};
    ops_.matmul(queue, {attended, n, c.n_heads * c.head_dim, o, 1, MatmulInto::add, {}, prefill});

    const MatmulTarget gate_up[] = {{&w.gate, nullptr, gate}, {&w.up, nullptr, up}};
    ops_.matmul(queue, {x, n, c.d_model, gate_up, 2, MatmulInto::silu_mul, {w.mlp_norm.data(), c.rms_eps, h}, prefill});
    const MatmulTarget down[] = {{&w.down, nullptr, x}};
    ops_.matmul(queue, {gate, n, c.d_ff, down, 1, MatmulInto::add, {}, prefill});
  }
  ops_.rms_norm(queue, {x, weights_.final_norm.data(), c.rms_eps, n, c.d_model, h});
}

}  // namespace latent4j
