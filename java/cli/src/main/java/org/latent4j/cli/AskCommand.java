package org.latent4j.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.latent4j.Answer;
import org.latent4j.LatentModel;
import org.latent4j.Team;
import org.latent4j.TeamListener;
import org.latent4j.agent.Method;
import org.latent4j.agent.TaskKind;
import org.latent4j.latent.Phase;
import org.latent4j.model.ModelOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code latent4j ask}: a team answers a question. */
@Command(name = "ask", header = "Lets a team answer a question.", mixinStandardHelpOptions = true,
    versionProvider = Latent4j.Version.class, sortOptions = false, usageHelpWidth = 110,
    description = {"", "Lets a team of agents answer a question. Only the answer goes to standard output; progress "
        + "(on a terminal) and the figures of "
        + "the run go to standard error.", ""},
    footerHeading = "%nExamples:%n",
    footer = {
        "  latent4j ask " + Examples.QUOTED,
        "  latent4j ask --method text " + Examples.QUOTED + "   the same team, but it hands text on",
        "  latent4j ask -m Qwen/Qwen3-0.6B -t hierarchical -s 40 -f question.txt",
        "  x=$(latent4j ask -q -k math -m Qwen/Qwen3-0.6B -f sum.txt)   the number alone, found in \\boxed{}",
        "  latent4j ask --lines --json -f questions.txt > out.jsonl     every line a question"})
final class AskCommand implements Callable<Integer> {
    private final Terminal terminal;
    private final Output output;

    @Mixin
    private QuestionArguments source;

    @Option(names = "--method", paramLabel = "METHOD", defaultValue = "latent", description = {
        "latent: agents think in latent steps and hand their memory on; text: agents write, and read what was "
            + "written; single: one agent "
            + "alone. Default: latent."})
    private Method method;

    @Mixin
    private TeamArguments teamArguments;

    @Mixin
    private ModelArguments modelArguments;

    @Option(names = "--lines", description =
        "Every line of the input is a question of its own; as many are asked at a time as the memory holds.")
    private boolean lines;

    @Option(names = "--json", description =
        "Print the answer, the figures and every agent's part as JSON, one line for each question.")
    private boolean json;

    @Option(names = "--explain", description = {
        "After the answer, on standard error, a table per agent of its latent steps: entropy (nats), the likeliest "
            + "next tokens, cosine to the nearest token's embedding and to the thought before, norm. With --json it is "
            + "part of the JSON."})
    private boolean explain;

    @Option(names = {"-q", "--quiet"}, description = {
        "For scripts: no progress and no figures, and standard output holds the answer alone. With --task math, choice "
            + "or code that is what was found in the text, not the text; where nothing was found the line is empty, "
            + "standard error says so, and the exit code is 1."})
    private boolean quiet;

    AskCommand(Terminal terminal) {
        this.terminal = terminal;
        this.output = new Output(terminal);
    }

    @Override
    public Integer call() {
        List<String> questions = lines ? source.lines(terminal) : List.of(source.question(terminal));
        teamArguments.check(questions.size());
        ModelOptions options = modelArguments.options();
        List<Answer> answers;
        try (ProgressLine progress = new ProgressLine(quiet ? silent() : terminal)) {
            try (LatentModel model = modelArguments.open(options, progress)) {
                Team team = teamArguments.team(model, method, explain);
                boolean streams = !json && questions.size() == 1 && !extractedAlone();
                answers = team.askAll(questions, new Watcher(progress, streams));
                progress.erase();
                print(model, team, answers, streams);
                if (!quiet) {
                    ModelArguments.unobeyed(model).ifPresent(output::note);
                }
            }
        }
        return extractedAlone() && anyMissing(answers) ? Latent4j.FAILED : 0;
    }

    /** Whether a script reads what was found in the text, and not the text. */
    private boolean extractedAlone() {
        return quiet && !json && teamArguments.task() != TaskKind.OPEN;
    }

    private boolean anyMissing(List<Answer> answers) {
        long missing = answers.stream().filter(answer -> answer.extracted().isEmpty()).count();
        if (missing > 0) {
            output.note("latent4j: " + (answers.size() == 1 ? "no answer was found in what the team wrote"
                : "no answer was found in what the team wrote to " + missing + " of " + answers.size() + " questions")
                + "; without -q all of it is printed");
        }
        return missing > 0;
    }

    private void print(LatentModel model, Team team, List<Answer> answers, boolean streamed) {
        if (streamed) {
            output.print("\n");
        }
        for (Answer answer : answers) {
            if (json) {
                output.line(JsonReport.line(JsonReport.answer(modelArguments.name(), model.info().device(), team,
                    answer, Words.tokens(model))));
            } else if (extractedAlone()) {
                output.line(answer.extracted().orElse(""));
            } else if (!streamed) {
                output.line(answer.text().strip());
            }
        }
        answers.forEach(answer -> answer.warnings().forEach(warning -> output.warn(warning.message())));
        if (explain && !json) {
            answers.forEach(answer -> ThoughtTable.of(answer, Words.tokens(model)).forEach(output::note));
        }
        if (!quiet && !json) {
            answers.forEach(this::printFigures);
            output.note("computed on " + ModelArguments.place(model));
        }
    }

    private void printFigures(Answer answer) {
        switch (answer.stopReason()) {
            case LIMIT -> output.note("(cut off by --max-new-tokens)");
            case CONTEXT -> output.note("(cut off: the model's context is full)");
            case NO_TOKEN -> output.note("(cut off: penalties and suppressed tokens left none to go on with)");
            case NONE, END_TOKEN, ASKED -> { }
        }
        if (teamArguments.task() != TaskKind.OPEN) {
            output.note("answer: " + answer.extracted().orElse("none found"));
        }
        output.note(answer.figures().toString());
    }

    private Terminal silent() {
        return new Terminal(terminal.in(), terminal.out(), terminal.err(), terminal.inIsTerminal(),
            terminal.outIsTerminal(), false,
            terminal.environment());
    }

    /** Draws progress until the answer begins to appear where someone watches it. */
    private final class Watcher implements TeamListener {
        private final ProgressLine progress;
        private final boolean streams;
        private boolean answering;

        Watcher(ProgressLine progress, boolean streams) {
            this.progress = progress;
            this.streams = streams;
        }

        @Override
        public void onProgress(List<String> agents, Phase phase, int step, int steps) {
            if (!answering) {
                progress.onProgress(agents, phase, step, steps);
            }
        }

        @Override
        public void onText(int question, String piece) {
            if (streams) {
                if (terminal.outIsTerminal() && !answering) {
                    progress.erase();
                    answering = true;
                }
                output.print(piece);
            }
        }
    }
}
