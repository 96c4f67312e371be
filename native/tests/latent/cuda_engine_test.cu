// The engine on a GPU: what it computes is the CPU's, what it hands over arrives whole, what it refuses or loses it says.
#include <bit>
#include <cstring>
#include <thread>

#include "cuda_devices.h"
#include "engine.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/stream.h"
#include "latent/tiny_checkpoint.h"

namespace latent4j::test {
namespace {

constexpr int32_t kDModel = 64, kVocab = 512, kLayers = 3, kKvHeads = 2, kHeadDim = 32;  // tiny-qwen3

class CudaEngineTest : public WithCudaDevices<1> {
 protected:
  static ModelHandle open(const std::string& device, int32_t page_size = 16, int32_t memory_type = L4J_MEMORY_F32) {
    OpenOptions options;
    options.device = device;
    options.page_size = page_size;
    options.memory_type = memory_type;
    options.memory_positions = 1024;
    return open_model(golden_path("tiny-qwen3"), options);
  }

  static std::vector<int32_t> prompt(int32_t n, int32_t seed = 1) {
    std::vector<int32_t> tokens(n);
    for (int32_t i = 0; i < n; i++) tokens[i] = (seed * 131 + i * 37 + 11) % kVocab;
    return tokens;
  }

  static std::vector<float> read(const MemoryHandle& memory) {
    const size_t n = static_cast<size_t>(kKvHeads) * l4j_memory_length(memory.get()) * kHeadDim;
    std::vector<float> all(2 * n * kLayers);
    for (int32_t layer = 0; layer < kLayers; layer++) {
      float* keys = all.data() + 2 * n * layer;
      l4j_memory_read(memory.get(), layer, keys, keys + n, static_cast<int64_t>(n));
    }
    return all;
  }

  static void think(const ModelHandle& model, const MemoryHandle& memory, std::vector<int32_t> tokens, int32_t steps) {
    RolloutCall call;
    call.latent_steps = steps;
    call.add(memory, std::move(tokens)).run(model, kDModel, kVocab);
  }

  static void expect_close(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance) {
    ASSERT_EQ(actual.size(), expected.size());
    EXPECT_LE(relative_error(actual.data(), expected.data(), actual.size()), tolerance);
  }
};

TEST_F(CudaEngineTest, RecordedStepsEqualStepsOnTheirOwn) {
  const ModelHandle model = open("cuda:0");
  const MemoryHandle at_once = new_memory(model), one_by_one = new_memory(model);
  think(model, at_once, prompt(21), 7);
  think(model, one_by_one, prompt(21), 1);
  for (int32_t step = 1; step < 7; step++) think(model, one_by_one, {}, 1);
  EXPECT_EQ(read(at_once), read(one_by_one));
}

struct Manner {
  const char* name;
  int32_t alignment;
  l4j_soft soft;
  l4j_think_stop stop;
  int32_t look;
};
constexpr Manner kManners[] = {{"identity", L4J_ALIGN_IDENTITY, {}, {}, L4J_LOOK_NONE},
                               {"soft", L4J_ALIGN_SOFT, {}, {}, L4J_LOOK_NONE},
                               {"soft, that never stops", L4J_ALIGN_SOFT, {}, {1e-6f, 1, 0, 0}, L4J_LOOK_NONE},
                               {"argmax", L4J_ALIGN_SOFT, {1, 0, 0, 0}, {}, L4J_LOOK_NONE},
                               {"noise", L4J_ALIGN_SOFT, {20, 0.8f, 0.5f, 0}, {}, L4J_LOOK_NONE},
                               {"a blend", L4J_ALIGN_RIDGE, {0, 0, 0, 0.4f}, {}, L4J_LOOK_NONE},
                               {"soft, seen", L4J_ALIGN_SOFT, {}, {}, L4J_LOOK_ALL},
                               {"identity, the last seen", L4J_ALIGN_IDENTITY, {}, {}, L4J_LOOK_LAST},
                               {"identity, seen", L4J_ALIGN_IDENTITY, {}, {}, L4J_LOOK_ALL}};

class CudaThoughtsTest : public CudaEngineTest {
 protected:
  static constexpr int32_t kSequences = 3, kSteps = 5;

