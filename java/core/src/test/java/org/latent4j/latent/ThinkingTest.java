package org.latent4j.latent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.Golden;
import org.latent4j.LatentModel;
import org.latent4j.Safetensors;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;

/** What thoughts are made of, what is seen of them, which alignment is chosen, and what is refused. */
class ThinkingTest {
    private static final int STEPS = 6;
    private static final Thinking SOFT = Thinking.of(STEPS).alignment(AlignmentKind.SOFT);

    private static LatentModel open(Golden golden) {
        return open(golden.folder());
    }

    private static LatentModel open(Path folder) {
        return LatentModel.open(folder, Golden.options().threads(2).memoryType(MemoryType.F32).memoryPositions(4096)
            .build());
    }

    private static RolloutResult.Member think(LatentModel model, int[] prompt, Thinking thinking, long seed) {
        try (Memory memory = model.newMemory()) {
            return model.rollout(Rollout.builder().add(memory, prompt, seed).thinking(thinking).captureLatents()
                .capturePromptHidden().build()).members().get(0);
        }
    }

    // --- what they are

    static Stream<Arguments> waysToThink() {
        Thinking seen = Thinking.of(STEPS).look(Look.ALL);
        return Golden.NAMES.stream().flatMap(name -> Stream.of(
                seen.alignment(AlignmentKind.SOFT),
                seen.alignment(AlignmentKind.SOFT).soft(new Soft(3, 0.5f, 0)),
                seen.alignment(AlignmentKind.SOFT).soft(new Soft(64, 2, 0)),
                seen.alignment(AlignmentKind.ARGMAX),
                seen.alignment(AlignmentKind.IDENTITY),
                seen.alignment(AlignmentKind.NONE),
                seen.alignment(AlignmentKind.IDENTITY).blend(1),
                seen.alignment(AlignmentKind.RIDGE).blend(0.25),
                seen.alignment(AlignmentKind.RANDOM).soft(new Soft(4, 1, 0)).blend(0.75))
            .map(thinking -> Arguments.of(name, thinking)));
    }

    /** From the hidden state that each was made of, every thought and all that is seen of it. */
    @ParameterizedTest
    @MethodSource("waysToThink")
    void thoughtsAreWhatTheWeightsSay(String name, Thinking thinking) throws IOException {
        Golden golden = Golden.of(name);
        try (LatentModel model = open(golden)) {
            int d = model.info().dModel();
            ReferenceThoughts reference = new ReferenceThoughts(golden, d);
            RolloutResult.Member member = think(model, golden.prompt(0), thinking, 1);
            double[][] prompt = ReferenceThoughts.rows(member.promptHidden(), d);
            double[][] after = ReferenceThoughts.rows(member.latentHidden(), d);
            double[][] thoughts = ReferenceThoughts.rows(member.latents(), d);
            assertThat(member.latentSteps()).isEqualTo(STEPS);
            assertThat(member.thinkEnd()).isEqualTo(ThinkEnd.STEPS);
            assertThat(member.thoughts()).hasSize(STEPS);
            for (int step = 0; step < STEPS; step++) {
                double[] hidden = step == 0 ? prompt[prompt.length - 1] : after[step - 1];
                assertClose(thoughts[step], expected(model, reference, thinking, hidden));
                assertSeen(member.thoughts().get(step),
                    reference.seen(step, hidden, thoughts[step], step == 0 ? null : thoughts[step - 1]));
            }
        }
    }

