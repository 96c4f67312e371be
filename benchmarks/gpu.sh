#!/bin/bash
# Verifies and measures latent4j on this machine's GPU, without further hands: builds with CUDA, runs every test on cuda:0,
# compute-sanitizer, the benchmarks of single ops and JMH, and writes benchmarks/results/<gpu>.csv. Stages go on after a failure, and go
# without Java where there is none; the last line counts them. Where there is no GPU it says so at once and ends with 1.
# Arguments: the parts to run after the build (tests java sanitizers ops rollouts none); without: all. Parts add to each other's results.
# Variables: NVCC (a CUDA compiler), ARCHITECTURES (as CMake takes them; the GPU's own), CUDA_RUNTIME (Static or Shared), SANITIZERS
# ("memcheck racecheck initcheck synccheck"), GTEST_FILTER (of native tests), LIMIT (seconds that a stage's program may take; an hour),
# QUICK=1 (small shapes, everything once: to see that it runs; the results stay in target/gpu).
set -uo pipefail
cd "$(dirname "$0")/.."
work=$PWD/target/gpu
parts=" $* "
passed=0 failed=0 skipped=0

say() { printf '\n=== %s  (%dm%02ds)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }
stop() { echo "gpu.sh: $*" >&2; exit 1; }
wanted() { [[ $parts == "  " || $parts == *" $1 "* ]]; }

# stage NAME COMMAND...
stage() {
  local name=$1; shift
  say "$name"
  if "$@" </dev/null; then passed=$((passed + 1)); else echo "FAILED: $name"; failed=$((failed + 1)); fi
}
skip() { echo "SKIPPED: $*"; skipped=$((skipped + 1)); }
# A kernel that hangs ends with its stage.
limited() { timeout -k 30 "${LIMIT:-3600}" "$@" || { local status=$?; echo "$1 ended with $status" >&2; return $status; }; }

find_nvcc() {
  local each
  for each in "${NVCC:-}" "$(command -v nvcc)" /usr/local/cuda/bin/nvcc /usr/local/cuda-*/bin/nvcc; do
    [ -n "$each" ] && [ -x "$each" ] && { readlink -f "$each"; return; }
  done
  return 1
}

# Where CUDA's own libraries are: the toolkit's folders, those of pip's packages.
library_folders() {
  local folder site
  site=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))' 2>/dev/null)
  for folder in "$toolkit"/{lib64,lib,targets/*/lib} "$site"/nvidia/{cu13,cublas,cuda_runtime}/lib; do
    compgen -G "$folder/libcu*.so.*" >/dev/null && printf ':%s' "$folder"
  done
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
  # A machine without a network is to say so soon.
  { $sudo apt-get update -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20 -o APT::Update::Error-Mode=any &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"; } >"$work/apt.log" 2>&1
}

build() {
  cmake -S native -B "$work/native" -G Ninja -DL4J_CUDA=ON -DCMAKE_CUDA_COMPILER="$nvcc" -DL4J_CUDA_ARCHITECTURES="$architectures" \
    -DCMAKE_CUDA_RUNTIME_LIBRARY="$runtime" -DCMAKE_SKIP_BUILD_RPATH=ON -DL4J_BENCHMARKS=ON >"$work/cmake.log" 2>&1 ||
    { tail -50 "$work/cmake.log"; return 1; }
  ninja -C "$work/native" latent4j_tests latent4j_cuda_tests cuda_bench >"$work/ninja.log" || { tail -50 "$work/ninja.log"; return 1; }
}

# native_tests COMMAND...: fails too where no test ran.
native_tests() {
  limited "$@" --gtest_brief=1 2>&1 | tee "$work/tests.log"
  [ "${PIPESTATUS[0]}" -eq 0 ] && { grep -qE '^\[  PASSED  \] [1-9]' "$work/tests.log" || { echo "no test ran"; return 1; }; }
}
op_tests() { L4J_REQUIRE_CUDA=1 native_tests "$work/native/latent4j_cuda_tests"; }
# The engine's own tests, with every model on the GPU. Resident memory is the host's matter.
engine_tests() {
  local tests='*Golden*:*Reference*:*Rollout*:*Limits*:*Memory*:*Transfer*:Shapes.WholeModels*:Shapes.PageSizes-ResidentMemory.*'
  L4J_TEST_DEVICE=cuda:0 native_tests "$work/native/latent4j_tests" --gtest_filter="${GTEST_FILTER:-$tests}"
}
# Not those whose other process fails on purpose, or takes what a checker does not follow. API errors are the tests' own business: some
# ask for what there is not.
sanitized() {
  L4J_REQUIRE_CUDA=1 native_tests "$sanitizer" --tool "$1" --report-api-errors no --error-exitcode 1 --print-limit 20 \
    "$work/native/latent4j_cuda_tests" --gtest_filter="${GTEST_FILTER:--LostDeviceTest.*:CudaTicketTest.ToAnotherProcess}"
}

# The library comes from the tree of the native tests, so that all is compiled once.
maven() {
  limited mvn -B -ntp -Dbuild.folder=target/gpu -Dnative.build="$work/native" -Dbuild.tests=ON -DskipNativeTests=true -Dcuda=ON \
    -Dcuda.compiler="$nvcc" -Dcuda.architectures="$architectures" -Dcuda.runtime="$runtime" "$@" | grep -vE '^\[INFO\] *($|---|Download)'
  return "${PIPESTATUS[0]}"
}
java_tests() {
  local tests=${JAVA_TESTS:-GoldenTest,TeamGoldenTest,RolloutTest,MemoryTest,LatentModelTest,MachineTest,TeamTest,CommandsTest} test
  rm -rf java/*/target/gpu/surefire-reports
  maven -Dlatent4j.test.device=cuda:0 -pl java/jinja,java/core,java/smollm2,java/cli -Dsurefire.failIfNoSpecifiedTests=false -Dtest="$tests" verify ||
    return
  for test in ${tests//,/ }; do
    compgen -G "java/*/target/gpu/surefire-reports/TEST-*.${test%%#*}.xml" >/dev/null || { echo "$test did not run"; return 1; }
  done
}

# Ops one by one, then Java; both write lines of the same columns.
measure_ops() {
  limited "$work/native/benchmarks/cuda_bench" ${QUICK:+small} >"$work/ops.csv"
  local status=$?
  cat "$work/ops.csv"
  return $status
}
measure_rollouts() {
  rm -f "$work/rollouts.csv"
  [ -z "$has_maven" ] || maven -Pbenchmarks -pl benchmarks -am -DskipTests package || return
  # CUDA's libraries from LD_LIBRARY_PATH before any other place.
  limited java -Dorg.bytedeco.javacpp.pathsfirst=true -cp "$jar" org.latent4j.benchmarks.GpuBenchmarks "$work/rollouts.csv" ${QUICK:+small}
}
# One file of both, each line with what it was measured on.
write_results() {
  local folder=benchmarks/results files=("$work/ops.csv")
  [ -n "${QUICK:-}" ] && folder=$work/results
  [ -f "$work/rollouts.csv" ] && files+=("$work/rollouts.csv")
  mkdir -p "$folder"
  awk -v machine="$gpu,$driver,$release" '{ print $0 "," (NR == 1 ? "gpu,driver,cuda" : machine) }' "${files[@]}" >"$folder/$file.csv" &&
    [ "$(wc -l <"$folder/$file.csv")" -gt 1 ] && echo "$(wc -l <"$folder/$file.csv") lines in $folder/$file.csv"
}

known="tests java sanitizers ops rollouts none"
for part in "$@"; do
  [[ " $known " == *" $part "* ]] || stop "no part is called $part: $known"
done
command -v nvidia-smi >/dev/null || stop "no GPU here: there is no nvidia-smi, so no NVIDIA driver"
export CUDA_DEVICE_ORDER=PCI_BUS_ID  # as nvidia-smi counts
id=${CUDA_VISIBLE_DEVICES:-0}
id=${id%%,*}
gpu=$(nvidia-smi --id="$id" --query-gpu=name --format=csv,noheader) || stop "no GPU here: nvidia-smi says: $gpu"
capability=$(nvidia-smi --id="$id" --query-gpu=compute_cap --format=csv,noheader | tr -d .)
[ "${capability:-0}" -ge 80 ] || stop "$gpu has compute capability ${capability:-unknown}, the kernels need 80 (Ampere) or later"
driver=$(nvidia-smi --id="$id" --query-gpu=driver_version --format=csv,noheader)
nvcc=$(find_nvcc) || stop "no nvcc: install CUDA 12.8 or later, or name it: NVCC=/path/to/nvcc benchmarks/gpu.sh"
release=$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p')
architectures=${ARCHITECTURES:-$capability-real} runtime=${CUDA_RUNTIME:-Static}
toolkit=$(dirname "$(dirname "$nvcc")")
file=$(echo "$gpu" | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' - | sed 's/^-//; s/-$//')
libraries=${LD_LIBRARY_PATH:-}$(library_folders)
export LD_LIBRARY_PATH=${libraries#:}
mkdir -p "$work"
[ $# -eq 0 ] && rm -f "$work"/{ops,rollouts}.csv

echo "$gpu, driver $driver, CUDA $release in $toolkit"
install_missing || { tail -5 "$work/apt.log"; echo "not everything could be installed; going on with what there is"; }
say "building for $architectures"
build || stop "the build failed"
has_maven= jar=benchmarks/target/gpu/benchmarks.jar
command -v mvn >/dev/null && command -v javac >/dev/null && has_maven=yes
if wanted tests; then
  stage "every CUDA op against the CPU" op_tests
  stage "the engine's native tests on cuda:0" engine_tests
fi
if wanted java; then
  if [ -n "$has_maven" ]; then
    stage "golden numbers, teams and the command line from Java on cuda:0" java_tests
  else
    skip "tests from Java: there is no Maven, or no JDK"
  fi
fi
if wanted sanitizers; then
  sanitizer=$(command -v compute-sanitizer || ls "$toolkit"/{bin,compute-sanitizer}/compute-sanitizer 2>/dev/null | head -1)
  if [ -x "$sanitizer" ]; then
    for tool in ${SANITIZERS-memcheck racecheck initcheck synccheck}; do stage "compute-sanitizer $tool" sanitized "$tool"; done
  else
    skip "compute-sanitizer: neither in PATH nor in $toolkit"
  fi
fi
wanted ops && stage "ops, beside a streaming copy and cuBLAS" measure_ops
if wanted rollouts; then
  if [ -n "$has_maven" ] || { [ -f "$jar" ] && command -v java >/dev/null; }; then
    stage "rollouts, alignment and transfers from Java, beside CUDA's own libraries" measure_rollouts
  else
    skip "rollouts from Java: there is neither Maven and a JDK, nor java and a $jar of another machine"
  fi
fi
if wanted ops || wanted rollouts; then stage "results" write_results; fi

say "done"
echo "$passed stages passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
