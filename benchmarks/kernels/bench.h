// bench.h: what op benchmarks share: medians, this machine's streaming read and fused multiply-add peak (measured in the same run, so that
// ratios mean something on a shared machine), and one CSV line per case.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels/cpu/dispatch.h"
#include "kernels/random_weights.h"

namespace latent4j::bench {

// Bytes that a rotation touches, so that weights come from memory and not from the last-level cache.
inline constexpr size_t kRotationBytes = size_t{256} << 20;

// With one thread, the pool's tasks run on this one, whose own CPU time leaves out what other processes take of a shared machine.
inline double seconds_now(bool one_thread) {
  timespec now;
  clock_gettime(one_thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Seconds of one call: the median over rounds of `calls` calls each; call(i) gets the running number of the call.
template <typename Call>
double median_seconds(const ThreadPool& threads, int calls, const Call& call, int rounds = 7) {
  const bool one_thread = threads.size() == 1;
  std::vector<double> seconds;
  int number = 0;
  for (int round = 0; round < rounds + 1; ++round) {
    const double begin = seconds_now(one_thread);
    for (int i = 0; i < calls; ++i) call(number++);
    const double taken = seconds_now(one_thread) - begin;
    if (round > 0) seconds.push_back(taken / calls);  // the first warms up
  }
  std::nth_element(seconds.begin(), seconds.begin() + seconds.size() / 2, seconds.end());
  return seconds[seconds.size() / 2];
}

typedef uint64_t Lanes __attribute__((vector_size(16)));

inline uint64_t sum_bytes(const std::byte* p, size_t bytes) {
  Lanes sums[8] = {};
  for (size_t at = 0; at + sizeof(sums) <= bytes; at += sizeof(sums)) {
    const auto* lanes = reinterpret_cast<const Lanes*>(p + at);
    for (int i = 0; i < 8; ++i) sums[i] += lanes[i];
  }
  for (int i = 1; i < 8; ++i) sums[0] += sums[i];
  return sums[0][0] + sums[0][1];
}

// GB/s of reading a rotation's bytes with all threads of the pool.
inline double read_bandwidth(ThreadPool& threads) {
  std::vector<Lanes> buffer(kRotationBytes / sizeof(Lanes), Lanes{1, 2});
  const auto* bytes = reinterpret_cast<const std::byte*>(buffer.data());
  constexpr int kTasks = 64;
  volatile uint64_t keep = 0;
  const double seconds = median_seconds(threads, 1, [&](int) {
    threads.run(kTasks, [&](int task, int) { keep = sum_bytes(bytes + kRotationBytes / kTasks * task, kRotationBytes / kTasks); });
  });
  return kRotationBytes / seconds / 1e9;
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) inline float fma_chain_avx512(int steps) {
  __m512 sums[12];
  for (__m512& sum : sums) sum = _mm512_set1_ps(0.5f);
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (int i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, a, b);
  }
  float total = 0;
  for (const __m512& sum : sums) total += _mm512_cvtss_f32(sum);
  return total;
}
__attribute__((target("avx2,fma"))) inline float fma_chain_avx2(int steps) {
  __m256 sums[12];
  for (__m256& sum : sums) sum = _mm256_set1_ps(0.5f);
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (int i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, a, b);
  }
  float total = 0;
  for (const __m256& sum : sums) total += _mm256_cvtss_f32(sum);
  return total;
}
#endif

// GFLOP/s of fused multiply-adds in registers, all threads of the pool together, with the widest vectors of the level; 0: not known.
inline double fma_peak(ThreadPool& threads, const std::string& level) {
#if defined(__x86_64__)
  if (level == "plain") return 0;
  const bool wide = level != "avx2";
  constexpr int kSteps = 1 << 20;
  volatile float keep = 0;
  const double seconds = median_seconds(threads, 1, [&](int) {
    threads.run(threads.size(), [&](int, int) { keep = wide ? fma_chain_avx512(kSteps) : fma_chain_avx2(kSteps); });
  });
  return 2.0 * 12 * (wide ? 16 : 8) * kSteps * threads.size() / seconds / 1e9;
#else
  return 0;
#endif
}

struct Machine {
  std::string level;
  ThreadPool threads;
  const Ops& ops;
  double read, peak;  // GB/s, GFLOP/s

  Machine(const std::string& level_name, int n_threads)
      : level(level_name), threads(n_threads), ops(cpu::ops(level)), read(read_bandwidth(threads)), peak(fma_peak(threads, level)) {
    std::printf("# level %s, %d threads, streaming read %.1f GB/s, fma peak %.0f GFLOP/s\n", level.c_str(), threads.size(), read, peak);
    std::printf("op,dtype,m,k,n,error,us,gb_per_s,of_read,gflop_per_s,of_peak\n");
  }
};

struct Case {
  const char* op;
  const char* dtype;
  int32_t m, k, n;
  double error;    // largest, relative to the sum of absolute values
  double seconds;  // per call
  double bytes, flops;
};

inline void print(const Machine& machine, const Case& c) {
  const double bandwidth = c.bytes / c.seconds / 1e9, rate = c.flops / c.seconds / 1e9;
  std::printf("%s,%s,%d,%d,%d,%.1e,%.1f,%.2f,%.2f,%.1f,%.2f\n", c.op, c.dtype, c.m, c.k, c.n, c.error, c.seconds * 1e6, bandwidth,
              bandwidth / machine.read, rate, machine.peak > 0 ? rate / machine.peak : 0.0);
  std::fflush(stdout);
}

// Runs a benchmark's body with the machine that the arguments ask for, and turns errors into a line.
template <typename Body>
int run(int argc, char** argv, const Body& body) {
  try {
    const std::string level = argc > 1 ? argv[1] : cpu::levels().back();
    Machine machine(level, argc > 2 ? std::atoi(argv[2]) : 2);
    body(machine);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace latent4j::bench
