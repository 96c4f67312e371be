package org.latent4j.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.latent4j.Device;
import org.latent4j.LatentModel;
import org.latent4j.memory.MemoryType;
import org.latent4j.model.CheckpointFiles;
import org.latent4j.model.ModelOptions;
import org.latent4j.smollm2.SmolLM2;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which model, and how it is opened. */
final class ModelArguments {
    private static final List<String> CPU_LEVELS = List.of("plain", "avx2", "avx512", "avx512_bf16");

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = {"-m", "--model"}, paramLabel = "MODEL", description = {
        "A folder (config.json, *.safetensors), a .gguf file, or a Hugging Face id such as Qwen/Qwen3-0.6B, which "
            + "is downloaded if it is "
            + "not in the cache (LATENT4J_CACHE, HF_HOME, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE count).",
        "Default: the embedded SmolLM2-135M-Instruct."})
    private String model;

    @Option(names = "--device", paramLabel = "DEVICE", description = {
        "Where the model computes: cpu, cuda:0, cuda:1, ...; 'latent4j info' lists what is there.",
        "Default: the CUDA device with the most memory, else cpu."})
    private Device device;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "0",
        description = "Worker threads; 0 for one per core. The answer does not depend on it. Default: 0.")
    private int threads;

    @Option(names = "--memory-type", paramLabel = "TYPE", defaultValue = "bf16",
        description = "How keys and values are stored: bf16 or f32. Default: bf16.")
    private MemoryType memoryType;

    @Option(names = "--memory-positions", paramLabel = "N", defaultValue = "0",
        description = "Room for so many positions, all agents' memories together; 0 for what a quarter of the RAM "
            + "holds. Default: 0.")
    private long memoryPositions;

    @Option(names = "--cpu-level", paramLabel = "LEVEL",
        description = "plain, avx2, avx512 or avx512_bf16. Default: the best this machine has.")
    private String cpuLevel;

    /** What the model is called: as it was given, or the embedded one's name. */
    String name() {
        return model == null ? "SmolLM2-135M-Instruct (embedded)" : model;
    }

    /** @throws ParameterException if a number is outside its range */
    ModelOptions options() {
        if (cpuLevel != null && !CPU_LEVELS.contains(cpuLevel)) {
            throw new ParameterException(command.commandLine(), "--cpu-level is " + cpuLevel + ", expected one of "
                + String.join(", ", CPU_LEVELS));
        }
        try {
            return ModelOptions.builder().device(device).threads(threads).memoryType(memoryType)
                .memoryPositions(memoryPositions).cpuLevel(cpuLevel).build();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), Words.ofOption(command, e.getMessage()), e);
        }
    }

    /** The device that an opened model is on, and its name. */
    static String place(LatentModel model) {
        return model.info().device() + ", " + model.info().deviceName();
    }

    /** What the checkpoint's generation config asks for and nobody does, as a line; empty if there is nothing. */
    static Optional<String> unobeyed(LatentModel model) {
        List<String> ignored = model.generation().ignored();
        return ignored.isEmpty() ? Optional.empty()
            : Optional.of("not obeyed of the checkpoint's generation config: " + String.join(", ", ignored));
    }

    /** Opens it; a download shows how far it is. */
    LatentModel open(ModelOptions options, ProgressLine progress) {
        progress.show("opening " + name());
        Path files = model == null ? SmolLM2.path() : CheckpointFiles.resolve(model, progress);
        LatentModel opened = LatentModel.open(files, options);
        progress.show("opened " + name() + " on " + place(opened));
        return opened;
    }
}
