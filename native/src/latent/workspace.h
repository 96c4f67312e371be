// workspace.h: what a rollout needs on its device besides weights and memories: a queue, activations, and the state that steps hand on
// without the host. Kept from rollout to rollout, so that a step allocates nothing and what was recorded can be replayed.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "base/device.h"
#include "latent/penalty_buffers.h"
#include "model/decoder.h"

namespace latent4j {

// Where check_finite first saw a hidden state that is bad and where logits, then the chosen tokens, two a piece.
using Outcome = uint64_t;

struct Workspace {
  Workspace(Device& on, ThreadPool* threads);
  ~Workspace() { device.close_queue(queue); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  Device& device;
  Queue queue;
  uint64_t generation = 0;  // grows when a buffer moves: what was recorded before is void

  Activations activations;
  Buffer<RowPlace> places;                     // [rows of the pass, or sequences]
  Buffer<int32_t> tokens;                      // [prompt tokens]
  std::array<Buffer<float>, 2> hidden;         // [sequences, d_model] last hidden states; decode writes the next ones beside them
  Buffer<float> logits;                        // [up to kLogitRows, vocab]
  Buffer<SampleRow> samples;                   // [sequences]
  Buffer<int32_t> rows;                        // [sequences] indices of rows
  Buffer<Outcome> outcome;                     // what a step tells the host, in one copy
  Buffer<float> latents, latent_hidden;        // [sequences, latent steps, d_model], where wanted
  Buffer<int32_t> likely_ids;                  // [up to kLogitRows, candidates] the likeliest tokens
  Buffer<float> likely_values;                 // and their logits
  Buffer<float> thought_next, thought_before;  // [sequences, d_model] inputs of a latent step and of the one before
  Buffer<Thought> thought_now, thoughts;       // [sequences] what is seen of them; [sequences, latent steps]
  Buffer<int32_t> thinkers;                    // [sequences] those that still think
  Buffer<std::byte*> pages;                    // page tables end to end
  Buffer<std::byte* const*> tables;            // [sequences] their beginnings
  Buffer<Outcome> told;                        // the outcome on the host's side
  Buffer<Thought> told_thoughts;               // thought_now on the host's side
  Buffer<float> results;                       // [sequences, d_model] on the host's side: hidden states that memories keep
  Buffer<float> undecoded;                     // [sequences, d_model] on the host's side: hidden states before the first decoded token
  PenaltyBuffers penalties;
  std::unique_ptr<Mark> start, prefilled, thought, token, ended;
  std::array<std::unique_ptr<Mark>, 4> steps;  // marks of the last passes or latent steps

  std::unique_ptr<Replay> think, ponder;
  std::array<std::unique_ptr<Replay>, 2> choose, feed;  // by the buffer of `hidden` they read
};

}  // namespace latent4j
