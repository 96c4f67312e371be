package org.latent4j.latent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.latent4j.Golden;
import org.latent4j.LatentModel;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;

/** Members that stop thinking before their steps are done: each for itself, and exactly where its thoughts say. */
class ThinkUntilTest {
    private static final int STEPS = 16;
    private static final int MEMBERS = 5;

    private final Golden golden = Golden.of("tiny-qwen3");
    private LatentModel model;
    private long free;
    private final List<Memory> memories = new ArrayList<>();

    @BeforeEach
    void open() {
        model = LatentModel.open(golden.folder(), Golden.options().threads(2).memoryType(MemoryType.F32)
            .memoryPositions(32768).build());
        free = model.freePages();
    }

    @AfterEach
    void close() {
        memories.forEach(Memory::close);
        assertThat(model.freePages()).isEqualTo(free);
        model.close();
    }

    private static int[] prompt(Golden golden, int member) {
        int[] whole = golden.prompt(member % 4);
        return member < 4 ? whole : Arrays.copyOf(whole, whole.length / 2);
    }

    private Rollout.Builder batch(Thinking thinking, Sampling sampling) {
        Rollout.Builder rollout = Rollout.builder().thinking(thinking).sampling(sampling).captureLatents();
        for (int i = 0; i < MEMBERS; i++) {
            memories.add(model.newMemory());
            rollout.add(memories.get(memories.size() - 1), prompt(golden, i), 10 + i);
        }
        return rollout;
    }

    /** Noisy, so that thoughts neither settle nor are alike. */
    private static Thinking thinking(AlignmentKind kind) {
        Soft soft = kind == AlignmentKind.IDENTITY ? Soft.DEFAULT : new Soft(10, 1, 0.5f);
        return Thinking.of(STEPS).alignment(kind).soft(soft).look(Look.ALL);
    }

    /** A bound that lies amid what was seen, as far from any of it as may be there. */
    private static double amid(DoubleStream seen) {
        double[] sorted = seen.filter(x -> !Double.isNaN(x)).sorted().toArray();
        int at = sorted.length / 2;
        for (int i = sorted.length / 4; i < sorted.length * 3 / 4; i++) {
            at = sorted[i + 1] - sorted[i] > sorted[at + 1] - sorted[at] ? i : at;
        }
        return (sorted[at] + sorted[at + 1]) / 2;
    }

