// latent4j.h: everything that crosses the bridge between Java and native code, and nothing else. JavaCPP parses this file.
//
// Handles are opaque; whoever opens one closes it, and a closed handle must not be used again. Handles share what they
// need: closing a model while a memory of it lives is fine. All arrays are row-major and owned by the caller, who keeps them alive for
// the length of the call. An array of outputs comes with its capacity, a number of elements: what needs more throws BAD_ARGUMENT and
// writes nothing. Every function may throw latent4j::Error, whose text begins with a stable code in brackets
// (`[OUT_OF_PAGES] need 12, free 3`); JavaCPP turns it into a RuntimeException with that text. The text is ASCII: a
// byte 1 and two hexadecimal digits stand for another byte. A call that throws leaves every memory as it found it. On a GPU
// each may also throw DEVICE_LOST, after which that device's handles can only be closed.
#pragma once

#include <cstdint>
#include <string>

struct l4j_model;   // a model instance: weights shared with other instances of the same files, and a page pool of its own
struct l4j_memory;  // a KV cache: a page table over its model's pool, and the last hidden state
struct l4j_run;     // a rollout that has run, with the memories it holds

enum l4j_memory_type { L4J_MEMORY_BF16 = 0, L4J_MEMORY_F32 = 1 };

// How a hidden state h becomes the next input embedding e. The first three: e = (h W) * target_norm / max(||h W||, 1e-6).
enum l4j_alignment {
  L4J_ALIGN_IDENTITY = 0,  // W = I
  L4J_ALIGN_RIDGE = 1,     // W maps output-embedding space to input-embedding space, least squares with lambda 1e-5
  L4J_ALIGN_RANDOM = 2,    // control: a random W with the singular values of the ridge W
  L4J_ALIGN_NONE = 3,      // control: e = h, not rescaled
  L4J_ALIGN_SOFT = 4,      // e = sum of p_i E_i over the likeliest tokens after h (l4j_soft); E_i their input embeddings; not rescaled
  L4J_ALIGN_AUTO = 5       // ridge where the embeddings are untied and its W is far from I, else soft (l4j_model_resolve_alignment)
};

enum l4j_phase { L4J_PHASE_IDLE = 0, L4J_PHASE_PREFILL = 1, L4J_PHASE_THINK = 2, L4J_PHASE_DECODE = 3 };

enum l4j_stop_reason {
  L4J_STOP_NONE = 0,
  L4J_STOP_END_TOKEN = 1,
  L4J_STOP_LIMIT = 2,
  L4J_STOP_CONTEXT = 3,
  L4J_STOP_ASKED = 4,
  L4J_STOP_NO_TOKEN = 5  // the penalties left none: every token is suppressed, or would repeat an n-gram
};

struct l4j_model_options {
  int32_t n_threads;         // worker threads, the caller's included; 0: one per physical core this process may use
  int32_t page_size;         // positions per page, a power of two; 0: 16
  int32_t memory_type;       // l4j_memory_type
  int64_t memory_positions;  // capacity of the pool in positions, of all memories; 0: a quarter of the GPU's free memory or the RAM,
                             // <= 1 Mi
  const char* cpu_level;     // null: the best present; else "plain", "avx2", "avx512" or "avx512_bf16"
  const char* device;        // "cpu", "cuda:0", ...; null: of the usable CUDA devices the one with the most memory, else cpu
};

// The alignment `soft`: soft thinking (arXiv 2505.15778). p = softmax(logits / temperature + noise * g) over the top_k best logits, g_i
// Gumbel numbers of the sequence's seed (arXiv 2508.03440). With another alignment that is not `auto`, `share` blends: e = share * soft +
// (1 - share) * aligned.
struct l4j_soft {
  int32_t top_k;      // 1 to 64; 0: 10. 1: the likeliest token's own embedding (argmax)
  float temperature;  // above 0; 0: 1
  float noise;        // 0 or more; 0: none
  float share;        // 0 to 1; ignored by L4J_ALIGN_SOFT, whose share is 1
};

