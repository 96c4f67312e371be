// Kernels are started early exactly where their code waits for those before them; a launch that is refused says which it was.
#include "kernels/cuda/launch.cuh"

#include <string>

#include "base/error.h"
#include "kernels/cuda/cuda_test.h"

namespace latent4j {
namespace {

using CudaLaunchTest = test::CudaTest;

__global__ void tell_whether_code_waits(int* waits) {
#if __CUDA_ARCH__ >= 900
  *waits = 1;
#else
  *waits = 0;
#endif
}

TEST_F(CudaLaunchTest, KernelsOverlapWhereTheirCodeWaits) {
  test::DeviceArray<int> waits(std::vector<int>{-1});
  cuda::launch_kernel(stream_, "tell_whether_code_waits", tell_whether_code_waits, 1, 1, 0, waits.data());
  finish();
  EXPECT_EQ(waits.read(), std::vector<int>{stream_.overlaps});
}

TEST_F(CudaLaunchTest, ALaunchThatIsRefusedIsNamedWithItsShape) {
  try {
    cuda::launch_kernel(stream_, "tell_whether_code_waits", tell_whether_code_waits, dim3(3, 2), 4096, 0, static_cast<int*>(nullptr));
    FAIL() << "4096 threads were started";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("tell_whether_code_waits, grid 3 x 2 x 1, 4096 threads"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace latent4j
