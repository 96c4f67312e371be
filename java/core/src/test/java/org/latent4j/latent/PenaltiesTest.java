package org.latent4j.latent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.latent4j.Golden;
import org.latent4j.LatentModel;
import org.latent4j.Team;
import org.latent4j.agent.Agent;
import org.latent4j.agent.Method;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;
import org.latent4j.text.ChatMessage;

/** What earlier tokens do to the next one, and whose wish is followed: the caller's, else the checkpoint's. */
class PenaltiesTest {
    /** By numpy in double precision, the prompt {@code hello there}; without a penalty the 14th token is another. */
    private static final int[] PENALIZED = {463, 170, 286, 281, 458, 151, 46, 427, 278, 339, 445, 454, 332, 496, 111,
        98, 427, 288, 97, 417};
    private static final int[] PLAIN = {463, 170, 286, 281, 458, 151, 46, 427, 278, 339, 445, 454, 332, 332, 496, 111,
        286, 169, 134, 134};

    private static LatentModel model;

    @BeforeAll
    static void open() {
        model = open(Golden.of("tiny-llama3").folder());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static LatentModel open(Path folder) {
        return LatentModel.open(folder, Golden.options().memoryType(MemoryType.F32).memoryPositions(4096).build());
    }

    private static int[] helloThere() {
        return model.tokenizer().encode(model.chatTemplate().render(List.of(ChatMessage.user("hello there")),
                Map.of()));
    }

    private static int[] decode(Sampling sampling) {
        try (Memory memory = model.newMemory()) {
            return model.rollout(Rollout.builder().add(memory, helloThere()).sampling(sampling).build()).tokens(0);
        }
    }

    @Test
    void theRepetitionPenaltyOfTheReference() {
        assertThat(helloThere()).startsWith(1, 89, 87, 262, 203, 264, 80, 80, 83, 263, 76, 262, 73, 2);
        Sampling greedy = Sampling.greedy(20);
        assertThat(decode(greedy)).isEqualTo(PLAIN);
        assertThat(decode(greedy.withPenalties(Penalties.none().withRepetition(1.3f)))).isEqualTo(PENALIZED);
    }

    @Test
    void eachPenaltyReachesTheDecoder() {
        Sampling greedy = Sampling.greedy(20);
        Penalties none = Penalties.none();
        assertThat(IntStream.of(decode(greedy.withPenalties(none.withNoRepeatNgram(1)))).distinct().count())
                .isEqualTo(20);
        assertThat(IntStream.of(decode(greedy.withPenalties(none.withPresence(2)))).distinct().count())
                .isGreaterThan(Arrays.stream(PLAIN).distinct().count());
        assertThat(decode(greedy.withPenalties(none.withFrequency(-2)))).isNotEqualTo(PLAIN);
        assertThat(decode(greedy.withPenalties(none.withSuppressed(332, 286)))).doesNotContain(332, 286);
        int[] otherwise = decode(greedy.withPenalties(none.withSuppressedFirst(463)));
        assertThat(otherwise[0]).isNotEqualTo(463);
        Sampling hot = new Sampling(20, 3, 1, 0, new int[0]);
        assertThat(decode(hot)).isNotEqualTo(PLAIN);
        assertThat(decode(hot.withMinP(1))).isEqualTo(PLAIN);
    }

    /** Nothing is left to decode: that ends the member, with a reason of its own. */
    @Test
    void whereNoTokenIsLeftTheMemberEnds() {
        int[] allButOne = IntStream.range(0, model.info().vocabularySize()).filter(token -> token != 463).toArray();
        for (float temperature : new float[] {0, 1}) {
            Sampling sampling = new Sampling(20, temperature, 1, 0, new int[0])
                .withPenalties(Penalties.none().withSuppressed(allButOne).withNoRepeatNgram(1));
            try (Memory memory = model.newMemory()) {
                RolloutResult.Member member = model.rollout(Rollout.builder().add(memory, helloThere())
                    .sampling(sampling).build()).members().get(0);
                assertThat(member.tokens()).containsExactly(463);
                assertThat(member.stopReason()).isEqualTo(StopReason.NO_TOKEN);
                assertThat(memory.length()).isEqualTo(helloThere().length);
                RolloutResult.Member none = model.rollout(Rollout.builder().add(memory, new int[] {463})
                    .sampling(sampling).build()).members().get(0);
                assertThat(none.tokens()).isEmpty();
                assertThat(none.stopReason()).isEqualTo(StopReason.NO_TOKEN);
            }
        }
    }

    @Test
    void capturedLogitsAreTheModelsOwn() {
        float[][] logits = new float[2][];
        for (int i = 0; i < 2; i++) {
            try (Memory memory = model.newMemory()) {
                logits[i] = model.rollout(Rollout.builder().add(memory, helloThere()).captureLogits()
                        .sampling(Sampling.greedy(1).withPenalties(Penalties.none().withRepetition(1 + i))).build())
                        .members().get(0).logits();
            }
        }
        assertThat(logits[1]).isEqualTo(logits[0]);
    }

    @Test
    void aTeamDoesWhatTheCheckpointSaysUnlessItIsTold(@TempDir Path folder) throws IOException {
        Path golden = Golden.of("tiny-llama3").folder();
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(golden.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("generation_config.json"),
                "{\"eos_token_id\": 2, \"repetition_penalty\": 1.3, \"min_p\": 0.05, \"suppress_tokens\": [7]}");
        try (LatentModel own = open(folder)) {
            Sampling asked = team(own).build().plan().sampling();
            assertThat(asked.penalties()).isEqualTo(Penalties.none().withRepetition(1.3f).withSuppressed(7));
            assertThat(asked.minP()).isEqualTo(0.05f);
            String penalized = own.tokenizer().decode(PENALIZED);
            String plain = own.tokenizer().decode(PLAIN);
            assertThat(team(own).build().ask("hello there").text()).isEqualTo(penalized);
            assertThat(team(own).repetitionPenalty(1).build().ask("hello there").text()).isEqualTo(plain);
            Sampling told = team(own).repetitionPenalty(1.1).presencePenalty(0.5).frequencyPenalty(0.25)
                    .noRepeatNgram(5).suppressTokens(8, 9).suppressFirstTokens(10).minP(0).build().plan().sampling();
            assertThat(told.penalties())
                    .isEqualTo(new Penalties(1.1f, 0.5f, 0.25f, 5, List.of(8, 9), List.of(10)));
            assertThat(told.minP()).isZero();
        }
    }

    private static Team.Builder team(LatentModel on) {
        return Team.builder(on, Method.SINGLE).agents(Agent.of("one", "{question}")).temperature(0).maxNewTokens(20);
    }

    @Test
    void valuesOutOfRangeAreRefusedWithTheValue() {
        Penalties none = Penalties.none();
        for (float value : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatIllegalArgumentException().isThrownBy(() -> none.withRepetition(value))
                    .withMessageContaining("repetition penalty is " + value);
        }
        for (float value : new float[] {-2.5f, 2.5f, Float.NaN}) {
            assertThatIllegalArgumentException().isThrownBy(() -> none.withPresence(value))
                    .withMessageContaining("presence penalty is " + value);
            assertThatIllegalArgumentException().isThrownBy(() -> none.withFrequency(value))
                    .withMessageContaining("frequency penalty is " + value);
            assertThatIllegalArgumentException().isThrownBy(() -> Sampling.none().withMinP(value))
                    .withMessageContaining("minP is " + value);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> none.withNoRepeatNgram(-1)).withMessageContaining("-1");
        int vocabulary = model.info().vocabularySize();
        for (int token : new int[] {-1, vocabulary}) {
            assertThatThrownBy(() -> decode(Sampling.greedy(1).withPenalties(none.withSuppressed(3, token))))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("token " + token);
        }
        int[] all = IntStream.range(0, vocabulary).toArray();
        int[] some = Arrays.copyOf(all, 100);
        int[] others = Arrays.copyOfRange(all, 100, vocabulary);
        assertThatThrownBy(() -> decode(Sampling.greedy(1)
                .withPenalties(none.withSuppressed(some).withSuppressedFirst(others))))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("all " + vocabulary);
        assertThatIllegalArgumentException().isThrownBy(() -> team(model).frequencyPenalty(3).build())
                .withMessageContaining("frequency penalty is 3.0");
    }
}