  static RolloutCall think_of(const ModelHandle& model, const Manner& manner) {
    RolloutCall call;
    std::vector<MemoryHandle> memories;
    call.latent_steps = kSteps, call.alignment = manner.alignment, call.soft = manner.soft, call.think_stop = manner.stop;
    call.look = manner.look, call.max_new_tokens = 3, call.seeds = {7, 8, 9};
    for (int32_t i = 0; i < kSequences; i++) call.add(memories.emplace_back(new_memory(model)), prompt(4 + 9 * i, 2 + i));
    call.run(model, kDModel, kVocab);
    return call;
  }

  // A bound in the middle of what was seen, close to none of it: rounding does not decide who stops.
  static float middle(const RolloutCall& call, float l4j_thought::*what) {
    std::vector<float> seen;
    for (const l4j_thought& thought : call.thoughts) {
      if (!std::isnan(thought.*what)) seen.push_back(thought.*what);
    }
    std::sort(seen.begin(), seen.end());
    size_t widest = seen.size() / 3;
    for (size_t i = widest; i < 2 * seen.size() / 3; i++) {
      if (seen[i + 1] - seen[i] > seen[widest + 1] - seen[widest]) widest = i;
    }
    return (seen[widest] + seen[widest + 1]) / 2;
  }

  static void expect_equal(const RolloutCall& actual, const RolloutCall& expected) {
    EXPECT_EQ(actual.latents, expected.latents);
    EXPECT_EQ(actual.logits, expected.logits);
    EXPECT_EQ(actual.tokens, expected.tokens);
    EXPECT_EQ(actual.thought_steps, expected.thought_steps);
    ASSERT_EQ(actual.thoughts.size(), expected.thoughts.size());
    EXPECT_EQ(std::memcmp(actual.thoughts.data(), expected.thoughts.data(), actual.thoughts.size() * sizeof(l4j_thought)), 0);
  }

