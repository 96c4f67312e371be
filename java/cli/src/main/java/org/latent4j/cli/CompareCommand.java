package org.latent4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.latent4j.Answer;
import org.latent4j.Figures;
import org.latent4j.LatentModel;
import org.latent4j.Team;
import org.latent4j.agent.Method;
import org.latent4j.latent.StopReason;
import org.latent4j.model.ModelOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code latent4j compare}: the three methods on one question, side by side. */
@Command(name = "compare", header = "Asks a question of one agent, of a text team and of a latent team, side by side.",
    mixinStandardHelpOptions = true,
    versionProvider = Latent4j.Version.class, sortOptions = false, usageHelpWidth = 110,
    description = {"", "Asks one question three times, of a single agent, of a team that hands text on and of the "
        + "same team that hands latent thoughts on, "
        + "and prints what each answered and took. Times are wall clock. 'vs text team' is the text team's total time "
        + "over the latent team's: above 1, the latent team was the faster of the two; it is left out where an answer "
        + "was cut off or repeats itself, for there is nothing to win against. One agent alone does less than a team "
        + "and is not measured against one.", ""},
    footerHeading = "%nExamples:%n",
    footer = {
        "  latent4j compare " + Examples.QUOTED,
        "  latent4j compare -m Qwen/Qwen3-0.6B -t hierarchical --temperature 0 -f question.txt",
        "  latent4j compare --json " + Examples.QUOTED + " > comparison.json"})
final class CompareCommand implements Callable<Integer> {
    private static final int LONGEST_ANSWER = 40;

    private final Terminal terminal;
    private final Output output;

    @Mixin
    private QuestionArguments source;

    @Mixin
    private TeamArguments teamArguments;

    @Mixin
    private ModelArguments modelArguments;

    @Option(names = "--texts", description = "After the table, print all that each method wrote as its answer.")
    private boolean texts;

    @Option(names = "--json", description = "Print the comparison as JSON.")
    private boolean json;

    CompareCommand(Terminal terminal) {
        this.terminal = terminal;
        this.output = new Output(terminal);
    }

    @Override
    public Integer call() {
        String question = source.question(terminal);
        teamArguments.check(1);
        ModelOptions options = modelArguments.options();
        Map<Method, Answer> answers = new EnumMap<>(Method.class);
        ObjectNode report = JsonReport.JSON.createObjectNode();
        String place;
        Optional<String> unobeyed;
        try (ProgressLine progress = new ProgressLine(terminal)) {
            try (LatentModel model = modelArguments.open(options, progress)) {
                // The first to run must not pay for what is done once.
                Team.builder(model, Method.SINGLE).maxNewTokens(1).build().ask(question);
                ArrayNode methods = report.putArray("methods");
                for (Method method : Method.values()) {
                    progress.label(Words.of(method));
                    Team team = teamArguments.team(model, method);
                    answers.put(method, team.askAll(List.of(question), progress).get(0));
                    methods.add(JsonReport.answer(modelArguments.name(), model.info().device(), team,
                        answers.get(method), Words.tokens(model)));
                }
                place = ModelArguments.place(model);
                unobeyed = ModelArguments.unobeyed(model);
            }
        }
        if (json) {
            for (Method method : Method.values()) {
                ((ObjectNode) report.get("methods").get(method.ordinal()))
                    .put("speed_up_vs_text_team", speedUp(answers, method).orElse(null));
            }
            output.line(JsonReport.pretty(report));
        } else {
            print(answers);
            output.note("computed on " + place);
        }
        unobeyed.ifPresent(output::note);
        return 0;
    }

    private void print(Map<Method, Answer> answers) {
        TextTable table = new TextTable(List.of("method", "latent steps", "decoded", "prefill s", "think s", "decode s",
            "total s",
            "memory handed over", "vs text team", "answer"));
        answers.forEach((method, answer) -> {
            Figures figures = answer.figures();
            table.add(List.of(Words.of(method), String.valueOf(figures.latentSteps()),
                String.valueOf(figures.decodedTokens()),
                number(figures.prefillSeconds()), number(figures.thinkSeconds()), number(figures.decodeSeconds()),
                number(figures.totalSeconds()), Figures.bytes(figures.handedOverBytes()),
                speedUp(answers, method).map(factor -> number(factor) + "x").orElse(""),
                shortened(answer.extracted().orElse("none found"))));
        });
        table.lines().forEach(output::line);
        answers.forEach((method, answer) -> {
            if (isCutOff(answer)) {
                output.note(Words.of(method) + ": the answer was cut off");
            }
            answer.warnings().forEach(warning -> output.warn(Words.of(method) + ": " + warning.message()));
        });
        if (texts) {
            answers.forEach((method, answer) -> output.line("\n[" + Words.of(method) + "]\n" + answer.text().strip()));
        }
    }

    /** Of a team, where both answers are answers. */
    private static Optional<Double> speedUp(Map<Method, Answer> answers, Method method) {
        Answer text = answers.get(Method.TEXT);
        Answer other = answers.get(method);
        if (method == Method.SINGLE || isBroken(text) || isBroken(other)) {
            return Optional.empty();
        }
        return Optional.of(text.figures().totalSeconds() / other.figures().totalSeconds());
    }

    private static boolean isBroken(Answer answer) {
        return isCutOff(answer) || !answer.warnings().isEmpty();
    }

    private static boolean isCutOff(Answer answer) {
        return answer.stopReason() == StopReason.LIMIT || answer.stopReason() == StopReason.CONTEXT;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    /** One line, as long as fits beside the figures. */
    private static String shortened(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        int length = line.codePointCount(0, line.length());
        return length <= LONGEST_ANSWER ? line : line.substring(0, line.offsetByCodePoints(0, LONGEST_ANSWER - 1))
            + "…";
    }
}
