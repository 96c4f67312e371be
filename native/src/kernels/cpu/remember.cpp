// remember.cpp: a token more in a sequence's history.
#include "kernels/cpu/level_ops.h"

namespace latent4j::cpu::L4J_LEVEL {

void remember(Queue&, const RememberArgs& args) {
  for (int32_t row = 0; row < args.n; row++) {
    History& history = args.histories[args.places[row].sequence];
    const int32_t token = args.tokens[row];
    if (token < 0) continue;
    history.tokens[history.n_tokens++] = token;
    int32_t at = 0;
    while (at < history.n_distinct && history.tallies[at].token != token) at++;
    if (at == history.n_distinct) history.tallies[history.n_distinct++] = {token, 0};
    history.tallies[at].decoded++;
  }
}

}  // namespace latent4j::cpu::L4J_LEVEL
