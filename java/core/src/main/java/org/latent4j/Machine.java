package org.latent4j;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.latent4j.internal.Bridge;

/**
 * What this machine computes on.
 *
 * @param cpu its name
 * @param level the best instruction set it has, which models use unless told otherwise
 * @param levels every instruction set it has, the best last, for {@link org.latent4j.model.ModelOptions#cpuLevel()}
 * @param cores physical cores this process may use, by its CPU affinity and its control groups
 * @param ramBytes memory that this process may use: the machine's, or less in a container whose control groups allow
 *     less
 * @param gpus its CUDA devices, those that cannot be used too
 * @param noCuda why there is no CUDA device: not built in, no driver, a driver too old, none in the machine
 */
public record Machine(String cpu, String level, List<String> levels, int cores, long ramBytes, List<Gpu> gpus,
        Optional<String> noCuda) {
    /** Takes copies of the lists. */
    public Machine {
        levels = List.copyOf(levels);
        gpus = List.copyOf(gpus);
    }

    /**
     * A CUDA device.
     *
     * @param device its name for {@link LatentModel#open(String, Device)}
     * @param name the product's name
     * @param computeCapability such as {@code 9.0}
     * @param memoryBytes all of its memory
     * @param freeBytes what no process uses now
     * @param multiprocessors how many
     * @param problem why models cannot use it
     */
    public record Gpu(Device device, String name, String computeCapability, long memoryBytes, long freeBytes,
            int multiprocessors, Optional<String> problem) {
        /** Whether models can use it. */
        public boolean usable() {
            return problem.isEmpty();
        }
    }

    /**
     * This machine as it is now.
     *
     * @throws LatentException {@code UNSUPPORTED} if there is no native library for it
     */
    public static Machine current() {
        return described(Bridge.deviceInfo());
    }

    /** From what {@code l4j_device_info} says. */
    static Machine described(JsonNode json) {
        List<String> levels = new ArrayList<>();
        json.path("levels").forEach(level -> levels.add(level.asText()));
        List<Gpu> gpus = new ArrayList<>();
        for (JsonNode device : json.path("devices")) {
            Device id = Device.of(device.path("id").asText());
            if (id.isCuda()) {
                gpus.add(new Gpu(id, device.path("name").asText(), device.path("compute_capability").asText(),
                        device.path("memory_bytes").asLong(), device.path("free_bytes").asLong(),
                        device.path("multiprocessors").asInt(),
                        device.path("usable").asBoolean() ? Optional.empty() : why(device, "it cannot be used")));
            }
        }
        return new Machine(json.path("cpu").asText(), json.path("level").asText(), levels, json.path("cores").asInt(),
                json.path("ram_bytes").asLong(), gpus,
                gpus.isEmpty() ? why(json.path("cuda"), "no CUDA device") : Optional.empty());
    }

    private static Optional<String> why(JsonNode json, String otherwise) {
        String why = json.path("why").asText("");
        return Optional.of(why.isEmpty() ? otherwise : why);
    }

    /** Of the CUDA devices that models can use the one with the most memory, else the CPU. */
    public Device best() {
        return gpus.stream().filter(Gpu::usable).max(Comparator.comparingLong(Gpu::memoryBytes)).map(Gpu::device)
                .orElse(Device.cpu());
    }

    /** Every device that models can use: the CPU first, then the CUDA devices. */
    public List<Device> devices() {
        return Stream.concat(Stream.of(Device.cpu()), gpus.stream().filter(Gpu::usable).map(Gpu::device)).toList();
    }
}