  static void expect_near(const RolloutCall& actual, const RolloutCall& twin) {
    EXPECT_EQ(actual.thought_steps, twin.thought_steps);
    EXPECT_EQ(actual.think_ends, twin.think_ends);
    EXPECT_EQ(actual.tokens, twin.tokens);
    expect_close(actual.latents, twin.latents, 1e-3);
    expect_close(actual.logits, twin.logits, 1e-3);
    for (size_t i = 0; i < twin.thoughts.size(); i++) {
      const l4j_thought &a = actual.thoughts[i], &b = twin.thoughts[i];
      EXPECT_NEAR(a.entropy, b.entropy, 1e-3f);
      EXPECT_NEAR(a.norm, b.norm, 1e-3f * b.norm);
      EXPECT_NEAR(a.nearest_cosine, b.nearest_cosine, 1e-3f);
      EXPECT_EQ(a.nearest_token, b.nearest_token);
      EXPECT_EQ(a.tokens[0], b.tokens[0]);
      EXPECT_NEAR(a.probabilities[0], b.probabilities[0], 1e-3f);
      EXPECT_EQ(std::isnan(a.step_cosine), std::isnan(b.step_cosine));
      if (!std::isnan(b.step_cosine)) EXPECT_NEAR(a.step_cosine, b.step_cosine, 1e-3f);
    }
  }
};

TEST_F(CudaThoughtsTest, AreTheCpusAndNoneIsReplayedForAnother) {
  const ModelHandle on_cpu = open("cpu"), shared = open("cuda:0");
  std::vector<Manner> manners(std::begin(kManners), std::end(kManners));
  for (const Manner& manner : kManners) {
    if (manner.look != L4J_LOOK_ALL) continue;
    const RolloutCall seen = think_of(on_cpu, manner);
    manners.push_back({"stopping by entropy", manner.alignment, {}, {middle(seen, &l4j_thought::entropy), 1, 0, 0}, L4J_LOOK_ALL});
    const float cosine = std::max(0.0f, middle(seen, &l4j_thought::step_cosine));
    manners.push_back({"stopping by a fixed point", manner.alignment, {}, {0, 0, cosine, 0}, L4J_LOOK_NONE});
  }
  std::vector<RolloutCall> alone;
  std::vector<int32_t> steps;
  for (const Manner& manner : manners) {
    SCOPED_TRACE(manner.name);
    alone.push_back(think_of(open("cuda:0"), manner));
    expect_near(alone.back(), think_of(on_cpu, manner));
    steps.insert(steps.end(), alone.back().thought_steps.begin(), alone.back().thought_steps.end());
  }
  EXPECT_LT(*std::min_element(steps.begin(), steps.end()), kSteps) << "nothing stopped";
  // One after another on one model, forwards and back: what is recorded of a step is of that way of thinking alone.
  const auto n = static_cast<int32_t>(manners.size());
  for (int32_t i = 1 - n; i < n; i++) {
    SCOPED_TRACE(manners[std::abs(i)].name);
    expect_equal(think_of(shared, manners[std::abs(i)]), alone[std::abs(i)]);
  }
}

// What voids a capture, another thread's doing say, costs a step its recording and nothing else; after a few attempts it is left alone.
TEST_F(CudaEngineTest, AStepThatCannotBeRecordedRunsAsItIs) {
  Device& device = Device::open("cuda:0");
  ScopedQueue scoped(device);
  Queue& queue = scoped;
  Buffer<RowPlace> place(device);
  place.reserve(1);
  device.fill(queue, place.data(), 0, sizeof(RowPlace));
  std::unique_ptr<Replay> replay;
  int captures = 0;
  for (int i = 0; i < 8; i++) {
    device.enqueue(queue, replay, ReplayKey{1}, [&] {
      cudaStreamCaptureStatus status;
      L4J_CUDA_CHECK(cudaStreamIsCapturing(queue.stream->handle, &status));
      if (status == cudaStreamCaptureStatusActive) {
        captures++;
        EXPECT_EQ(cudaStreamSynchronize(queue.stream->handle), cudaErrorStreamCaptureUnsupported);
      }
      device.ops().advance(queue, {place.data(), nullptr, nullptr, 1});
    });
  }
  RowPlace after;
  device.download(queue, &after, place.data(), sizeof(after));
  device.finish(queue);
  EXPECT_EQ(after.position, 8);
  EXPECT_EQ(captures, 3);
}

TEST_F(CudaEngineTest, SaysWhyThereIsNoDevice) {
  EXPECT_EQ(cuda::why_no_device(cudaErrorInsufficientDriver, 12040, 13000),
            "the driver is for CUDA 12.4, this library needs one for CUDA 13.0 or newer");
  EXPECT_EQ(cuda::why_no_device(cudaErrorInsufficientDriver, 0, 13000), "no NVIDIA driver");
  EXPECT_EQ(cuda::why_no_device(cudaErrorSystemDriverMismatch, 13000, 13000), cudaGetErrorString(cudaErrorSystemDriverMismatch));
}

TEST_F(CudaEngineTest, ARaggedBatchDecodesWhatEachDoesAlone) {
  const ModelHandle model = open("cuda:0"), on_cpu = open("cpu");
  const std::vector<std::vector<int32_t>> prompts = {prompt(5, 2), prompt(33, 3), prompt(17, 4)};
  RolloutCall batch, twin;
  std::vector<MemoryHandle> memories;
  for (RolloutCall* call : {&batch, &twin}) {
    call->latent_steps = 3;
    call->max_new_tokens = 9;
    call->temperature = 0.8f;
    call->top_p = 0.95f;
    call->seeds = {7, 8, 9};
    for (const auto& p : prompts) {
      memories.push_back(new_memory(call == &batch ? model : on_cpu));
      call->add(memories.back(), p);
    }
    call->run(call == &batch ? model : on_cpu, kDModel, kVocab);
  }
  EXPECT_EQ(batch.tokens, twin.tokens);
  expect_close(batch.logits, twin.logits, 1e-4);
  // An end token in the middle: one leaves, the others are not disturbed, and its memory holds what came before it.
  RolloutCall cut;
  const int32_t end = batch.tokens[1][4];
  cut.latent_steps = 3, cut.max_new_tokens = 9, cut.temperature = 0.8f, cut.top_p = 0.95f, cut.seeds = {7, 8, 9}, cut.end_tokens = {end};
  std::vector<MemoryHandle> cut_memories;
  for (const auto& p : prompts) {
    cut_memories.push_back(new_memory(model));
    cut.add(cut_memories.back(), p);
  }
  cut.run(model, kDModel, kVocab);
  for (size_t i = 0; i < prompts.size(); i++) {
    auto expected = batch.tokens[i];
    const auto found = std::find(expected.begin(), expected.end(), end);
    if (found != expected.end()) expected.erase(found + 1, expected.end());
    EXPECT_EQ(cut.tokens[i], expected) << i;
    EXPECT_EQ(l4j_memory_length(cut_memories[i].get()), static_cast<int32_t>(prompts[i].size() + 3 + expected.size() - 1)) << i;
    std::vector<float> hidden(kDModel);
    l4j_memory_hidden(cut_memories[i].get(), hidden.data(), kDModel);  // of the position before the token that ended it
    RolloutCall on;
    on.max_new_tokens = 1;
    const MemoryHandle fork(l4j_memory_fork(cut_memories[i].get()));
    on.add(fork, {}).run(model, kDModel, kVocab);
    EXPECT_EQ(on.stop_reasons[0], L4J_STOP_LIMIT);
  }
}

TEST_F(CudaEngineTest, MemoryGoesFromDeviceToDeviceAndBack) {
  std::vector<std::string> devices = {"cpu", "cuda:0"};
  if (cuda_devices() > 1) devices.push_back("cuda:1");
  for (const std::string& from : devices) {
    for (const std::string& to : devices) {
      const ModelHandle source = open(from, 16, L4J_MEMORY_F32), target = open(to, 32, L4J_MEMORY_BF16);
      const ModelHandle direct = open("cpu", 32, L4J_MEMORY_BF16);
      const MemoryHandle first = new_memory(source), second = new_memory(source);
      think(source, first, prompt(300, 5), 2);
      think(source, second, prompt(9, 6), 2);
      const l4j_range ranges[] = {{first.get(), 10, 290}, {second.get(), 0, 11}};
      const MemoryHandle there(l4j_memory_assemble(target.get(), ranges, 2, true));
      const MemoryHandle twin(l4j_memory_assemble(direct.get(), ranges, 2, true));
      ASSERT_EQ(l4j_memory_length(there.get()), 291);
      expect_close(read(there), read(twin), 8e-3);  // one bf16 rounding apart where an angle's last bit differs
      const l4j_range back[] = {{there.get(), 0, 291}};
      const MemoryHandle again(l4j_memory_assemble(source.get(), back, 1, false));
      EXPECT_EQ(read(again), read(there)) << from << " to " << to;
    }
  }
}

TEST_F(CudaEngineTest, AForkGoesItsOwnWay) {
  const ModelHandle model = open("cuda:0");
  const MemoryHandle memory = new_memory(model);
  think(model, memory, prompt(21), 2);
  const std::vector<float> before = read(memory);
  const MemoryHandle fork(l4j_memory_fork(memory.get()));
  think(model, fork, prompt(5, 9), 2);
  EXPECT_EQ(read(memory), before);
  think(model, memory, prompt(5, 9), 2);
  EXPECT_EQ(read(memory), read(fork));
}

// CUDA opens a handle in other processes than its own; the simulator in its own alone.
bool opens_own_handles() {
  void *memory = nullptr, *opened = nullptr;
  cudaIpcMemHandle_t handle;
  L4J_CUDA_CHECK(cudaMalloc(&memory, 4096));
  L4J_CUDA_CHECK(cudaIpcGetMemHandle(&handle, memory));
  const bool opens = cudaIpcOpenMemHandle(&opened, handle, cudaIpcMemLazyEnablePeerAccess) == cudaSuccess;
  if (opens) cudaIpcCloseMemHandle(opened);
  cudaGetLastError();
  cudaFree(memory);
  return opens;
}

class CudaTicketTest : public CudaEngineTest {
 protected:
  static constexpr const char *kTicket = "L4J_TEST_TICKET", *kContent = "L4J_TEST_CONTENT";