// When a sequence stops thinking before its n_latent_steps are done: none of it by default. Looked at before each step, on the distribution
// and the thought that the step would run, which then is not run.
struct l4j_think_stop {
  float entropy_below;    // nats, of the whole vocabulary; below it for `entropy_steps` steps that follow each other. 0: off
  int32_t entropy_steps;  // 0: 1
  float cosine_above;     // of two thoughts that follow each other; 0: off
  int32_t at_end_token;   // 1: when an end token (end_tokens) is the likeliest
};

enum l4j_think_end { L4J_THINK_END_STEPS = 0, L4J_THINK_END_ENTROPY = 1, L4J_THINK_END_FIXED_POINT = 2, L4J_THINK_END_TOKEN = 3 };

// What is seen of one latent step: of its input e, the thought, and of the hidden state h that e was made of.
struct l4j_thought {
  float entropy;           // of softmax(logits of h) over the whole vocabulary, in nats
  float norm;              // ||e||
  float step_cosine;       // of e and the thought before in this rollout; NaN for the first
  float nearest_cosine;    // of e and the row of the input embeddings nearest to it
  int32_t nearest_token;   // that row
  int32_t tokens[5];       // the likeliest after h, best first; -1: the vocabulary has no more
  float probabilities[5];  // theirs, of the whole vocabulary
  int32_t padding;
};

// Which thoughts a rollout looks at. What is looked at costs two products with the vocabulary, what stops on entropy or tokens one.
enum l4j_look { L4J_LOOK_NONE = 0, L4J_LOOK_LAST = 1, L4J_LOOK_ALL = 2 };

// Positions [begin, end) of one memory.
struct l4j_range {
  l4j_memory* memory;
  int32_t begin;
  int32_t end;
};

// The part of a running rollout that both sides see. The caller sets `cancel` and `stop`; native code sets the rest
// with release stores, so that another thread may read `new_tokens` up to `n_new_tokens` while the rollout runs. A GPU told to cancel
// ends what it was given already: up to three steps, or three passes of a thousand rows over the prompts.
struct l4j_control {
  int32_t cancel;         // set to 1: the rollout throws [CANCELLED] within one layer of one step, or strip of the alignment's solution
  int32_t phase;          // l4j_phase
  int32_t step;           // positions prefilled, latent steps or tokens decoded so far in this phase
  int32_t* n_new_tokens;  // [n_sequences], may be null
  int32_t* stop;          // [n_sequences], may be null; set stop[i] to 1: sequence i decodes no further (a stop string was seen)
};

// Tokens that are to come less often, or never, in the order that java/docs/sampling.md gives. A sequence's history is the prompt that this
// rollout gives it and the tokens it decodes: what its memory held before is positions without ids.
struct l4j_penalties {
  float repetition;                 // more than 0; 1: off; logits of tokens of the history are divided by it, negative ones multiplied
  float presence;                   // -2 to 2; 0: off; taken off the logits of tokens that were decoded
  float frequency;                  // -2 to 2; 0: off; likewise, times as often as they were
  int32_t no_repeat_ngram;          // 0: off; so many tokens in a row do not come twice in a history
  const int32_t* suppressed;        // [n_suppressed] never decoded
  const int32_t* suppressed_first;  // [n_suppressed_first] not decoded first
  int32_t n_suppressed, n_suppressed_first;
};

// A ragged batch: sequence i prefills tokens[token_offsets[i] .. token_offsets[i+1]) after whatever memories[i] holds, runs
// n_latent_steps latent steps and decodes up to max_new_tokens tokens. Each of the three may be empty. A sequence without prompt goes
// on from its memory's last hidden state. The numbers of a sequence do not depend on its companions or on the threads.
struct l4j_rollout_args {
  int32_t n_sequences;
  l4j_memory** memories;         // [n_sequences], distinct, all of this model
  const int32_t* tokens;         // [token_offsets[n_sequences]]
  const int32_t* token_offsets;  // [n_sequences + 1], from 0, never decreasing

  int32_t n_latent_steps;  // at most (think_stop)
  int32_t alignment;       // l4j_alignment
  l4j_soft soft;
  l4j_think_stop think_stop;
  int32_t look;            // l4j_look; needs `thoughts`

  int32_t max_new_tokens;
  float temperature;          // 0: greedy
  float top_p;                // (0, 1]; 1: off
  int32_t top_k;              // 0: off
  const uint64_t* seeds;      // [n_sequences]; null: 42 for each; of tokens and of soft.noise
  const int32_t* end_tokens;  // [n_end_tokens]; an end token is counted and returned, nothing follows it
  int32_t n_end_tokens;