    private record End(int steps, ThinkEnd why) {
        /** Where thoughts that nothing stopped would have been stopped. */
        static End of(List<Thought> thoughts, ThinkUntil until, Set<Integer> endTokens) {
            int low = 0;
            for (Thought thought : thoughts) {
                low = thought.entropy() < until.entropyBelow() ? low + 1 : 0;
                if (until.atEndToken() && endTokens.contains(thought.likeliest().get(0).token())) {
                    return new End(thought.step(), ThinkEnd.END_TOKEN);
                }
                if (until.entropyBelow() > 0 && low >= until.entropySteps()) {
                    return new End(thought.step(), ThinkEnd.ENTROPY);
                }
                if (until.cosineAbove() > 0 && thought.stepCosine() > until.cosineAbove()) {
                    return new End(thought.step(), ThinkEnd.FIXED_POINT);
                }
            }
            return new End(thoughts.size(), ThinkEnd.STEPS);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SOFT", "IDENTITY", "ARGMAX"})
    void eachMemberStopsWhereItsOwnThoughtsSay(AlignmentKind kind) {
        Thinking thinking = thinking(kind);
        List<RolloutResult.Member> whole = model.rollout(batch(thinking, Sampling.none()).build()).members();
        List<Thought> seen = whole.stream().flatMap(member -> member.thoughts().stream()).toList();
        double entropy = amid(seen.stream().mapToDouble(Thought::entropy));
        double cosine = amid(seen.stream().mapToDouble(Thought::stepCosine).filter(x -> x > 0));
        int endToken = whole.get(1).thoughts().get(3).likeliest().get(0).token();
        ThinkUntil none = ThinkUntil.STEPS_ARE_DONE;
        Set<ThinkEnd> ends = new TreeSet<>();
        for (ThinkUntil until : List.of(none, none.orEntropyBelow(entropy, 1), none.orEntropyBelow(entropy, 2),
                none.orEntropyBelow(entropy, 3), none.orCosineAbove(cosine), none.orEndToken(),
                none.orEntropyBelow(entropy, 2).orCosineAbove(cosine).orEndToken())) {
            ends.addAll(stopsWhereSaid(thinking.until(until), whole, endToken));
        }
        assertThat(ends).as("every way to end is met").contains(ThinkEnd.values());
    }

    private Set<ThinkEnd> stopsWhereSaid(Thinking thinking, List<RolloutResult.Member> whole, int endToken) {
        int first = memories.size();
        int d = model.info().dModel();
        RolloutResult result = model.rollout(batch(thinking, Sampling.greedy(0, 511, endToken)).build());
        int sum = 0;
        for (int i = 0; i < MEMBERS; i++) {
            RolloutResult.Member member = result.members().get(i);
            End end = End.of(whole.get(i).thoughts(), thinking.until(), Set.of(511, endToken));
            assertThat(new End(member.latentSteps(), member.thinkEnd())).as("%s, member %d", thinking.until(), i)
                .isEqualTo(end);
            assertThat(member.thoughts()).isEqualTo(whole.get(i).thoughts().subList(0, end.steps()));
            assertThat(member.latents()).isEqualTo(Arrays.copyOf(whole.get(i).latents(), end.steps() * d));
            assertThat(member.latentHidden()).isEqualTo(Arrays.copyOf(whole.get(i).latentHidden(), end.steps() * d));
            assertThat(memories.get(first + i).length()).isEqualTo(prompt(golden, i).length + end.steps());
            sum += end.steps();
        }
        assertThat(result.figures().latentSteps()).isEqualTo(sum);
        return result.members().stream().map(RolloutResult.Member::thinkEnd).collect(Collectors.toSet());
    }

    /** After a stop all is as if just those steps had been asked for: memory, hidden state, and what is decoded. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStoppedMemberIsOneOfFewerSteps(boolean decodes) {
        Thinking thinking = thinking(AlignmentKind.SOFT);
        double entropy = amid(model.rollout(batch(thinking, Sampling.none()).build()).members().stream()
            .flatMap(member -> member.thoughts().stream()).mapToDouble(Thought::entropy));
        Sampling sampling = decodes ? new Sampling(12, 0.8f, 0.95f, 0, new int[0]) : Sampling.none();
        int first = memories.size();
        RolloutResult stopped = model.rollout(batch(thinking
            .until(ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(entropy, 2)), sampling).build());
        assertThat(stopped.members().stream().map(RolloutResult.Member::latentSteps).distinct().count())
            .as("members stop at steps of their own").isGreaterThan(1);
        for (int i = 0; i < MEMBERS; i++) {
            RolloutResult.Member member = stopped.members().get(i);
            try (Memory exact = model.newMemory()) {
                RolloutResult expected = model.rollout(Rollout.builder().add(exact, prompt(golden, i), 10 + i)
                    .thinking(thinking.latentSteps(member.latentSteps())).sampling(sampling).build());
                assertThat(member.tokens()).isEqualTo(expected.tokens(0)).hasSize(decodes ? 12 : 0);
                assertThat(memories.get(first + i).length()).isEqualTo(exact.length());
                assertThat(memories.get(first + i).hidden()).isEqualTo(exact.hidden());
                for (int layer = 0; layer < model.info().nLayers(); layer++) {
                    assertThat(memories.get(first + i).readLayer(layer).keys())
                        .isEqualTo(exact.readLayer(layer).keys());
                }
            }
        }
    }

    @Test
    void aBoundThatEverythingMeetsLeavesNoStep() {
        RolloutResult result = model.rollout(batch(Thinking.of(STEPS).look(Look.LAST)
            .until(ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(1000, 1)), Sampling.greedy(3)).build());
        assertThat(result.figures().latentSteps()).isZero();
        for (int i = 0; i < MEMBERS; i++) {
            assertThat(result.members().get(i).latentSteps()).isZero();
            assertThat(result.members().get(i).thinkEnd()).isEqualTo(ThinkEnd.ENTROPY);
            assertThat(result.members().get(i).thoughts()).isEmpty();
            assertThat(result.members().get(i).latents()).isEmpty();
            assertThat(result.tokens(i)).hasSize(3);
        }
    }

    /** Without end tokens none is ever the likeliest. */
    @Test
    void anEndTokenThatIsNoneIsRefused() {
        Rollout.Builder none = batch(Thinking.of(STEPS).until(ThinkUntil.STEPS_ARE_DONE.orEndToken()),
            Sampling.none());
        assertThatIllegalArgumentException().isThrownBy(none::build).withMessageContaining("until.atEndToken")
            .withMessageContaining("sampling.endTokens");
        assertThat(none.latentSteps(0).build().thinking().until().atEndToken()).as("nothing to end").isTrue();
    }

    /** A listener hears of the steps that were done, not of those that were asked for. */
    @ParameterizedTest
    @ValueSource(ints = {0, 4})
    void theLastStepToldIsTheLastDone(int newTokens) {
        for (int steps = 1; steps <= 5; steps++) {
            List<Integer> told = new ArrayList<>();
            RolloutResult result = model.rollout(batch(Thinking.of(STEPS)
                .until(ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(1000, steps)), Sampling.greedy(newTokens)).build(),
                new RolloutListener() {
                    @Override
                    public void onProgress(Phase phase, int step) {
                        if (phase == Phase.THINK) {
                            told.add(step);
                        }
                    }
                });
            int done = steps - 1;
            assertThat(result.members()).extracting(RolloutResult.Member::latentSteps).containsOnly(done);
            assertThat(told).isSorted().doesNotHaveDuplicates();
            assertThat(told).isSubsetOf(IntStream.rangeClosed(1, done).boxed().toList());
            assertThat(told.isEmpty() ? 0 : told.get(told.size() - 1)).isEqualTo(done);
        }
    }

    @Test
    void anInterruptEndsThinkingThatNothingStops() {
        int[] prompt = golden.prompt(1);
        Memory memory = model.newMemory();
        memories.add(memory);
        model.rollout(Rollout.builder().add(memory, prompt).build());
        float[] hidden = memory.hidden();
        Thread caller = Thread.currentThread();
        assertThatThrownBy(() -> model.rollout(Rollout.builder().add(memory, prompt)
            .thinking(Thinking.of(3900).until(ThinkUntil.STEPS_ARE_DONE.orEntropyBelow(1e-9, 1))).build(),
            new RolloutListener() {
                @Override
                public void onProgress(Phase phase, int step) {
                    if (phase == Phase.THINK) {
                        caller.interrupt();
                    }
                }
            })).hasMessageStartingWith("[CANCELLED] ");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(memory.length()).isEqualTo(prompt.length);
        assertThat(memory.hidden()).isEqualTo(hidden);
    }
}