  static std::string digest(const MemoryHandle& memory) {
    uint64_t hash = 1469598103934665603u;  // FNV-1a over the numbers' bits
    for (const float number : read(memory)) hash = (hash ^ std::bit_cast<uint32_t>(number)) * 1099511628211u;
    return std::to_string(hash);
  }

  static MemoryHandle take(const ModelHandle& model, const std::string& ticket) {
    return MemoryHandle(l4j_memory_import(model.get(), ticket.c_str()));
  }

  // The other process: 0 if the memory of the ticket has the content that its owner says.
  [[noreturn]] static void take_over() {
    const ModelHandle model = open("cuda:0", 8, L4J_MEMORY_F32);
    std::string content;
    const std::string code = code_of([&] { content = digest(take(model, std::getenv(kTicket))); });
    const bool as_expected = opens_own_handles() ? code == "BAD_ARGUMENT" : content == std::getenv(kContent);
    std::fprintf(stderr, "%s\n", code.empty() ? "taken" : code.c_str());
    std::exit(as_expected ? 0 : 1);
  }
};

TEST_F(CudaTicketTest, WithinAProcess) {
  const ModelHandle model = open("cuda:0", 16, L4J_MEMORY_F32), other = open("cuda:0", 8, L4J_MEMORY_F32);
  const MemoryHandle memory = new_memory(model);
  think(model, memory, prompt(37), 3);
  const std::string ticket = l4j_memory_export(memory.get());
  if (opens_own_handles()) {
    EXPECT_EQ(read(take(other, ticket)), read(memory));
  } else {
    EXPECT_EQ(code_of([&] { take(other, ticket); }), "BAD_ARGUMENT");
  }
  EXPECT_EQ(l4j_model_free_pages(other.get()), 1024 / 8) << "what was taken over is given back";
}

TEST_F(CudaTicketTest, ToAnotherProcess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const ModelHandle model = open("cuda:0", 16, L4J_MEMORY_F32);
  const MemoryHandle memory = new_memory(model);
  think(model, memory, prompt(37), 3);
  // The other process comes by here too, and keeps what it was given.
  setenv(kTicket, l4j_memory_export(memory.get()).c_str(), 0);
  setenv(kContent, digest(memory).c_str(), 0);
  EXPECT_EXIT(take_over(), testing::ExitedWithCode(0), "taken|BAD_ARGUMENT");
  unsetenv(kTicket);
  unsetenv(kContent);
}

TEST_F(CudaTicketTest, WhatIsNoneIsRefused) {
  const ModelHandle model = open("cuda:0", 16, L4J_MEMORY_F32), on_cpu = open("cpu");
  const MemoryHandle memory = new_memory(model), host_memory = new_memory(on_cpu);
  think(model, memory, prompt(37), 3);
  const std::string ticket = l4j_memory_export(memory.get());
  EXPECT_EQ(code_of([&] { l4j_memory_export(host_memory.get()); }), "UNSUPPORTED");
  EXPECT_EQ(code_of([&] { take(on_cpu, ticket); }), "UNSUPPORTED");
  for (const std::string& bad : {std::string("{}"), std::string("no ticket"), ticket.substr(0, 40),
                                 std::string(ticket).replace(ticket.find("\"length\":40"), 11, "\"length\":99")}) {
    EXPECT_EQ(code_of([&] { take(model, bad); }), "BAD_ARGUMENT") << bad;
  }
}

// Rows of logits then begin at any multiple of 4 bytes.
TEST_F(CudaEngineTest, AVocabularyThatFourDoesNotDivide) {
  const TinyShape shape{.head_dim = 16, .vocab = 43};
  const Folder folder;
  TinyCheckpoint(shape).write(folder);
  RolloutCall calls[2];
  for (int32_t i = 0; i < 2; i++) {
    OpenOptions options;
    options.device = i == 0 ? "cpu" : "cuda:0";
    const ModelHandle model = open_model(folder.path(), options);
    const MemoryHandle memories[] = {new_memory(model), new_memory(model), new_memory(model)};
    calls[i].latent_steps = 1, calls[i].max_new_tokens = 6, calls[i].temperature = 1;
    for (int32_t row = 0; row < 3; row++) calls[i].add(memories[row], {row, 42, 7});
    calls[i].run(model, shape.d_model, shape.vocab);
  }
  expect_close(calls[1].logits, calls[0].logits, 1e-4);
  EXPECT_EQ(calls[1].tokens, calls[0].tokens);
}

// Each thread has its own queue; what kernels are allowed to ask for, and the pages, they share.
TEST_F(CudaEngineTest, ThreadsDoNotDisturbEachOther) {
  const ModelHandle model = open("cuda:0");
  const auto run = [&](int32_t seed) {
    const MemoryHandle memory = new_memory(model);
    RolloutCall call;
    call.latent_steps = 3;
    call.max_new_tokens = 5;
    call.add(memory, prompt(7 + 40 * seed, seed)).run(model, kDModel, kVocab);
    return std::pair(call.tokens, read(memory));
  };
  std::vector<std::pair<std::vector<std::vector<int32_t>>, std::vector<float>>> alone, together(4);
  for (int32_t i = 0; i < 4; i++) alone.push_back(run(i));
  std::vector<std::thread> threads;
  for (int32_t i = 0; i < 4; i++) threads.emplace_back([&, i] { together[i] = run(i); });
  for (std::thread& thread : threads) thread.join();
  for (int32_t i = 0; i < 4; i++) EXPECT_EQ(together[i], alone[i]) << i;
}

TEST_F(CudaEngineTest, CancelEndsALongRollout) {
  const ModelHandle model = open("cuda:0");
  const MemoryHandle memory = new_memory(model);
  think(model, memory, prompt(5), 0);
  RolloutCall call;
  call.latent_steps = 900;
  call.add(memory, {});
  std::thread canceller([&] {
    while (std::atomic_ref<int32_t>(call.control.step).load() < 2) std::this_thread::yield();
    std::atomic_ref<int32_t>(call.control.cancel).store(1);
  });
  EXPECT_EQ(code_of([&] { call.run(model, kDModel, kVocab); }), "CANCELLED");
  canceller.join();
  EXPECT_LT(call.control.step, 900);
  EXPECT_EQ(l4j_memory_length(memory.get()), 5);
  think(model, memory, prompt(3), 2);
  EXPECT_EQ(l4j_memory_length(memory.get()), 10);
}

TEST_F(CudaEngineTest, RefusesByName) {
  std::string text;
  EXPECT_EQ(code_of([&] { open("cuda:99"); }, &text), "NO_DEVICE");
  EXPECT_NE(text.find("cuda:99"), std::string::npos) << text;
  cudaDeviceProp last;
  L4J_CUDA_CHECK(cudaGetDeviceProperties(&last, cuda_devices() - 1));
  const std::string present = "cuda:" + std::to_string(cuda_devices() - 1) + " (" + last.name + ");";
  EXPECT_NE(text.find("present: cpu, cuda:0 ("), std::string::npos) << text;
  EXPECT_NE(text.find(present), std::string::npos) << text << ", expected " << present;
  EXPECT_EQ(code_of([&] { open("gpu"); }, &text), "NO_DEVICE");
  EXPECT_NE(text.find(present), std::string::npos) << text << ", expected " << present;
  OpenOptions large;
  large.device = "cuda:0";
  large.memory_positions = int64_t{1} << 29;
  EXPECT_EQ(code_of([&] { open_model(golden_path("tiny-qwen3"), large); }, &text), "OUT_OF_MEMORY");
  EXPECT_NE(text.find("free"), std::string::npos) << text;
  open("cuda:0");  // and all is as before
}

__global__ void write_nowhere(int* address) { *address = 1; }

class LostDeviceTest : public CudaEngineTest {
 protected:
  // Loses cuda:0 and ends the process: with 0 if every later use of it is DEVICE_LOST and the CPU and another GPU go on.
  [[noreturn]] static void lose() {
    const ModelHandle model = open("cuda:0"), on_cpu = open("cpu");
    const MemoryHandle memory = new_memory(model), host_memory = new_memory(on_cpu);
    const ModelHandle other = cuda_devices() > 1 ? open("cuda:1") : ModelHandle();
    const MemoryHandle other_memory = other ? new_memory(other) : MemoryHandle();
    think(model, memory, prompt(5), 1);
    cudaSetDevice(0);
    write_nowhere<<<1, 1>>>(reinterpret_cast<int*>(16));
    cudaDeviceSynchronize();
    std::string text;
    const std::string code = code_of([&] { think(model, memory, prompt(5), 1); }, &text);
    const std::string again = code_of([&] { think(model, memory, prompt(5), 1); });
    const std::string reopened = code_of([&] { open("cuda:0"); });
    think(on_cpu, host_memory, prompt(5), 1);
    std::string beside;
    if (other) code_of([&] { think(other, other_memory, prompt(5), 1); }, &beside);
    std::fprintf(stderr, "%s, then %s, opened again %s: %s; on cuda:1: %s\n", code.c_str(), again.c_str(), reopened.c_str(), text.c_str(),
                 beside.empty() ? "fine" : beside.c_str());
    std::exit(code == "DEVICE_LOST" && again == "DEVICE_LOST" && reopened == "DEVICE_LOST" && beside.empty() ? 0 : 1);
  }
};

// In a process of its own: what the device answers afterwards is an error for good.
TEST_F(LostDeviceTest, IsAnErrorNotACrash) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(lose(), testing::ExitedWithCode(0), "DEVICE_LOST");
}

}  // namespace
}  // namespace latent4j::test
