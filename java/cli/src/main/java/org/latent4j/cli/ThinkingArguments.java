package org.latent4j.cli;

import java.util.Map;
import java.util.Optional;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Look;
import org.latent4j.latent.Soft;
import org.latent4j.latent.ThinkUntil;
import org.latent4j.latent.Thinking;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How the agents of a latent team think. */
final class ThinkingArguments {
    private static final Map<String, String> OPTIONS = Map.of("latentSteps", "--latent-steps",
        "soft topK", "--soft-top-k",
        "soft temperature", "--soft-temperature", "soft noise", "--soft-noise", "blend", "--blend",
        "entropyBelow", "--until-entropy", "entropySteps", "--until-entropy-steps", "cosineAbove", "--until-cosine");

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = {"-s", "--latent-steps"}, paramLabel = "N", defaultValue = "20",
        description = "Latent steps of each thinking agent of a latent team, 0 or more. Default: 20.")
    private int latentSteps;

    @Option(names = "--align", paramLabel = "KIND", defaultValue = "auto", description = {
        "How a hidden state becomes the next input. auto: ridge where embeddings are untied and its map is far from "
            + "identity, else soft. soft: the likeliest tokens' embeddings, mixed by their probabilities. identity: "
            + "only its norm is restored. ridge: also mapped from output to input embeddings, as in the paper. "
            + "Controls: argmax (the likeliest token), random, none. Default: auto, which with --compat official is "
            + "identity."})
    private AlignmentKind alignment;

    @Option(names = "--soft-top-k", paramLabel = "K", defaultValue = "10",
        description = "Tokens that soft mixes, 1 to 64. Default: 10.")
    private int softTopK;

    @Option(names = "--soft-temperature", paramLabel = "T", defaultValue = "0.5",
        description = "Divides the logits that soft mixes by, above 0. Default: 0.5.")
    private float softTemperature;

    @Option(names = "--soft-noise", paramLabel = "X", defaultValue = "0", description =
        "Gumbel noise on the logits that soft mixes by, so that thoughts depend on --seed; 0 for none. Default: 0.")
    private float softNoise;

    @Option(names = "--blend", paramLabel = "W", defaultValue = "0", description =
        "Share of soft in thoughts by --align identity, ridge, random or none, 0 to 1. Default: 0.")
    private float blend;

    @Option(names = "--until-entropy", paramLabel = "NATS", defaultValue = "0", description =
        "Stop thinking when the next token's entropy was below this for --until-entropy-steps; 0: off. Default: 0.")
    private float entropyBelow;

    @Option(names = "--until-entropy-steps", paramLabel = "N", defaultValue = "1",
        description = "Steps that follow each other, for --until-entropy. Default: 1.")
    private int entropySteps;

    @Option(names = "--until-cosine", paramLabel = "C", defaultValue = "0", description =
        "Stop thinking when a thought's cosine to the one before is above this; 0: off. Default: 0.")
    private float cosineAbove;

    @Option(names = "--until-end-token",
        description = "Stop thinking when the likeliest next token is an end token.")
    private boolean atEndToken;

    /** @throws ParameterException if a value is outside its range */
    Thinking thinking(boolean explains) {
        try {
            return new Thinking(latentSteps, alignment,
                Optional.of(new Soft(softTopK, softTemperature, softNoise)), blend,
                new ThinkUntil(entropyBelow, entropySteps, cosineAbove, atEndToken),
                explains ? Look.ALL : Look.NONE);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), byOption(e.getMessage()), e);
        }
    }

    /** Of a value that is refused, the name of its option for the library's. */
    private static String byOption(String message) {
        int end = message.indexOf(" is ");
        String name = message.substring(0, Math.max(end, 0));
        return OPTIONS.getOrDefault(name, name) + message.substring(name.length());
    }
}
