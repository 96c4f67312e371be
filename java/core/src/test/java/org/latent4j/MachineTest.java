package org.latent4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Devices by name, and what the machine is said to have. */
class MachineTest {
    private static final String CPU = "\"cpu\": \"Some CPU\", \"level\": \"avx2\", \"levels\": [\"plain\", \"avx2\"], "
            + "\"cores\": 2, \"ram_bytes\": 1000, ";

    private static Machine machine(String rest) throws JsonProcessingException {
        return Machine.described(new ObjectMapper().readTree("{" + CPU + rest + "}"));
    }

    @Test
    void devicesHaveOneName() {
        assertThat(Device.of(" CUDA:3 ")).isEqualTo(Device.cuda(3)).hasToString("cuda:3");
        assertThat(Device.of("cuda")).isEqualTo(Device.cuda(0));
        assertThat(Device.of("CPU")).isEqualTo(Device.cpu()).extracting(Device::isCuda).isEqualTo(false);
        assertThat(Device.cuda(0).isCuda()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "cuda:", "cuda:-1", "cuda:01", "cuda:x", "cpu:0", "cuda:99999"})
    void otherNamesAreRefused(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> Device.of(name)).withMessageContaining("cuda:0");
    }

    @Test
    void thisMachineHasACpu() {
        Machine machine = Machine.current();
        assertThat(machine.cpu()).isNotBlank();
        assertThat(machine.levels()).contains("plain").endsWith(machine.level());
        assertThat(machine.cores()).isPositive();
        assertThat(machine.ramBytes()).isGreaterThan(1L << 28);
        assertThat(machine.devices()).startsWith(Device.cpu());
        assertThat(machine.gpus().isEmpty()).as("why there is no GPU is said where there is none")
                .isEqualTo(machine.noCuda().isPresent());
        assertThat(Device.all()).isEqualTo(machine.devices());
    }

    @Test
    void gpusAreDescribedAndTheUsableOnesAreDevices() throws JsonProcessingException {
        Machine machine = machine("\"devices\": [{\"id\": \"cpu\", \"name\": \"Some CPU\"},"
                + "{\"id\": \"cuda:0\", \"name\": \"Old\", \"compute_capability\": \"6.1\", \"memory_bytes\": 8, "
                + "\"free_bytes\": 7, \"multiprocessors\": 6, \"usable\": false, \"why\": \"no code for sm_61\"},"
                + "{\"id\": \"cuda:1\", \"name\": \"New\", \"compute_capability\": \"9.0\", \"memory_bytes\": 80, "
                + "\"free_bytes\": 70, \"multiprocessors\": 132, \"usable\": true, \"why\": \"\"}], "
                + "\"cuda\": {\"why\": \"\"}");
        assertThat(machine.devices()).containsExactly(Device.cpu(), Device.cuda(1));
        assertThat(machine.best()).isEqualTo(Device.cuda(1));
        assertThat(machine.noCuda()).isEmpty();
        assertThat(machine.gpus().get(0).problem()).contains("no code for sm_61");
        Machine.Gpu gpu = machine.gpus().get(1);
        assertThat(gpu.usable()).isTrue();
        assertThat(gpu).extracting("name", "computeCapability", "memoryBytes", "freeBytes", "multiprocessors")
                .containsExactly("New", "9.0", 80L, 70L, 132);
    }

    @Test
    void theBestDeviceIsTheUsableOneWithTheMostMemory() throws JsonProcessingException {
        assertThat(machine("\"devices\": [" + gpu(0, 8, true) + "," + gpu(1, 24, true) + "," + gpu(2, 24, true) + ","
                + gpu(3, 80, false) + "]").best()).isEqualTo(Device.cuda(1));
        assertThat(machine("\"devices\": [" + gpu(0, 8, false) + "]").best()).isEqualTo(Device.cpu());
    }

    private static String gpu(int index, int memory, boolean usable) {
        return "{\"id\": \"cuda:" + index + "\", \"memory_bytes\": " + memory + ", \"usable\": " + usable + "}";
    }

    @Test
    void whyThereIsNoCudaIsKept() throws JsonProcessingException {
        Machine machine = machine("\"devices\": [{\"id\": \"cpu\", \"name\": \"Some CPU\"}], "
                + "\"cuda\": {\"why\": \"no driver\"}");
        assertThat(machine.devices()).containsExactly(Device.cpu());
        assertThat(machine.noCuda()).contains("no driver");
    }
}
