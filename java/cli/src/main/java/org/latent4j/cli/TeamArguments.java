package org.latent4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.latent4j.LatentModel;
import org.latent4j.Team;
import org.latent4j.agent.Compatibility;
import org.latent4j.agent.MemoryPolicy;
import org.latent4j.agent.Method;
import org.latent4j.agent.Prompts;
import org.latent4j.agent.TaskKind;
import org.latent4j.agent.Topology;
import org.latent4j.agent.Turns;
import org.latent4j.latent.Penalties;
import org.latent4j.latent.Sampling;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How the team works, but for its method. */
final class TeamArguments {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = {"-t", "--team"}, paramLabel = "SHAPE", defaultValue = "sequential", description = {
        "sequential: planner, critic, refiner, then the judger answers;",
        "hierarchical: math, science and code expert side by side, then the summarizer answers. Default: sequential."})
    private Topology topology;

    @Option(names = {"-k", "--task"}, paramLabel = "KIND", defaultValue = "open", description = {
        "What kind of answer is wanted; it chooses the prompts and how the answer is found in the text: math (a "
            + "number or expression), "
            + "choice (a letter), code (Python), open. The embedded model can neither calculate nor program: name "
            + "another with -m. Default: open."})
    private TaskKind task;

    @Mixin
    private ThinkingArguments thinking;

    @Option(names = "--memory", paramLabel = "POLICY", defaultValue = "full", description = {
        "What the next agent gets of the memory: full, latest (the last agent's prompt and thoughts), latent-only "
            + "(its thoughts), or the "
            + "controls none and shuffled (another question's, so only of 'ask --lines'). Default: full."})
    private MemoryPolicy memory;

    @Option(names = "--turns", paramLabel = "KIND", description = {
        "How a latent team's prompts follow on the thoughts before them: chat (as the next turn of one chat) or "
            + "separate (as chats of their own, as in the paper's code). Default: chat; with --compat official separate."})
    private Turns turns;

    @Option(names = {"-n", "--max-new-tokens"}, paramLabel = "N", defaultValue = "512",
        description = "Tokens that an agent may write, 1 or more. Default: 512.")
    private int maxNewTokens;

    @Option(names = "--temperature", paramLabel = "T", defaultValue = "0.6",
        description = "Above 0: how freely tokens are drawn; 0: always the likeliest. Default: 0.6.")
    private float temperature;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "0.95",
        description = "Draw from the likeliest tokens of this total probability, above 0 to 1. Default: 0.95.")
    private float topP;

    @Option(names = "--top-k", paramLabel = "K",
        description = "Draw from this many of the likeliest tokens, 0 for all. Default: what the checkpoint says.")
    private Integer topK;

    @Option(names = "--min-p", paramLabel = "P",
        description = "Draw from tokens at least so many times as likely as the likeliest, 0 (all) to 1. Default: what "
            + "the checkpoint says.")
    private Double minP;

    @Option(names = "--repetition-penalty", paramLabel = "R",
        description = "Above 1: tokens of an agent's prompt and text come less often again; 1: off. Default: what the "
            + "checkpoint says.")
    private Double repetitionPenalty;

    @Option(names = "--presence-penalty", paramLabel = "X",
        description = "Above 0: tokens that an agent has written come less often again, -2 to 2; 0: off. Default: what "
            + "the checkpoint says.")
    private Double presencePenalty;

    @Option(names = "--frequency-penalty", paramLabel = "X",
        description = "Likewise, the less often the more often they were written, -2 to 2; 0: off. Default: what the "
            + "checkpoint says.")
    private Double frequencyPenalty;

    @Option(names = "--no-repeat-ngram", paramLabel = "N",
        description = "No N tokens in a row come twice in an agent's prompt and text; 0: off. Default: what the "
            + "checkpoint says.")
    private Integer noRepeatNgram;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "42",
        description = "The same seed gives the same answer. Default: 42.")
    private long seed;

    @Option(names = "--stop", paramLabel = "TEXT",
        description = "End the text before this string; may be given more than once.")
    private List<String> stops = new ArrayList<>();

    @Option(names = "--thinking", negatable = true,
        description = "Tell the chat template that the model shall, or shall not, think in text before it answers "
            + "(enable_thinking).")
    private Boolean enableThinking;

    @Option(names = "--allow-control-tokens",
        description = "Let control tokens that a question or prompt holds, such as <|im_end|>, count as such. Default: "
            + "they are text.")
    private boolean allowControlTokens;

    @Option(names = "--compat", paramLabel = "CODE", defaultValue = "corrected", description = {
        "official: do as the paper's published code does where it differs from the paper: experts work as a chain, "
            + "0 latent steps hand no "
            + "memory on, policies cut the memory without re-rotating its keys. Default: corrected."})
    private Compatibility compatibility;

    @Option(names = "--prompts", paramLabel = "FILE", description = {
        "YAML or JSON that replaces prompts: role: {system, latent, text, task: {math, choice, code, open}}. Roles: "
            + "single, planner, "
            + "critic, refiner, judger, math_expert, science_expert, code_expert, summarizer. Placeholders: "
            + "{question}, {context} (what was "
            + "written before, in text), {task}."})
    private Path promptsFile;

    private Prompts prompts;

    TaskKind task() {
        return task;
    }

    Topology topology() {
        return topology;
    }

    /**
     * Sees, before a model is opened, whether it can work.
     *
     * @throws ParameterException if a value is outside its range
     */
    void check(int questions) {
        try {
            new Sampling(maxNewTokens, temperature, topP, topK == null ? 0 : topK, new int[0])
                .withMinP(minP == null ? 0 : minP.floatValue())
                .withPenalties(penalties());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), Words.ofOption(command, e.getMessage()), e);
        }
        require(maxNewTokens > 0, "--max-new-tokens is " + maxNewTokens + ", must be 1 or more");
        thinking.thinking(false);
        require(stops.stream().noneMatch(String::isEmpty), "--stop must not be empty");
        require(memory != MemoryPolicy.SHUFFLED || questions > 1,
            "--memory shuffled hands over another question's memory and needs two questions or more:"
                + " 'latent4j ask --lines --memory shuffled' takes a question from each line");
        prompts = promptsFile == null ? Prompts.builtIn() : Prompts.load(promptsFile);
    }

    /** What was asked for, off where nothing was. */
    private Penalties penalties() {
        return Penalties.none().withRepetition(repetitionPenalty == null ? 1 : repetitionPenalty.floatValue())
            .withPresence(presencePenalty == null ? 0 : presencePenalty.floatValue())
            .withFrequency(frequencyPenalty == null ? 0 : frequencyPenalty.floatValue())
            .withNoRepeatNgram(noRepeatNgram == null ? 0 : noRepeatNgram);
    }

    Team team(LatentModel model, Method method) {
        return team(model, method, false);
    }

    /** @param explains whether every latent step is looked at */
    Team team(LatentModel model, Method method, boolean explains) {
        Team.Builder builder = Team.builder(model, method).topology(topology).task(task)
            .thinking(thinking.thinking(explains)).memory(memory).maxNewTokens(maxNewTokens)
            .temperature(temperature).topP(topP).seed(seed).stopStrings(stops.toArray(String[]::new))
            .compatibility(compatibility).prompts(prompts).allowControlTokens(allowControlTokens);
        setIfGiven(turns, builder::turns);
        setIfGiven(topK, builder::topK);
        setIfGiven(minP, builder::minP);
        setIfGiven(repetitionPenalty, builder::repetitionPenalty);
        setIfGiven(presencePenalty, builder::presencePenalty);
        setIfGiven(frequencyPenalty, builder::frequencyPenalty);
        setIfGiven(noRepeatNgram, builder::noRepeatNgram);
        setIfGiven(enableThinking, builder::enableThinking);
        return builder.build();
    }

    private static <T> void setIfGiven(T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw new ParameterException(command.commandLine(), message);
        }
    }
}
