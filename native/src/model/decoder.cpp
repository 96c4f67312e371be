#include "model/decoder.h"

#include <cmath>

#include "base/cancel.h"

namespace latent4j {

void Activations::reserve(const Config& c, int32_t n_rows) {
  if (n_rows <= rows) return;
  rows = 0;  // should one not find room, none counts
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
  rows = n_rows;
}

void Decoder::forward(Queue& queue, Activations& s, const PassRows& rows, float* out, int32_t* cancel) const {
  const Config& c = weights_.config();
  const auto& [places, n, sequences, longest, prefill] = rows;
  float *x = s.x.data(), *h = s.h.data(), *q = s.q.data(), *k = s.k.data(), *v = s.v.data();
  float *attended = s.attended.data(), *gate = s.gate.data(), *up = s.up.data(), *cos = s.cos.data(), *sin = s.sin.data();
  const float scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim));
  ops_.rope_angles(queue, {places, weights_.inv_freq, c.rope.attention_factor, n, c.head_dim / 2, cos, sin});

  for (int32_t l = 0; l < c.n_layers; l++) {
    check_cancel(cancel, "stopped before layer ", l);
    const DeviceLayer& w = weights_.layers[l];

    const MatmulTarget qkv[] = {{&w.q, w.q_bias, q}, {&w.k, w.k_bias, k}, {&w.v, w.v_bias, v}};
    ops_.matmul(queue, {x, n, c.d_model, qkv, 3, MatmulInto::store, {w.attention_norm, c.rms_eps, h}, prefill});
    ops_.kv_append(queue, {q, k, v, w.q_norm, w.k_norm, c.rms_eps, cos, sin, c.rope.interleaved_input, places, sequences, n, c.n_heads,
                           c.n_kv_heads, c.head_dim, l});
    ops_.attention(queue, {q, places, sequences, n, c.n_heads, c.n_kv_heads, c.head_dim, l, c.windows[l], scale, longest, prefill,
                           attended});
    const MatmulTarget o[] = {{&w.o, nullptr, x}};
    ops_.matmul(queue, {attended, n, c.n_heads * c.head_dim, o, 1, MatmulInto::add, {}, prefill});

    const MatmulTarget gate_up[] = {{&w.gate, nullptr, gate}, {&w.up, nullptr, up}};
    ops_.matmul(queue, {x, n, c.d_model, gate_up, 2, MatmulInto::silu_mul, {w.mlp_norm, c.rms_eps, h}, prefill});
    const MatmulTarget down[] = {{&w.down, nullptr, x}};
    ops_.matmul(queue, {gate, n, c.d_ff, down, 1, MatmulInto::add, {}, prefill});
  }
  ops_.rms_norm(queue, {x, weights_.final_norm, c.rms_eps, n, c.d_model, out});
}

}  // namespace latent4j