    private static double[] expected(LatentModel model, ReferenceThoughts reference, Thinking thinking,
            double[] hidden) {
        AlignmentKind kind = thinking.alignment();
        if (kind == AlignmentKind.SOFT || kind == AlignmentKind.ARGMAX) {
            return reference.soft(hidden, kind == AlignmentKind.ARGMAX ? 1 : thinking.mixture().topK(),
                thinking.mixture().temperature());
        }
        float[] row = new float[hidden.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) hidden[i];
        }
        float[] aligned = model.align(kind, row);
        double[] soft = reference.soft(hidden, thinking.mixture().topK(), thinking.mixture().temperature());
        double[] blended = new double[row.length];
        for (int i = 0; i < row.length; i++) {
            blended[i] = thinking.blend() * soft[i] + (1 - thinking.blend()) * aligned[i];
        }
        return blended;
    }

    private static void assertClose(double[] actual, double[] expected) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        assertThat(actual).hasSameSizeAs(expected).containsExactly(expected, within(2e-3 * largest));
    }

    private static void assertSeen(Thought actual, Thought expected) {
        assertThat(actual.step()).isEqualTo(expected.step());
        assertThat(actual.entropy()).isCloseTo(expected.entropy(), within(2e-3));
        assertThat(actual.norm()).isCloseTo(expected.norm(), within(1e-3 * expected.norm()));
        assertThat(actual.nearestToken()).isEqualTo(expected.nearestToken());
        assertThat(actual.nearestCosine()).isCloseTo(expected.nearestCosine(), within(1e-3));
        if (actual.step() == 0) {
            assertThat(actual.stepCosine()).isNaN();
        } else {
            assertThat(actual.stepCosine()).isCloseTo(expected.stepCosine(), within(1e-3));
        }
        assertThat(actual.likeliest()).hasSize(5).extracting(Thought.Likely::token)
            .isEqualTo(expected.likeliest().stream().map(Thought.Likely::token).toList());
        for (int i = 0; i < 5; i++) {
            assertThat(actual.likeliest().get(i).probability())
                .isCloseTo(expected.likeliest().get(i).probability(), within(1e-3));
        }
    }

    @Test
    void whatIsLookedAtIsWhatWasAskedFor() {
        Golden golden = Golden.of("tiny-qwen3");
        try (LatentModel model = open(golden)) {
            for (AlignmentKind kind : AlignmentKind.values()) {
                Thinking thinking = Thinking.of(STEPS).alignment(kind);
                RolloutResult.Member all = think(model, golden.prompt(0), thinking.look(Look.ALL), 1);
                RolloutResult.Member last = think(model, golden.prompt(0), thinking.look(Look.LAST), 1);
                RolloutResult.Member none = think(model, golden.prompt(0), thinking.look(Look.NONE), 1);
                assertThat(all.thoughts()).hasSize(STEPS);
                assertThat(none.thoughts()).isEmpty();
                assertThat(last.thoughts()).hasSize(1);
                assertThat(last.thoughts().get(0)).isEqualTo(all.thoughts().get(STEPS - 1));
                assertThat(last.latents()).as("looking changes nothing").isEqualTo(all.latents())
                    .isEqualTo(none.latents());
            }
            assertThat(think(model, golden.prompt(0), Thinking.NONE.look(Look.ALL), 1).thoughts()).isEmpty();
        }
    }

    /** Thoughts by argmax are the tokens that greedy decoding writes, and what follows is the same. */
    @ParameterizedTest
    @ValueSource(strings = {"tiny-qwen3", "tiny-qwen3-untied", "tiny-llama3"})
    void argmaxThinksTheTokensThatGreedyDecodingWrites(String name) {
        Golden golden = Golden.of(name);
        try (LatentModel model = open(golden); Memory memory = model.newMemory(); Memory other = model.newMemory()) {
            int[] written = model.rollout(Rollout.builder().add(memory, golden.prompt(3))
                .sampling(Sampling.greedy(STEPS + 4)).build()).tokens(0);
            RolloutResult.Member thought = model.rollout(Rollout.builder().add(other, golden.prompt(3))
                .thinking(Thinking.of(STEPS).alignment(AlignmentKind.ARGMAX).look(Look.ALL))
                .sampling(Sampling.greedy(4)).build()).members().get(0);
            assertThat(thought.thoughts().stream().mapToInt(seen -> seen.likeliest().get(0).token()).toArray())
                .isEqualTo(Arrays.copyOf(written, STEPS));
            assertThat(thought.thoughts()).allSatisfy(seen -> {
                assertThat(seen.nearestToken()).isEqualTo(seen.likeliest().get(0).token());
                assertThat(seen.nearestCosine()).isCloseTo(1, within(1e-5));
            });
            assertThat(thought.tokens()).isEqualTo(Arrays.copyOfRange(written, STEPS, STEPS + 4));
        }
    }

    @Test
    void noiseMakesAThoughtASampleOfItsSeed() {
        Golden golden = Golden.of("tiny-qwen3");
        try (LatentModel model = open(golden)) {
            float[] plain = think(model, golden.prompt(0), SOFT, 1).latents();
            assertThat(think(model, golden.prompt(0), SOFT, 2).latents()).as("without noise a seed changes nothing")
                .isEqualTo(plain);
            for (AlignmentKind kind : List.of(AlignmentKind.SOFT, AlignmentKind.IDENTITY)) {
                Thinking noisy = SOFT.alignment(kind).soft(new Soft(10, 1, 1))
                    .blend(kind == AlignmentKind.SOFT ? 0 : 0.5);
                float[] one = think(model, golden.prompt(0), noisy, 1).latents();
                assertThat(think(model, golden.prompt(0), noisy, 1).latents()).isEqualTo(one).isNotEqualTo(plain);
                assertThat(think(model, golden.prompt(0), noisy, 2).latents()).isNotEqualTo(one);
            }
        }
    }

    /** At full noise the heavier of two mixed tokens is drawn as often as their probabilities say. */
    @Test
    void noiseDrawsByTheProbabilities() throws IOException {
        Golden golden = Golden.of("tiny-qwen3");
        int seeds = 600;
        try (LatentModel model = open(golden)) {
            ReferenceThoughts reference = new ReferenceThoughts(golden, model.info().dModel());
            Thinking drawing = Thinking.of(1).alignment(AlignmentKind.SOFT).soft(new Soft(2, 1, 1)).look(Look.ALL);
            int heavier = 0;
            double expected = 0;
            for (int seed = 0; seed < seeds; seed++) {
                RolloutResult.Member member = think(model, golden.prompt(0), drawing, seed);
                List<Thought.Likely> two = member.thoughts().get(0).likeliest().subList(0, 2);
                double share = reference.share(member.latents(), two.get(0).token(), two.get(1).token());
                assertThat(share).isBetween(-1e-4, 1 + 1e-4);
                heavier += share > 0.5 ? 1 : 0;
                expected = two.get(0).probability() / (two.get(0).probability() + two.get(1).probability());
            }
            assertThat((double) heavier / seeds).isCloseTo(expected, within(0.06)).isLessThan(0.98);
        }
    }

    // --- which alignment

    @Test
    void autoIsSoftWhereEmbeddingsAreTiedAndRidgeWhereTheyAreNot() {
        for (String name : Golden.NAMES) {
            Golden golden = Golden.of(name);
            try (LatentModel model = open(golden)) {
                boolean tied = model.info().tiedEmbeddings();
                assertThat(tied).isEqualTo(List.of("tiny-qwen3", "tiny-llama3").contains(name));
                AlignmentChoice choice = model.autoAlignment();
                assertThat(choice.kind()).isEqualTo(tied ? AlignmentKind.SOFT : AlignmentKind.RIDGE);
                assertThat(choice.why()).isEqualTo(tied ? "embeddings are tied" : String.format(Locale.ROOT,
                    "output weights of their own, ridge is %.3g from identity",
                    model.alignment(AlignmentKind.RIDGE).distanceFromIdentity()));
                assertThat(think(model, golden.prompt(0), Thinking.of(STEPS), 1).latents())
                    .isEqualTo(think(model, golden.prompt(0), SOFT.alignment(choice.kind()), 1).latents());
            }
        }
    }

    /** Untied by name alone: the output embeddings are a copy of the input embeddings. */
    @Test
    void autoIsSoftWhereRidgeIsNearIdentity(@TempDir Path folder) throws IOException {
        Path tied = Golden.of("tiny-qwen3").folder();
        Files.writeString(folder.resolve("config.json"), Files.readString(tied.resolve("config.json"))
            .replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"));
        Safetensors.copyWithTwin(tied.resolve("model.safetensors"), folder.resolve("model.safetensors"),
            "model.embed_tokens.weight", "lm_head.weight");
        try (LatentModel model = open(folder)) {
            assertThat(model.info().tiedEmbeddings()).isFalse();
            assertThat(model.autoAlignment().kind()).isEqualTo(AlignmentKind.SOFT);
            assertThat(model.autoAlignment().why()).matches("output weights of their own, ridge is \\S+ from identity");
            int[] prompt = {1, 2, 3};
            assertThat(think(model, prompt, Thinking.of(STEPS), 1).latents())
                .isEqualTo(think(model, prompt, SOFT, 1).latents());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SOFT", "AUTO", "ARGMAX"})
    void whatIsNoMapOfAHiddenStateIsRefusedAsOne(AlignmentKind kind) {
        try (LatentModel model = open(Golden.of("tiny-qwen3"))) {
            String message = "the alignment " + kind
                + " is no map of a hidden state, expected one of IDENTITY, RIDGE, RANDOM, NONE";
            assertThatThrownBy(() -> model.alignment(kind)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
            assertThatThrownBy(() -> model.align(kind, new float[model.info().dModel()]))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(message);
        }
    }

    // --- what is refused

    static Stream<Arguments> refusals() {
        Thinking some = Thinking.of(1);
        return Stream.of(
            refusal("latentSteps is -1, must not be negative", () -> Thinking.of(-1)),
            refusal("blend is -0.5, must be 0 (none) to 1", () -> some.alignment(AlignmentKind.RIDGE).blend(-0.5)),
            refusal("blend is 1.5, must be 0 (none) to 1", () -> some.alignment(AlignmentKind.RIDGE).blend(1.5)),
            refusal("blend is NaN, must be 0 (none) to 1", () -> some.alignment(AlignmentKind.RIDGE).blend(Double.NaN)),
            refusal("blend is 0.5 with the alignment AUTO, which soft cannot be blended with; take identity, ridge,",
                () -> some.blend(0.5)),
            refusal("blend is 0.5 with the alignment SOFT", () -> some.alignment(AlignmentKind.SOFT).blend(0.5)),
            refusal("blend is 0.5 with the alignment ARGMAX", () -> some.alignment(AlignmentKind.ARGMAX).blend(0.5)),
            refusal("soft topK is 0, must be 1 to 64", () -> new Soft(0, 1, 0)),
            refusal("soft topK is 65, must be 1 to 64", () -> new Soft(65, 1, 0)),
            refusal("soft temperature is 0.0, must be above 0", () -> new Soft(10, 0, 0)),
            refusal("soft temperature is NaN, must be above 0", () -> new Soft(10, Float.NaN, 0)),
            refusal("soft temperature is Infinity, must be", () -> new Soft(10, Float.POSITIVE_INFINITY, 0)),
            refusal("soft noise is -1.0, must be 0 (none) or more", () -> new Soft(10, 1, -1)),
            refusal("soft noise is NaN, must be 0 (none) or more", () -> new Soft(10, 1, Float.NaN)),
            refusal("soft noise is Infinity, must be", () -> new Soft(10, 1, Float.POSITIVE_INFINITY)),
            refusal("entropyBelow is -1.0, must be 0 (off) or more",
                () -> ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(-1, 1)),
            refusal("entropyBelow is NaN, must be 0", () -> ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(Double.NaN, 1)),
            refusal("entropyBelow is Infinity, must be 0", () -> ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(1e300, 1)),
            refusal("entropySteps is 0, must be 1 or more", () -> ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(1, 0)),
            refusal("cosineAbove is 1.5, must be 0 (off) to 1", () -> ThinkUntil.STEPS_ARE_DONE.orCosineAbove(1.5)),
            refusal("cosineAbove is NaN, must be 0", () -> ThinkUntil.STEPS_ARE_DONE.orCosineAbove(Double.NaN)));
    }

    private static Arguments refusal(String message, Runnable making) {
        return Arguments.of(message, making);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void valuesOutsideTheirRangeAreRefusedByName(String message, Runnable making) {
        assertThatThrownBy(making::run).isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith(message);
    }
}
