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
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/** One CUDA device by CUDA's own libraries: memory, copies, cuBLAS's products. What it allocated is freed when it is closed. */
final class CudaBaseline implements AutoCloseable {
    private static final int RANDOM_NUMBERS = 4 << 20;

    private final int device;
    private final cublasContext handle = new cublasContext();
    private final FloatPointer one = new FloatPointer(1f);
    private final FloatPointer zero = new FloatPointer(0f);
    private final List<Pointer> allocated = new ArrayList<>();

    CudaBaseline(int device) {
        this.device = device;
        cuda(cudart.cudaSetDevice(device), "cudaSetDevice");
        cublas(cublas.cublasCreate_v2(handle), "cublasCreate");
    }

    /** Why CUDA's libraries cannot be used here, if they cannot. */
    static Optional<String> problem() {
        try {
            Loader.load(cudart.class);
            Loader.load(cublas.class);
        } catch (LinkageError e) {
            return Optional.of("CUDA 13's libcudart and libcublas are not found (is their folder in LD_LIBRARY_PATH?): " + e.getMessage());
        }
        int[] n = {0};
        int error = cudart.cudaGetDeviceCount(n);
        return error == cudart.cudaSuccess && n[0] > 0 ? Optional.empty() : Optional.of(text(error));
    }

    /** How many CUDA devices there are; {@link #problem} is empty. */
    static int devices() {
        int[] n = {0};
        cuda(cudart.cudaGetDeviceCount(n), "cudaGetDeviceCount");
        return n[0];
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

    /** Uninitialized memory of this device. */
    Pointer allocate(long bytes) {
        cuda(cudart.cudaSetDevice(device), "cudaSetDevice");
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
        }
        return memory;
    }

    void write(Pointer to, Pointer host, long bytes) {
        cuda(cudart.cudaMemcpy(to, host, bytes, cudart.cudaMemcpyHostToDevice), "cudaMemcpy to the device");
    }

    void read(Pointer host, Pointer from, long bytes) {
        cuda(cudart.cudaMemcpy(host, from, bytes, cudart.cudaMemcpyDeviceToHost), "cudaMemcpy from the device");
    }

    /** Starts a copy within this device. */
    void copy(Pointer to, Pointer from, long bytes) {
        cuda(cudart.cudaMemcpyAsync(to, from, bytes, cudart.cudaMemcpyDeviceToDevice), "cudaMemcpyAsync");
    }

    /** Starts a copy from this device to another. */
    void copyToPeer(Pointer to, CudaBaseline other, Pointer from, long bytes) {
        cuda(cudart.cudaMemcpyPeerAsync(to, other.device, from, device, bytes), "cudaMemcpyPeerAsync");
    }

    /** Lets copies to another device go straight there, where the machine can do that. */
    void reach(CudaBaseline other) {
        int[] can = {0};
        cuda(cudart.cudaDeviceCanAccessPeer(can, device, other.device), "cudaDeviceCanAccessPeer");
        if (can[0] != 0) {
            cuda(cudart.cudaSetDevice(device), "cudaSetDevice");
            cuda(cudart.cudaDeviceEnablePeerAccess(other.device, 0), "cudaDeviceEnablePeerAccess");
        }
    }

    /** Starts y = x W^T: W {@code [m, k]} and x {@code [n, k]} in bf16, y {@code [n, m]} in f32, row-major. */
    void matmul(Pointer w, Pointer x, Pointer y, int m, int n, int k) {
        // Row-major is column-major transposed: cuBLAS sees W as [k, m], x as [k, n], and makes y as [m, n].
        cublas(cublas.cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, m, n, k, one, w, CUDA_R_16BF, k, x, CUDA_R_16BF, k, zero, y,
                CUDA_R_32F, m, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT), "cublasGemmEx");
    }

    /** Starts y = x W: W {@code [d, d]}, x and y {@code [n, d]}, f32, row-major. */
    void align(Pointer w, Pointer x, Pointer y, int n, int d) {
        cublas(cublas.cublasSgemm_v2(handle, CUBLAS_OP_N, CUBLAS_OP_N, d, n, d, one, new FloatPointer(w), d, new FloatPointer(x), d, zero,
                new FloatPointer(y), d), "cublasSgemm");
    }

    /** Waits for all that was started. */
    void finish() {
        cuda(cudart.cudaSetDevice(device), "cudaSetDevice");
        cuda(cudart.cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    }

    @Override
    public void close() {
        finish();
        allocated.forEach(memory -> cuda(cudart.cudaFree(memory), "cudaFree"));
        allocated.clear();
        cublas(cublas.cublasDestroy_v2(handle), "cublasDestroy");
    }
}
