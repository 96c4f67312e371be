package org.latent4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.latent4j.AgentTrace;
import org.latent4j.Answer;
import org.latent4j.internal.Printable;
import org.latent4j.latent.ThinkEnd;
import org.latent4j.latent.Thought;

/** The latent steps of each agent, for people. */
final class ThoughtTable {
    private ThoughtTable() {
    }

    /** Its lines; an agent that did not think has none. */
    static List<String> of(Answer answer, IntFunction<String> texts) {
        List<String> lines = new ArrayList<>();
        for (AgentTrace trace : answer.agents()) {
            if (trace.thinkEnd().isEmpty()) {
                continue;
            }
            lines.add("");
            lines.add(trace.name() + ": " + trace.latentSteps() + " latent step" + (trace.latentSteps() == 1 ? "" : "s")
                + trace.thinkEnd().filter(end -> end != ThinkEnd.STEPS).map(end -> ", ended by " + Words.of(end))
                    .orElse(""));
            if (trace.thoughts().isEmpty()) {
                continue;
            }
            TextTable table = new TextTable(List.of("step", "entropy", "cosine to nearest", "to step before", "norm",
                "likeliest next tokens"));
            trace.thoughts().forEach(thought -> table.add(row(thought, texts)));
            lines.addAll(table.lines());
        }
        return lines;
    }

    private static List<String> row(Thought thought, IntFunction<String> texts) {
        String likeliest = thought.likeliest().stream()
            .map(likely -> String.format(Locale.ROOT, "%s %.2f", quoted(texts.apply(likely.token())),
                likely.probability()))
            .collect(Collectors.joining("  "));
        return List.of(String.valueOf(thought.step()), number(thought.entropy()),
            number(thought.nearestCosine()) + " " + quoted(texts.apply(thought.nearestToken())),
            number(thought.stepCosine()), number(thought.norm()), likeliest);
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.2f", value);
    }

    /** A token's text, white space made visible. */
    private static String quoted(String text) {
        return "'" + Arrays.stream(text.split("\n", -1)).map(line -> Printable.of(line, "\u00b7"))
            .collect(Collectors.joining("\\n")) + "'";
    }
}
