#include "latent/workspace.h"

namespace latent4j {

Workspace::Workspace(Device& on, ThreadPool* threads)
    : device(on), queue(on.open_queue(threads)), activations(on), places(on), tokens(on), hidden{Buffer<float>(on), Buffer<float>(on)},
      logits(on), samples(on), rows(on), outcome(on), latents(on), latent_hidden(on), likely_ids(on), likely_values(on),
      thought_next(on), thought_before(on), thought_now(on), thoughts(on), thinkers(on), pages(on), tables(on),
      told(on, Buffer<Outcome>::Where::shared), told_thoughts(on, Buffer<Thought>::Where::shared), results(on, Buffer<float>::Where::shared),
      undecoded(on, Buffer<float>::Where::shared), penalties(on) {
  try {
    for (std::unique_ptr<Mark>* mark : {&start, &prefilled, &thought, &token, &ended}) *mark = on.new_mark();
    for (std::unique_ptr<Mark>& mark : steps) mark = on.new_mark();
  } catch (...) {
    on.close_queue(queue);
    throw;
  }
}

}  // namespace latent4j