  // Outputs; null where not wanted.
  float* prompt_hidden;     // [all tokens, d_model] after the final norm
  float* latents;           // [n_sequences, n_latent_steps, d_model] the inputs of the latent steps
  float* latent_hidden;     // [n_sequences, n_latent_steps, d_model] their outputs after the final norm
  int32_t* latent_steps;    // [n_sequences] steps done; rows of latents, latent_hidden and thoughts beyond them are not written
  int32_t* think_ends;      // [n_sequences] l4j_think_end
  l4j_thought* thoughts;    // [n_sequences, n_latent_steps]; of L4J_LOOK_LAST only each sequence's last step's is written
  float* logits;            // [n_sequences, vocab] before the first decoded token (needs max_new_tokens > 0)
  int32_t* new_tokens;      // [n_sequences, max_new_tokens]
  int32_t* stop_reasons;    // [n_sequences] l4j_stop_reason

  float min_p;                     // [0, 1]; 0: off; what is less likely than this times the likeliest token is not drawn
  const l4j_penalties* penalties;  // null: none; `logits` are those before

  l4j_run* run;  // null; l4j_rollout_run sets it, l4j_rollout_close sets it back
};

// What a rollout took, summed over its sequences; times are wall clock.
struct l4j_rollout_figures {
  int64_t prompt_tokens, latent_steps, new_tokens;
  int64_t prefill_ns, think_ns, decode_ns;
  int64_t first_token_ns;  // from the start of the call to the first decoded token; 0 if none
};

// --- Device -------------------------------------------------------------------------------------------------------------------
// JSON: {"cpu", "level", "levels": [...], "cores", "ram_bytes", "devices": [{"id": "cpu", "name"}, {"id": "cuda:0", "name",
// "compute_capability", "memory_bytes", "free_bytes", "multiprocessors", "usable", "why": why not}, ...], "cuda": {"why": why there is
// no CUDA device: not built in, no driver, one too old, no device}}.
std::string l4j_device_info();

// --- Model --------------------------------------------------------------------------------------------------------------------
// Opens a Hugging Face folder or a GGUF file. Opening the same files again in this process shares the weights.
// `control` may be null; its `cancel` ends the opening: CANCELLED.
// Throws FILE_NOT_FOUND, BAD_CHECKPOINT, UNSUPPORTED, BAD_ARGUMENT, OUT_OF_MEMORY, NO_DEVICE (of a device that is not there; it lists those
// that are).
l4j_model* l4j_model_open(const char* path, const l4j_model_options* options, l4j_control* control);
void l4j_model_close(l4j_model* model);
// JSON: family, shape (n_layers, d_model, n_heads, n_kv_heads, head_dim, d_ff, vocab, max_positions), rope, dtypes, sizes, pool, device,
// device_name.
std::string l4j_model_info(const l4j_model* model);
// JSON object of every key of a GGUF file's metadata; "{}" for a folder.
std::string l4j_model_metadata(const l4j_model* model);
// The alignment matrix [d_model, d_model] (row vectors: e = h W) and target_norm [1]; solved on first use, then kept. BAD_ARGUMENT of
// soft and auto, which are no matrix.
// Both may be null, and `control`, whose `cancel` ends the solving: CANCELLED; a later call solves again. `capacity` is the matrix's.
void l4j_model_alignment(l4j_model* model, int32_t alignment, float* matrix, int64_t capacity, float* target_norm, l4j_control* control);
// ||W - I||_F / ||I||_F, 0 for identity, none and soft.
double l4j_model_alignment_distance(l4j_model* model, int32_t alignment);
// What L4J_ALIGN_AUTO is on this model: L4J_ALIGN_RIDGE where the embeddings are untied and its distance is above 0.1, else L4J_ALIGN_SOFT.
// Solves ridge for it where they are untied. `control` as in l4j_model_alignment.
int32_t l4j_model_resolve_alignment(l4j_model* model, l4j_control* control);
// aligned [n, d_model] = align(hidden [n, d_model]); `capacity` is that of either.
void l4j_model_align(l4j_model* model, int32_t alignment, const float* hidden, int32_t n, float* aligned, int64_t capacity);
// Pages of the model's pool that no memory holds.
int64_t l4j_model_free_pages(const l4j_model* model);

