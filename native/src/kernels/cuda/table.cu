// table.cu: the CUDA ops as a table of functions. Each makes the queue's device the thread's current one first: a kernel can only be
// launched into a stream of the current device, and its attributes are set there, while one thread may use several devices in turn.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/stream.h"

namespace latent4j::cuda {

namespace {

template <auto kOp>
struct OnDevice;
template <typename Args, void (*kOp)(Queue&, const Args&)>
struct OnDevice<kOp> {
  static void run(Queue& queue, const Args& args) {
    use_device(queue.stream->device);
    kOp(queue, args);
  }
};

}  // namespace

const Ops& ops() {
  static constexpr Ops table = {.name = "cuda",
                                .embed = OnDevice<embed>::run,
                                .rms_norm = OnDevice<rms_norm>::run,
                                .matmul = OnDevice<matmul>::run,
                                .kv_append = OnDevice<kv_append>::run,
                                .attention = OnDevice<attention>::run,
                                .silu_mul = OnDevice<silu_mul>::run,
                                .align = OnDevice<align>::run,
                                .sample = OnDevice<sample>::run,
                                .likeliest = OnDevice<likeliest>::run,
                                .mix = OnDevice<mix>::run,
                                .nearest = OnDevice<nearest>::run,
                                .compare = OnDevice<compare>::run,
                                .kv_copy = OnDevice<kv_copy>::run,
                                .kv_rotate = OnDevice<kv_rotate>::run,
                                .rope_angles = OnDevice<rope_angles>::run,
                                .copy_rows = OnDevice<copy_rows>::run,
                                .check_finite = OnDevice<check_finite>::run,
                                .advance = OnDevice<advance>::run,
                                .penalize = OnDevice<penalize>::run,
                                .remember = OnDevice<remember>::run,
                                .decode_row = nullptr};
  return table;
}

}  // namespace latent4j::cuda
