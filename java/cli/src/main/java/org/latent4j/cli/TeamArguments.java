package org.latent4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.latent4j.LatentModel;
import org.latent4j.Team;
import org.latent4j.agent.Compatibility;
import org.latent4j.agent.MemoryPolicy;
import org.latent4j.agent.Method;
import org.latent4j.agent.Prompts;
import org.latent4j.agent.TaskKind;
import org.latent4j.agent.Topology;
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
            + "choice (a letter), code (Python), open. Default: open."})
    private TaskKind task;

    @Mixin
    private ThinkingArguments thinking;

    @Option(names = "--memory", paramLabel = "POLICY", defaultValue = "full", description = {
        "What the next agent gets of the memory: full, latest (the last agent's prompt and thoughts), latent-only "
            + "(its thoughts), or the "
            + "controls none and shuffled (another question's; needs --lines). Default: full."})
    private MemoryPolicy memory;

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
            new Sampling(maxNewTokens, temperature, topP, topK == null ? 0 : topK, new int[0]);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), e.getMessage(), e);
        }
        require(maxNewTokens > 0, "--max-new-tokens is " + maxNewTokens + ", must be 1 or more");
        thinking.thinking(false);
        require(stops.stream().noneMatch(String::isEmpty), "--stop must not be empty");
        require(memory != MemoryPolicy.SHUFFLED || questions > 1,
            "--memory shuffled needs two questions or more: give them with --lines");
        prompts = promptsFile == null ? Prompts.builtIn() : Prompts.load(promptsFile);
    }

    Team team(LatentModel model, Method method) {
        return team(model, method, false);
    }

    /** @param explains whether every latent step is looked at */
    Team team(LatentModel model, Method method, boolean explains) {
        Team.Builder builder = Team.builder(model, method).topology(topology).task(task)
            .thinking(thinking.thinking(explains)).memory(memory).maxNewTokens(maxNewTokens).temperature(temperature)
            .topP(topP).seed(seed)
            .stopStrings(stops.toArray(String[]::new)).compatibility(compatibility).prompts(prompts);
        if (topK != null) {
            builder.topK(topK);
        }
        if (enableThinking != null) {
            builder.enableThinking(enableThinking);
        }
        return builder.build();
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw new ParameterException(command.commandLine(), message);
        }
    }
}
