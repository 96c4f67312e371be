package org.latent4j;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Where a model computes and keeps its memories: the CPU or a CUDA device. It is a choice, not a promise: {@link
 * LatentModel#open(String, Device)} says {@code NO_DEVICE} if it is not there. {@link Machine} describes what is.
 *
 * @param id {@code cpu}, or {@code cuda:} and the device's index
 */
public record Device(String id) {
    private static final String CPU = "cpu";
    private static final String CUDA = "cuda:";
    private static final Pattern ID = Pattern.compile("cpu|cuda:(0|[1-9]\\d{0,3})");

    /** @throws IllegalArgumentException if {@code id} is no device's name */
    public Device {
        Objects.requireNonNull(id, "id");
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("'" + id + "' is no device; expected cpu, cuda:0, cuda:1, ...");
        }
    }

    /** The CPU, all of its cores. */
    public static Device cpu() {
        return new Device(CPU);
    }

    /**
     * A CUDA device.
     *
     * @param index counted as CUDA counts them ({@code CUDA_VISIBLE_DEVICES} decides), from 0
     * @throws IllegalArgumentException if {@code index} is negative
     */
    public static Device cuda(int index) {
        return new Device(CUDA + index);
    }

    /**
     * The device of this name.
     *
     * @param name {@code cpu}, {@code cuda:0}, ... in any case; {@code cuda} is {@code cuda:0}
     * @throws IllegalArgumentException if it is no device's name
     */
    public static Device of(String name) {
        String id = Objects.requireNonNull(name, "name").strip().toLowerCase(Locale.ROOT);
        return new Device(id.equals("cuda") ? CUDA + 0 : id);
    }

    /**
     * What models use that name none: of the CUDA devices that can be used the one with the most memory, else the CPU.
     *
     * @throws LatentException {@code UNSUPPORTED} if there is no native library for this machine
     */
    public static Device best() {
        return Machine.current().best();
    }

    /**
     * Every device of this machine that models can use: the CPU first, then the CUDA devices.
     *
     * @throws LatentException {@code UNSUPPORTED} if there is no native library for this machine
     */
    public static List<Device> all() {
        return Machine.current().devices();
    }

    /** Whether it is a CUDA device. */
    public boolean isCuda() {
        return id.startsWith(CUDA);
    }

    /** Its name, as {@link #of} takes it. */
    @Override
    public String toString() {
        return id;
    }
}
