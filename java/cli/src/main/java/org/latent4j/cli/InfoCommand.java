package org.latent4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.latent4j.Device;
import org.latent4j.Figures;
import org.latent4j.LatentModel;
import org.latent4j.latent.Alignment;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.model.ModelInfo;
import org.latent4j.model.ModelOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code latent4j info}: the model, the machine, and how far the model's alignment is from identity. */
@Command(name = "info", header = "Says what model and machine are.", mixinStandardHelpOptions = true,
    versionProvider = Latent4j.Version.class, sortOptions = false, usageHelpWidth = 110,
    description = {"", "Says what the model is, what this machine computes on, and how far the ridge alignment is "
        + "from identity: near 0, as with tied "
        + "embeddings, the two alignments give nearly the same latent thoughts.", ""},
    footerHeading = "%nExamples:%n",
    footer = {"  latent4j info", "  latent4j info -m Qwen/Qwen3-0.6B --json"})
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
        Device device = Device.current();
        try (ProgressLine progress = new ProgressLine(terminal)) {
            try (LatentModel model = modelArguments.open(options, progress)) {
                progress.show("solving the alignment");
                Alignment ridge = model.alignment(AlignmentKind.RIDGE);
                progress.erase();
                if (json) {
                    output.line(JsonReport.pretty(report(model, device, ridge)));
                } else {
                    print(model.info(), device, ridge);
                }
            }
        }
        return 0;
    }

    private void print(ModelInfo info, Device device, Alignment ridge) {
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
        row("device", "CPU, " + device.cpu());
        row("CPU features", String.join(", ", device.levels()) + "; used: " + details.path("cpu_level").asText());
        row("cores", device.cores() + ", threads used: " + details.path("n_threads").asText());
        row("RAM", String.format(Locale.ROOT, "%.1f GiB", device.ramBytes() / (double) (1L << 30)));
        row("alignment", String.format(Locale.ROOT, "ridge is %.3g from identity, target norm %.4f",
            ridge.distanceFromIdentity(),
            ridge.targetNorm()));
    }

    private void row(String key, String value) {
        output.line(String.format(Locale.ROOT, "%-13s %s", key, value));
    }

    private ObjectNode report(LatentModel model, Device device, Alignment ridge) {
        ModelInfo info = model.info();
        ObjectNode report = JsonReport.JSON.createObjectNode();
        ObjectNode shape = report.putObject("model");
        shape.put("name", modelArguments.name()).put("family", info.family()).put("n_layers", info.nLayers())
            .put("d_model", info.dModel())
            .put("n_heads", info.nHeads()).put("n_kv_heads", info.nKvHeads()).put("head_dim", info.headDim())
            .put("d_ff", info.dFf())
            .put("vocab", info.vocabularySize()).put("max_positions", info.maxPositions());
        shape.set("details", details(info));
        ObjectNode machine = report.putObject("device");
        machine.put("kind", "cpu").put("cpu", device.cpu()).put("level", device.level()).put("cores", device.cores())
            .put("ram_bytes", device.ramBytes());
        device.levels().forEach(machine.putArray("levels")::add);
        report.putObject("alignment").put("kind", Words.of(ridge.kind())).put("distance_from_identity",
            ridge.distanceFromIdentity())
            .put("target_norm", ridge.targetNorm());
        return report;
    }

    private static JsonNode details(ModelInfo info) {
        try {
            return JsonReport.JSON.readTree(info.json());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("what native code says of the model is no JSON: " + info.json(), e);
        }
    }
}
