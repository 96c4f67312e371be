// rollout.h: what an agent does, in one call: prefill, latent steps, decode, for many sequences side by side.
#pragma once

#include <memory>
#include <vector>

#include "latent4j.h"
#include "memory/memory.h"
#include "model/model.h"

namespace latent4j {

// `args` (latent4j.h) on `memories` [args.n_sequences]; both stay as they are for the length of this object, and nobody else touches the
// memories. They show what they held before until commit, whatever is thrown.
class Rollout {
 public:
  Rollout(Model& model, std::vector<Memory*> memories, const l4j_rollout_args& args, l4j_control* control);
  ~Rollout();

  // Prefill, latent steps, decode. Once.
  void run(l4j_rollout_figures& figures);
  // After run, once: the memories hold what was written. keep [n_sequences]: how many of its decoded tokens each keeps; null: all.
  void commit(const int32_t* keep);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace latent4j
