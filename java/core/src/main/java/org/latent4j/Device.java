package org.latent4j;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.latent4j.internal.Bridge;

/**
 * What this machine computes on.
 *
 * @param cpu its name
 * @param level the best instruction set it has, which models use unless told otherwise
 * @param levels every instruction set it has, the best last, for {@link org.latent4j.model.ModelOptions#cpuLevel()}
 * @param cores physical cores this process may use
 * @param ramBytes memory of the machine
 */
public record Device(String cpu, String level, List<String> levels, int cores, long ramBytes) {
    /** Takes a copy of {@code levels}. */
    public Device {
        levels = List.copyOf(levels);
    }

    /**
     * This machine's.
     *
     * @throws LatentException {@code UNSUPPORTED} if there is no native library for it
     */
    public static Device current() {
        JsonNode json = Bridge.deviceInfo();
        List<String> levels = new ArrayList<>();
        json.path("levels").forEach(level -> levels.add(level.asText()));
        return new Device(json.path("cpu").asText(), json.path("level").asText(), levels, json.path("cores").asInt(),
                json.path("ram_bytes").asLong());
    }
}
