package org.latent4j.benchmarks;

import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_GEMM_DEFAULT;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_N;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * One CUDA device by CUDA's own libraries: memory, copies, cuBLAS's products. All work goes to one stream and is done
 * when {@link #finish} returns. What was allocated is freed at the end.
 */
final class CudaBaseline implements AutoCloseable {
    private static final int RANDOM_NUMBERS = 4 << 20;
    /** What NVIDIA recommends for Hopper; its own default on earlier GPUs is less. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    private final int device;
    private final CUstream_st stream = new CUstream_st();
    private final cublasContext handle = new cublasContext();
    private final FloatPointer one = new FloatPointer(1f);
    private final FloatPointer zero = new FloatPointer(0f);
    private final List<Pointer> allocated = new ArrayList<>();
    private final List<CUgraphExec_st> recorded = new ArrayList<>();

    CudaBaseline(int device) {
        this.device = device;
        use();
        cuda(cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
        cublas(cublas.cublasCreate_v2(handle), "cublasCreate");
        cublas(cublas.cublasSetStream_v2(handle, stream), "cublasSetStream");
        cublas(cublas.cublasSetWorkspace_v2(handle, allocate(WORKSPACE_BYTES), WORKSPACE_BYTES), "cublasSetWorkspace");
    }

    /** Why CUDA's libraries cannot be used here, if they cannot. */
    static Optional<String> problem() {
        try {
            Loader.load(cudart.class);
            Loader.load(cublas.class);
        } catch (LinkageError e) {
            Throwable first = e;
            while (first.getCause() != null) {
                first = first.getCause();
            }
            return Optional.of("the driver's libcuda and CUDA 13's libcudart and libcublas cannot be loaded (are their "
                    + "folders in LD_LIBRARY_PATH?): " + first.getMessage());
        }
        int[] n = {0};
        int error = cudart.cudaGetDeviceCount(n);
        return error == cudart.cudaSuccess && n[0] > 0 ? Optional.empty() : Optional.of(text(error));
    }

    private static String text(int error) {
        return cudart.cudaGetErrorString(error).getString();
    }

    private static void cuda(int error, String call) {
        if (error != cudart.cudaSuccess) {
            throw new IllegalStateException(call + ": " + text(error));
        }
    }

    private static void cublas(int status, String call) {
        if (status != cublas.CUBLAS_STATUS_SUCCESS) {
            throw new IllegalStateException(call + ": " + cublas.cublasGetStatusString(status).getString());
        }
    }

    private void use() {
        cuda(cudart.cudaSetDevice(device), "cudaSetDevice");
    }

    /** Uninitialized memory of this device. */
    Pointer allocate(long bytes) {
        use();
        Pointer memory = new Pointer();
        cuda(cudart.cudaMalloc(memory, bytes), "cudaMalloc of " + bytes + " bytes");
        allocated.add(memory);
        return memory;
    }

    /** Random bf16 numbers: constant ones would let the device run cooler, and so faster, than real weights do. */
    Pointer random(long numbers) {
        Pointer memory = allocate(2 * numbers);
        short[] bf16 = new short[RANDOM_NUMBERS];
        float[] values = Fixture.numbers(RANDOM_NUMBERS);
        for (int i = 0; i < bf16.length; i++) {
            bf16[i] = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
        }
        try (ShortPointer host = new ShortPointer(bf16)) {
            for (long at = 0; at < numbers; at += RANDOM_NUMBERS) {
                write(new ShortPointer(memory).getPointer(at), host, 2 * Math.min(RANDOM_NUMBERS, numbers - at));
            }
            finish();
        }
        return memory;
    }

    /** Starts a copy from the host, whose memory stays as it is until all is finished. */
    void write(Pointer to, Pointer host, long bytes) {
        cuda(cudart.cudaMemcpyAsync(to, host, bytes, cudart.cudaMemcpyHostToDevice, stream),
                "cudaMemcpyAsync to the device");
    }

    /** Starts a copy to the host. */
    void read(Pointer host, Pointer from, long bytes) {
        cuda(cudart.cudaMemcpyAsync(host, from, bytes, cudart.cudaMemcpyDeviceToHost, stream),
                "cudaMemcpyAsync from the device");
    }

    /** Starts a copy within this device. */
    void copy(Pointer to, Pointer from, long bytes) {
        cuda(cudart.cudaMemcpyAsync(to, from, bytes, cudart.cudaMemcpyDeviceToDevice, stream), "cudaMemcpyAsync");
    }

    /** Starts a copy from this device to another. */
    void copyToPeer(Pointer to, CudaBaseline other, Pointer from, long bytes) {
        cuda(cudart.cudaMemcpyPeerAsync(to, other.device, from, device, bytes, stream), "cudaMemcpyPeerAsync");
    }

    /** Lets copies to another device go straight there, where the machine can do that. */
    void reach(CudaBaseline other) {
        int[] can = {0};
        cuda(cudart.cudaDeviceCanAccessPeer(can, device, other.device), "cudaDeviceCanAccessPeer");
        if (can[0] != 0) {
            use();
            cuda(cudart.cudaDeviceEnablePeerAccess(other.device, 0), "cudaDeviceEnablePeerAccess");
        }
    }

    /** Starts y = x W^T: W {@code [m, k]} and x {@code [n, k]} in bf16, y {@code [n, m]} in f32, row-major. */
    void matmul(Pointer w, Pointer x, Pointer y, int m, int n, int k) {
        // Row-major is column-major transposed: cuBLAS sees W as [k, m], x as [k, n], and makes y as [m, n].
        cublas(cublas.cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, m, n, k, one, w, CUDA_R_16BF, k, x, CUDA_R_16BF, k,
                zero, y, CUDA_R_32F, m, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT), "cublasGemmEx");
    }

    /** Starts y = x W: W {@code [d, d]}, x and y {@code [n, d]}, f32, row-major. */
    void align(Pointer w, Pointer x, Pointer y, int n, int d) {
        cublas(cublas.cublasSgemm_v2(handle, CUBLAS_OP_N, CUBLAS_OP_N, d, n, d, one, new FloatPointer(w), d,
                new FloatPointer(x), d, zero, new FloatPointer(y), d), "cublasSgemm");
    }

    /**
     * What {@code work} starts, to be started again in one call: enqueued one by one, small products take longer than
     * they run.
     */
    CUgraphExec_st record(Runnable work) {
        work.run(); // what a library does once is not recorded
        finish();
        cuda(cudart.cudaStreamBeginCapture(stream, cudart.cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
        work.run();
        CUgraph_st graph = new CUgraph_st();
        cuda(cudart.cudaStreamEndCapture(stream, graph), "cudaStreamEndCapture");
        CUgraphExec_st exec = new CUgraphExec_st();
        cuda(cudart.cudaGraphInstantiate(exec, graph, 0), "cudaGraphInstantiate");
        cuda(cudart.cudaGraphDestroy(graph), "cudaGraphDestroy");
        recorded.add(exec);
        return exec;
    }

    void start(CUgraphExec_st exec) {
        cuda(cudart.cudaGraphLaunch(exec, stream), "cudaGraphLaunch");
    }

    /** Waits for all that was started. */
    void finish() {
        cuda(cudart.cudaStreamSynchronize(stream), "cudaStreamSynchronize");
    }

    @Override
    public void close() {
        use();
        finish();
        recorded.forEach(exec -> cuda(cudart.cudaGraphExecDestroy(exec), "cudaGraphExecDestroy"));
        cublas(cublas.cublasDestroy_v2(handle), "cublasDestroy");
        allocated.forEach(memory -> cuda(cudart.cudaFree(memory), "cudaFree"));
        cuda(cudart.cudaStreamDestroy(stream), "cudaStreamDestroy");
    }
}