// --- Memory -------------------------------------------------------------------------------------------------------------------
l4j_memory* l4j_memory_create(l4j_model* model);
void l4j_memory_close(l4j_memory* memory);
// A second memory with the same content; pages are shared until one side writes to them.
l4j_memory* l4j_memory_fork(l4j_memory* memory);
int32_t l4j_memory_length(const l4j_memory* memory);
// Bytes of keys and values at this length (not of pages).
int64_t l4j_memory_bytes(const l4j_memory* memory);
void l4j_memory_truncate(l4j_memory* memory, int32_t length);
// A new memory of `target`: the ranges end to end. With `rotate`, every key is re-rotated from its old position to its new one;
// without, keys keep their old rotation (the fault of the reference code, for compatibility runs). Ranges may lie in another
// model instance's pool, of another page size and memory type: straight from pages to pages in one pass. Ranges that keep
// their position in the same pool share pages.
// Throws INCOMPATIBLE_MEMORY, OUT_OF_PAGES, CONTEXT_EXCEEDED, BAD_ARGUMENT, MEMORY_BUSY, OUT_OF_MEMORY (to pin on the host).
l4j_memory* l4j_memory_assemble(l4j_model* target, const l4j_range* ranges, int32_t n_ranges, bool rotate);
// A ticket (JSON) by which another process of this machine takes the memory over: valid as long as the memory is neither closed nor written
// to. Only memories on a CUDA device have one. Throws UNSUPPORTED, MEMORY_BUSY.
std::string l4j_memory_export(l4j_memory* memory);
// A new memory of `target`, copied on its device from the pages that a ticket of another process names. Give it tickets that you trust.
// Throws BAD_ARGUMENT (not a ticket, or its memory is gone), NO_DEVICE (the target's device cannot read it), UNSUPPORTED,
// INCOMPATIBLE_MEMORY, OUT_OF_PAGES, CONTEXT_EXCEEDED.
l4j_memory* l4j_memory_import(l4j_model* target, const char* ticket);
// keys and values [n_kv_heads, length, head_dim] of one layer as f32; `capacity` is that of each. Returns the length, which another thread
// may have changed since the caller asked for it: if what is there needs more than `capacity`, nothing is written. Throws MEMORY_BUSY.
int32_t l4j_memory_read(l4j_memory* memory, int32_t layer, float* keys, float* values, int64_t capacity);
// The last hidden state [d_model] after the final norm. Throws NO_HIDDEN_STATE after truncate or assemble, MEMORY_BUSY.
void l4j_memory_hidden(l4j_memory* memory, float* hidden, int64_t capacity);

// --- Rollout ------------------------------------------------------------------------------------------------------------------
// A rollout is a transaction in three calls. From the first to the last it alone holds its memories, MEMORY_BUSY for everybody else, and
// `args` with all its arrays stays as it is. They show what they held before until commit, and go on doing so if it never comes or throws.
//
// Prefill, latent steps and decode. If it throws, nothing is held and nothing is to be closed.
// Throws BAD_ARGUMENT, BAD_TOKEN, CONTEXT_EXCEEDED, OUT_OF_PAGES, OUT_OF_MEMORY, NO_HIDDEN_STATE, MEMORY_BUSY, CANCELLED, NOT_FINITE.
void l4j_rollout_run(l4j_model* model, l4j_rollout_args* args, l4j_control* control, l4j_rollout_figures* figures);
// The memories now hold what the rollout wrote: of sequence i its prompt, its thoughts and the first keep[i] decoded tokens (null: all of
// every sequence) less the last, whose keys would come with the one after it. The last hidden state is that of the positions kept.
// `n_keep` is n_sequences. Once. Throws BAD_ARGUMENT, CANCELLED (of the control that the rollout was given), NOT_FINITE.
void l4j_rollout_commit(l4j_rollout_args* args, const int32_t* keep, int32_t n_keep);
// Lets go of the memories. Whatever was thrown before, call it once after l4j_rollout_run has returned.
void l4j_rollout_close(l4j_rollout_args* args);
