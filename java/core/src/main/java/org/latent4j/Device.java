package org.latent4j;

import java.util.List;

/**
 * What this machine computes on.
 *
 * @param cpu its name
 * @param level the best instruction set it has, which models use unless told otherwise
 * @param levels every instruction set it has, for {@link org.latent4j.model.ModelOptions#cpuLevel()}
 * @param cores physical cores this process may use
 * @param ramBytes memory of the machine
 */
public record Device(String cpu, String level, List<String> levels, int cores, long ramBytes) {
    /** Takes a copy of {@code levels}. */
    public Device {
        levels = List.copyOf(levels);
    }

    /** This machine's. */
    public static Device current() {
        throw new LatentException(ErrorCode.INTERNAL, "the native library is not built yet");
    }
}
