package org.latent4j.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import org.latent4j.Device;
import org.latent4j.LatentModel;
import org.latent4j.agent.Compatibility;
import org.latent4j.agent.MemoryPolicy;
import org.latent4j.agent.Method;
import org.latent4j.agent.TaskKind;
import org.latent4j.agent.Topology;
import org.latent4j.agent.Turns;
import org.latent4j.internal.LocalPath;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.memory.MemoryType;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.TypeConversionException;

/** The library's choices as words on the command line: LATENT_ONLY is {@code latent-only}. */
final class Words {
    private Words() {
    }

    static String of(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static void register(CommandLine line) {
        line.registerConverter(Method.class, choice(Method.values()));
        line.registerConverter(MemoryPolicy.class, choice(MemoryPolicy.values()));
        line.registerConverter(Turns.class, choice(Turns.values()));
        line.registerConverter(TaskKind.class, choice(TaskKind.values()));
        line.registerConverter(AlignmentKind.class, choice(AlignmentKind.values()));
        line.registerConverter(MemoryType.class, choice(MemoryType.values()));
        line.registerConverter(Compatibility.class, choice(Compatibility.values()));
        line.registerConverter(Device.class, Words::device);
        line.registerConverter(Path.class, Words::path);
        line.registerConverter(Topology.class, choice(Map.of(Topology.SEQUENTIAL.name(), Topology.SEQUENTIAL,
            Topology.HIERARCHICAL.name(), Topology.HIERARCHICAL)));
    }

    /** The texts of a model's tokens; of those that have none, such as control tokens, the id. */
    static IntFunction<String> tokens(LatentModel model) {
        return id -> {
            String text = model.tokenizer().decode(new int[] {id});
            return text.isEmpty() ? "#" + id : text;
        };
    }

    private static Path path(String word) {
        try {
            return LocalPath.of(word);
        } catch (InvalidPathException e) {
            throw new TypeConversionException("no path on this system: '" + word + "' (" + e.getReason() + ")");
        }
    }

    /** How many letters must be changed, added or taken away to make one word of the other. */
    static int distance(String one, String other) {
        int[] last = new int[other.length() + 1];
        Arrays.setAll(last, i -> i);
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = last[0];
            last[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int changed = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = last[j];
                last[j] = Math.min(changed, 1 + Math.min(last[j], last[j - 1]));
            }
        }
        return last[other.length()];
    }

    /** What the library says of a setting, {@code topP is 2}, as of the command's option, {@code --top-p is 2}. */
    static String ofOption(CommandSpec command, String message) {
        String setting = message.split(" ", 2)[0];
        String option = "--" + setting.replaceAll("(?=\\p{Lu})", "-").toLowerCase(Locale.ROOT);
        return command.findOption(option) == null ? message : option + message.substring(setting.length());
    }

    private static Device device(String word) {
        try {
            return Device.of(word);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    private static <E extends Enum<E>> ITypeConverter<E> choice(E[] values) {
        Map<String, E> words = new LinkedHashMap<>();
        Arrays.stream(values).forEach(value -> words.put(of(value), value));
        return choice(words);
    }

    private static <T> ITypeConverter<T> choice(Map<String, T> words) {
        return word -> {
            T value = words.get(word.toLowerCase(Locale.ROOT).replace('_', '-'));
            if (value == null) {
                throw new TypeConversionException("'" + word + "' is none of " + join(words.keySet()));
            }
            return value;
        };
    }

    private static String join(Collection<String> words) {
        return String.join(", ", words.stream().sorted().toList());
    }
}
