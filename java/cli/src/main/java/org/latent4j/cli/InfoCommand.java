package org.latent4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.latent4j.Figures;
import org.latent4j.LatentModel;
import org.latent4j.Machine;
import org.latent4j.internal.LocalPath;
import org.latent4j.latent.Alignment;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.model.FilledFolder;
import org.latent4j.model.ModelInfo;
import org.latent4j.model.ModelOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code latent4j info}: the model, the machine, and how far the model's alignment is from identity. */
@Command(name = "info", header = "Says what model and machine are.", mixinStandardHelpOptions = true,
    versionProvider = Latent4j.Version.class, sortOptions = false, usageHelpWidth = 110,
    description = {"", "Says what the model is, by which alignment it thinks, what devices this machine has, which "
        + "folders were filled, and how far the ridge alignment is from identity: near 0, as with tied embeddings, the "
        + "two give nearly the same latent thoughts.", ""},
    footerHeading = "%nExamples:%n",
    footer = {"  latent4j info", "  latent4j info -m Qwen/Qwen3-0.6B --device cuda:0 --json"})
final class InfoCommand implements Callable<Integer> {
    private final Terminal terminal;
    private final Output output;

    @Mixin
    private ModelArguments modelArguments;

    @Option(names = "--json", description = "Print it as JSON, with all that native code says of the model.")
    private boolean json;

    InfoCommand(Terminal terminal) {
        this.terminal = terminal;
        this.output = new Output(terminal);
    }

    @Override
    public Integer call() {
        ModelOptions options = modelArguments.options();
        Machine machine = Machine.current();
        try (ProgressLine progress = new ProgressLine(terminal)) {
            try (LatentModel model = modelArguments.open(options, progress)) {
                progress.show("solving the alignment");
                Alignment ridge = model.alignment(AlignmentKind.RIDGE);
                progress.erase();
                if (json) {
                    output.line(JsonReport.pretty(report(model, machine, ridge)));
                } else {
                    print(model.info(), machine, ridge, model.autoAlignment());
                }
            }
        }
        return 0;
    }

    private void print(ModelInfo info, Machine machine, Alignment ridge, AlignmentChoice auto) {
        JsonNode details = details(info);
        row("model", modelArguments.name());
        row("family", info.family());
        row("layers", String.valueOf(info.nLayers()));
        row("width", info.dModel() + ", feed-forward " + info.dFf());
        row("heads", info.nHeads() + ", for keys and values " + info.nKvHeads() + ", of " + info.headDim());
        row("vocabulary", String.valueOf(info.vocabularySize()));
        row("context", info.maxPositions() + " positions");
        row("file", details.path("format").asText() + ", " + Figures.bytes(details.path("file_bytes").asLong()) + " of "
            + String.join(", ", details.path("dtype_bytes").properties().stream().map(Map.Entry::getKey).toList()));
        row("rope", details.path("rope_type").asText() + ", theta " + details.path("rope_theta").asText());
        row("memory", details.path("memory_type").asText().toLowerCase(Locale.ROOT) + ", "
            + Figures.bytes(details.path("position_bytes").asLong()) + " a position, room for "
            + details.path("pool_pages").asLong() * details.path("page_size").asLong() + " positions");
        row("computed on", info.device().id());
        row("latent thoughts", "by " + Words.of(auto.kind()) + " (" + auto.why() + ")");
        row("alignment", String.format(Locale.ROOT, "ridge is %.3g from identity, target norm %.4f",
            ridge.distanceFromIdentity(),
            ridge.targetNorm()));
        print(machine, details);
        for (FilledFolder each : FilledFolder.all()) {
            row("folder", LocalPath.text(each.folder()) + ", " + size(each) + ": " + each.content() + " (moved by "
                + String.join(", ", each.settings()) + ")");
        }
    }

    private static String size(FilledFolder folder) {
        return folder.bytes().isPresent() ? Figures.bytes(folder.bytes().getAsLong()) : "not there yet";
    }

    private void print(Machine machine, JsonNode details) {
        row("cpu", machine.cpu() + ", " + counted(machine.cores(), "core") + " (threads used: "
            + details.path("n_threads").asText() + "), " + Figures.bytes(machine.ramBytes()));
        row("CPU features", String.join(", ", machine.levels()) + "; used: " + details.path("cpu_level").asText());
        for (Machine.Gpu gpu : machine.gpus()) {
            row(gpu.device().id(), gpu.name() + ", compute capability " + gpu.computeCapability() + ", "
                + counted(gpu.multiprocessors(), "multiprocessor") + ", " + Figures.bytes(gpu.memoryBytes()) + ", "
                + Figures.bytes(gpu.freeBytes()) + " free"
                + gpu.problem().map(why -> "; cannot be used: " + why).orElse(""));
        }
        machine.noCuda().ifPresent(why -> row("cuda", "none: " + why));
    }

    private static String counted(int n, String noun) {
        return n + " " + noun + (n == 1 ? "" : "s");
    }

    private void row(String key, String value) {
        output.line(String.format(Locale.ROOT, "%-15s %s", key, value));
    }

    private ObjectNode report(LatentModel model, Machine machine, Alignment ridge) {
        ModelInfo info = model.info();
        ObjectNode report = JsonReport.JSON.createObjectNode();
        ObjectNode shape = report.putObject("model");
        shape.put("name", modelArguments.name()).put("family", info.family()).put("n_layers", info.nLayers())
            .put("d_model", info.dModel())
            .put("n_heads", info.nHeads()).put("n_kv_heads", info.nKvHeads()).put("head_dim", info.headDim())
            .put("d_ff", info.dFf())
            .put("vocab", info.vocabularySize()).put("max_positions", info.maxPositions());
        shape.set("details", details(info));
        shape.put("device", info.device().id());
        report.set("machine", report(machine));
        ArrayNode folders = report.putArray("folders");
        for (FilledFolder each : FilledFolder.all()) {
            ObjectNode folder = folders.addObject().put("content", each.content())
                .put("folder", LocalPath.text(each.folder()))
                .put("bytes", each.bytes().isPresent() ? Long.valueOf(each.bytes().getAsLong()) : null);
            each.settings().forEach(folder.putArray("moved_by")::add);
        }
        report.putObject("alignment").put("kind", Words.of(ridge.kind())).put("distance_from_identity",
            ridge.distanceFromIdentity())
            .put("target_norm", ridge.targetNorm());
        AlignmentChoice auto = model.autoAlignment();
        report.putObject("auto_alignment").put("kind", Words.of(auto.kind())).put("why", auto.why());
        return report;
    }

    private static ObjectNode report(Machine machine) {
        ObjectNode report = JsonReport.JSON.createObjectNode();
        report.put("cpu", machine.cpu()).put("level", machine.level()).put("cores", machine.cores())
            .put("ram_bytes", machine.ramBytes());
        machine.levels().forEach(report.putArray("levels")::add);
        ArrayNode gpus = report.putArray("gpus");
        for (Machine.Gpu gpu : machine.gpus()) {
            gpus.addObject().put("device", gpu.device().id()).put("name", gpu.name())
                .put("compute_capability", gpu.computeCapability()).put("memory_bytes", gpu.memoryBytes())
                .put("free_bytes", gpu.freeBytes()).put("multiprocessors", gpu.multiprocessors())
                .put("usable", gpu.usable()).put("problem", gpu.problem().orElse(null));
        }
        return report.put("no_cuda", machine.noCuda().orElse(null));
    }

    private static JsonNode details(ModelInfo info) {
        try {
            return JsonReport.JSON.readTree(info.json());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("what native code says of the model is no JSON: " + info.json(), e);
        }
    }
}
