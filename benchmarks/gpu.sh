#!/bin/bash
# Verifies and measures latent4j on this machine's GPU, without further hands: builds with CUDA, runs every test on cuda:0,
# compute-sanitizer, the benchmarks of single ops and JMH, and writes benchmarks/results/<gpu>.csv. Stages go on after a failure; the last line counts them.
# Where there is no GPU it says so at once and ends with 1.
# Variables: NVCC (a CUDA compiler), ARCHITECTURES (as CMake takes them; the GPU's own), CUDA_RUNTIME (Static or Shared), SANITIZERS
# ("memcheck racecheck initcheck synccheck"; empty: none), QUICK=1 (small shapes, no JMH: to see that it runs).
set -uo pipefail
cd "$(dirname "$0")/.."
work=$PWD/target/gpu
passed=0 failed=0 skipped=0

say() { printf '\n=== %s  (%dm%02ds)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }
stop() { echo "gpu.sh: $*" >&2; exit 1; }

# stage NAME COMMAND...
stage() {
  local name=$1; shift
  say "$name"
  if "$@" </dev/null; then passed=$((passed + 1)); else echo "FAILED: $name"; failed=$((failed + 1)); fi
}
skip() { echo "SKIPPED: $*"; skipped=$((skipped + 1)); }

find_nvcc() {
  local each
  for each in "${NVCC:-}" "$(command -v nvcc)" /usr/local/cuda/bin/nvcc /usr/local/cuda-*/bin/nvcc; do
    [ -n "$each" ] && [ -x "$each" ] && { readlink -f "$each"; return; }
  done
  return 1
}

install_missing() {
  local missing=() package sudo
  command -v apt-get >/dev/null || return 0
  for package in default-jdk-headless maven cmake ninja-build g++ libgtest-dev nlohmann-json3-dev libeigen3-dev; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "installing ${missing[*]}"
  sudo=$(command -v sudo || true)
  $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >"$work/apt.log" 2>&1 ||
    { cat "$work/apt.log"; return 1; }
}

build() {
  cmake -S native -B "$work/native" -G Ninja -DL4J_CUDA=ON -DCMAKE_CUDA_COMPILER="$nvcc" -DL4J_CUDA_ARCHITECTURES="$architectures" \
    -DCMAKE_CUDA_RUNTIME_LIBRARY="$runtime" -DCMAKE_SKIP_BUILD_RPATH=ON -DL4J_BENCHMARKS=ON >"$work/cmake.log" &&
    ninja -C "$work/native" latent4j_tests latent4j_cuda_tests cuda_bench >"$work/ninja.log" ||
    { tail -50 "$work/cmake.log" "$work/ninja.log"; return 1; }
}

op_tests() { L4J_REQUIRE_CUDA=1 "$work/native/latent4j_cuda_tests" --gtest_brief=1; }
# The engine's own tests, with every model on the GPU.
engine_tests() { L4J_TEST_DEVICE=cuda:0 "$work/native/latent4j_tests" --gtest_brief=1 --gtest_filter='*olden*:*ollout*:*emory*:*ransfer*'; }

maven() {
  mvn -B -ntp -Dbuild.folder=target/gpu -Dcuda=ON -Dcuda.compiler="$nvcc" -Dcuda.architectures="$architectures" -Dcuda.runtime="$runtime" \
    -DskipNativeTests=true "$@" | grep -vE '^\[INFO\] *($|---|Download)'
}
java_tests() {
  maven -Dlatent4j.test.device=cuda:0 -pl java/core,java/smollm2,java/cli -Dsurefire.failIfNoSpecifiedTests=false \
    -Dtest='GoldenTest,TeamGoldenTest,RolloutTest,MemoryTest,LatentModelTest,MachineTest,TeamTest,CommandsTest' verify
}

sanitized() {
  L4J_REQUIRE_CUDA=1 "$sanitizer" --tool "$1" --error-exitcode 1 --print-limit 20 "$work/native/latent4j_cuda_tests" --gtest_brief=1
}

# Ops one by one, then Java; both write lines of the same columns.
measure_ops() { "$work/native/cuda_bench" ${QUICK:+small} >"$work/results.csv" && cat "$work/results.csv"; }
measure_java() {
  maven -Pbenchmarks -pl benchmarks -am -DskipTests package &&
    java -cp benchmarks/target/gpu/benchmarks.jar org.latent4j.benchmarks.GpuBenchmarks "$work/results.csv"
}

command -v nvidia-smi >/dev/null || stop "no GPU here: there is no nvidia-smi, so no NVIDIA driver"
gpu=$(nvidia-smi --id=0 --query-gpu=name --format=csv,noheader) || stop "no GPU here: nvidia-smi says: $gpu"
capability=$(nvidia-smi --id=0 --query-gpu=compute_cap --format=csv,noheader | tr -d .)
[ "${capability:-0}" -ge 80 ] || stop "$gpu has compute capability ${capability:-unknown}, the kernels need 80 (Ampere) or later"
nvcc=$(find_nvcc) || stop "no nvcc: install CUDA 12.8 or later, or name it: NVCC=/path/to/nvcc benchmarks/gpu.sh"
architectures=${ARCHITECTURES:-$capability-real} runtime=${CUDA_RUNTIME:-Static}
toolkit=$(dirname "$(dirname "$nvcc")")
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$toolkit/lib64
mkdir -p "$work"
results=benchmarks/results/$(echo "$gpu" | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' - | sed 's/^-//; s/-$//').csv

echo "$gpu, driver $(nvidia-smi --id=0 --query-gpu=driver_version --format=csv,noheader), $("$nvcc" --version | grep release)"
install_missing || stop "packages that the build needs are missing"
say "building for $architectures"
build || stop "the build failed"
stage "every CUDA op against the CPU" op_tests
stage "the engine's native tests on cuda:0" engine_tests
stage "golden numbers, teams and the command line from Java on cuda:0" java_tests
sanitizer=$(command -v compute-sanitizer || echo "$toolkit/bin/compute-sanitizer")
if [ -x "$sanitizer" ]; then
  for tool in ${SANITIZERS-memcheck racecheck initcheck synccheck}; do stage "compute-sanitizer $tool" sanitized "$tool"; done
else
  skip "compute-sanitizer: not in $toolkit/bin"
fi
stage "ops, beside a streaming copy and cuBLAS" measure_ops
if [ -z "${QUICK:-}" ]; then
  stage "rollouts, alignment and transfers from Java, beside CUDA's own libraries" measure_java
  mkdir -p benchmarks/results
  cp "$work/results.csv" "$results" && echo "written to $results"
fi

say "done"
echo "$passed stages passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
