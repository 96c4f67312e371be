package org.latent4j.latent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.latent4j.Golden;
import org.latent4j.LatentModel;
import org.latent4j.Machine;
import org.latent4j.memory.KeysAndValues;
import org.latent4j.memory.Memory;
import org.latent4j.memory.MemoryType;

/**
 * Every number of {@code native/tests/data/golden}, from Java: on each checkpoint, instruction set, number of threads;
 * with keys and values in bf16 those that their rounding leaves as they are.
 */
class GoldenTest {
    private static final int LATENT_STEPS = 6;
    private static final int NEW_TOKENS = 16;
    private static final List<AlignmentKind> MAPS = List.of(AlignmentKind.IDENTITY, AlignmentKind.RIDGE);
    private static final List<AlignmentKind> KINDS = List.of(AlignmentKind.IDENTITY, AlignmentKind.RIDGE,
            AlignmentKind.SOFT);

    /** What a run must agree to. */
    private record Rule(double tolerance, boolean tokensEqual) {
        static final Rule EXACT = new Rule(1e-3, true);
        static final Rule ROUNDED = new Rule(3e-2, false);

        /**
         * For numbers that {@code thoughts} latent steps in f32 led to. Under tiny-llama3's random weights each step
         * makes the rounding of the steps before larger: numpy in f64, which rounds nothing, is 0.009 away from its
         * golden chain after 18 steps (0.0007 from its merge). tiny-mistral-swa's do a little of it, beyond 1e-3 only
         * where sums go in another order than the CPU's vectors, or multiply and add in two. Thoughts by soft amplify
         * nothing.
         */
        static Rule after(int thoughts, String name, String level, AlignmentKind kind) {
            if (thoughts <= LATENT_STEPS || kind == AlignmentKind.SOFT) {
                return EXACT;
            }
            boolean otherSums = level.equals("plain") || level.equals("cuda");
            return name.equals("tiny-llama3") ? new Rule(3e-2, true)
                    : name.equals("tiny-mistral-swa") && otherSums ? new Rule(3e-3, true) : EXACT;
        }

        void check(String what, float[] actual, float[] expected) {
            assertThat(actual).as(what).hasSameSizeAs(expected);
            double largest = 0;
            double worst = 0;
            for (int i = 0; i < expected.length; i++) {
                largest = Math.max(largest, Math.abs(expected[i]));
                double off = Math.abs((double) actual[i] - expected[i]);
                worst = off >= worst ? off : Double.isNaN(off) ? Double.POSITIVE_INFINITY : worst;
            }
            assertThat(largest).as(what + " is not all zeros").isPositive();
            assertThat(worst / largest).as(what + ": largest difference by the largest value")
                    .isLessThanOrEqualTo(tolerance);
        }

        void check(String what, int[] actual, int[] expected) {
            assertThat(actual).as(what).hasSameSizeAs(expected);
            if (tokensEqual) {
                assertThat(actual).as(what).isEqualTo(expected);
            }
        }
    }

    static Stream<Arguments> setups() {
        List<Arguments> setups = new ArrayList<>();
        for (String name : Golden.NAMES) {
            for (String level : Golden.device().isCuda() ? List.of("cuda") : Machine.current().levels()) {
                for (int threads = 1; threads <= (Golden.device().isCuda() ? 1 : 2); threads++) {
                    setups.add(Arguments.of(name, level, threads));
                }
            }
        }
        return setups.stream();
    }

    static Stream<String> names() {
        return Golden.NAMES.stream();
    }

    private static LatentModel open(Golden golden, String level, int threads, MemoryType type) {
        return LatentModel.open(golden.folder(),
                Golden.options().cpuLevel(Golden.device().isCuda() ? null : level).threads(threads).memoryType(type)
                        .memoryPositions(4096).build());
    }

    @ParameterizedTest(name = "{0}, {1}, {2} threads")
    @MethodSource("setups")
    void everyTensorIsMet(String name, String level, int threads) {
        Golden golden = Golden.of(name);
        try (LatentModel model = open(golden, level, threads, MemoryType.F32)) {
            long free = model.freePages();
            single(model, golden, Rule.EXACT);
            for (AlignmentKind kind : MAPS) {
                Alignment alignment = model.alignment(kind);
                Rule.EXACT.check("matrix", alignment.matrix(), golden.floats(tag(kind) + "matrix"));
                Rule.EXACT.check("target_norm", new float[] {alignment.targetNorm()},
                        golden.floats(tag(kind) + "target_norm"));
            }
            for (AlignmentKind kind : KINDS) {
                chain(model, golden, kind, thoughts -> Rule.after(thoughts, name, level, kind));
                merge(model, golden, kind, Rule.after(3 * LATENT_STEPS, name, level, kind));
            }
            assertThat(model.freePages()).as("pages given back").isEqualTo(free);
        }
    }

    /**
     * Keys and values rounded to bf16: prompts and first thoughts of every checkpoint. Later thoughts feed the rounding
     * back, which only tiny-qwen3's weights bear; under the others' f64 with nothing else rounded is as far off.
     */
    @ParameterizedTest(name = "{0}, {1}, {2} threads")
    @MethodSource("setups")
    void roundedKeysAndValuesStayClose(String name, String level, int threads) {
        Golden golden = Golden.of(name);
        try (LatentModel model = open(golden, level, threads, MemoryType.BF16)) {
            long free = model.freePages();
            single(model, golden, Rule.ROUNDED);
            for (AlignmentKind kind : MAPS) {
                firstThought(model, golden, kind, Rule.ROUNDED);
                if (name.equals("tiny-qwen3")) {
                    chain(model, golden, kind, thoughts -> Rule.ROUNDED);
                    merge(model, golden, kind, Rule.ROUNDED);
                }
            }
            assertThat(model.freePages()).as("pages given back").isEqualTo(free);
        }
    }

    private static String tag(AlignmentKind kind) {
        return kind.name().toLowerCase(Locale.ROOT) + ".";
    }

    private void single(LatentModel model, Golden golden, Rule rule) {
        try (Memory memory = model.newMemory()) {
            RolloutResult.Member judged = judge(model, memory, golden);
            rule.check("single.logits", judged.logits(), golden.floats("single.logits"));
            rule.check("single.tokens", judged.tokens(), golden.ints("single.tokens"));
        }
    }

    /** One prompt and one thought: no rounding has been fed back yet. */
    private static void firstThought(LatentModel model, Golden golden, AlignmentKind kind, Rule rule) {
        String tag = tag(kind) + "chain.";
        int d = model.info().dModel();
        try (Memory memory = model.newMemory()) {
            RolloutResult.Member first = model.rollout(thinking(kind).latentSteps(1).add(memory, golden.prompt(0))
                    .build()).members().get(0);
            rule.check(tag + "prompt_hidden.0", first.promptHidden(), golden.floats(tag + "prompt_hidden.0"));
            rule.check(tag + "latents.0, first row", first.latents(),
                    Arrays.copyOf(golden.floats(tag + "latents.0"), d));
            rule.check(tag + "hidden.0, first row", first.latentHidden(),
                    Arrays.copyOf(golden.floats(tag + "hidden.0"), d));
        }
    }

    private static RolloutResult.Member judge(LatentModel model, Memory memory, Golden golden) {
        RolloutResult result = model.rollout(
                Rollout.builder().add(memory, golden.prompt(3)).sampling(Sampling.greedy(NEW_TOKENS)).captureLogits()
                        .build());
        assertThat(result.members().get(0).stopReason()).isEqualTo(StopReason.LIMIT);
        return result.members().get(0);
    }

    private static Rollout.Builder thinking(AlignmentKind kind) {
        return Rollout.builder().latentSteps(LATENT_STEPS).alignment(kind).capturePromptHidden().captureLatents();
    }

    private void chain(LatentModel model, Golden golden, AlignmentKind kind, IntFunction<Rule> rules) {
        String tag = tag(kind) + "chain.";
        try (Memory memory = model.newMemory()) {
            for (int agent = 0; agent < 3; agent++) {
                int before = memory.length();
                RolloutResult result = model.rollout(thinking(kind).add(memory, golden.prompt(agent)).build());
                thoughts(result.members().get(0), golden, tag, agent, rules.apply((agent + 1) * LATENT_STEPS));
                assertThat(memory.length()).isEqualTo(before + golden.prompt(agent).length + LATENT_STEPS);
                assertThat(result.figures().latentSteps()).isEqualTo(LATENT_STEPS);
            }
            Rule rule = rules.apply(3 * LATENT_STEPS);
            keysAndValues(model, memory, golden, tag, rule);
            RolloutResult.Member judged = judge(model, memory, golden);
            rule.check(tag + "judger_logits", judged.logits(), golden.floats(tag + "judger_logits"));
            rule.check(tag + "judger_tokens", judged.tokens(), golden.ints(tag + "judger_tokens"));
        }
    }

    private static void thoughts(RolloutResult.Member member, Golden golden, String tag, int agent, Rule rule) {
        if (golden.has(tag + "prompt_hidden." + agent)) { // not of soft
            rule.check(tag + "prompt_hidden." + agent, member.promptHidden(),
                    golden.floats(tag + "prompt_hidden." + agent));
        }
        rule.check(tag + "latents." + agent, member.latents(), golden.floats(tag + "latents." + agent));
        rule.check(tag + "hidden." + agent, member.latentHidden(), golden.floats(tag + "hidden." + agent));
    }

    private static void keysAndValues(LatentModel model, Memory memory, Golden golden, String tag, Rule rule) {
        if (!golden.has(tag + "keys")) { // not of soft
            return;
        }
        float[] keys = golden.floats(tag + "keys");
        float[] values = golden.floats(tag + "values");
        int layers = model.info().nLayers();
        int size = keys.length / layers;
        for (int layer = 0; layer < layers; layer++) {
            KeysAndValues read = memory.readLayer(layer);
            rule.check(tag + "keys of layer " + layer, read.keys(),
                    Arrays.copyOfRange(keys, layer * size, (layer + 1) * size));
            rule.check(tag + "values of layer " + layer, read.values(),
                    Arrays.copyOfRange(values, layer * size, (layer + 1) * size));
        }
    }

    /** Three experts side by side as one ragged batch, then merged. */
    private void merge(LatentModel model, Golden golden, AlignmentKind kind, Rule rule) {
        String tag = tag(kind) + "merge.";
        List<Memory> experts = List.of(model.newMemory(), model.newMemory(), model.newMemory());
        Rollout.Builder rollout = thinking(kind);
        for (int i = 0; i < 3; i++) {
            rollout.add(experts.get(i), golden.prompt(i));
        }
        RolloutResult result = model.rollout(rollout.build());
        thoughts(result.members().get(0), golden, tag(kind) + "chain.", 0, rule);
        try (Memory merged = model.merge(experts)) {
            keysAndValues(model, merged, golden, tag, rule);
            RolloutResult.Member judged = judge(model, merged, golden);
            rule.check(tag + "judger_logits", judged.logits(), golden.floats(tag + "judger_logits"));
            rule.check(tag + "judger_tokens", judged.tokens(), golden.ints(tag + "judger_tokens"));
        }
        experts.forEach(Memory::close);
    }

    /** The chain's agents beside strangers of other lengths, and the same numbers to the last bit. */
    @ParameterizedTest
    @MethodSource("names")
    void companionsChangeNothing(String name) {
        Golden golden = Golden.of(name);
        try (LatentModel model = open(golden, null, 2, MemoryType.F32)) {
            thoughts(run(model, golden, AlignmentKind.RIDGE, 0, true).get(0), golden, "ridge.chain.", 0, Rule.EXACT);
            thoughts(run(model, golden, AlignmentKind.SOFT, 0, true).get(0), golden, "soft.chain.", 0, Rule.EXACT);
            for (AlignmentKind kind : KINDS) {
                companionsChangeNothing(run(model, golden, kind, 0.5f, false), run(model, golden, kind, 0.5f, true));
            }
        }
    }

    private static void companionsChangeNothing(List<RolloutResult.Member> alone, List<RolloutResult.Member> together) {
        for (int i = 0; i < alone.size(); i++) {
            RolloutResult.Member expected = alone.get(i);
            RolloutResult.Member member = together.get(i);
            assertThat(member.promptHidden()).as("member " + i).isEqualTo(expected.promptHidden());
            assertThat(member.latents()).as("member " + i).isEqualTo(expected.latents());
            assertThat(member.latentHidden()).as("member " + i).isEqualTo(expected.latentHidden());
            assertThat(member.thoughts()).as("member " + i).isEqualTo(expected.thoughts()).hasSize(LATENT_STEPS);
            assertThat(member.logits()).as("member " + i).isEqualTo(expected.logits());
            assertThat(member.tokens()).as("member " + i).isEqualTo(expected.tokens()).hasSize(NEW_TOKENS);
        }
        assertThat(together.get(1).tokens()).as("members differ").isNotEqualTo(together.get(2).tokens());
    }

    private static List<RolloutResult.Member> run(LatentModel model, Golden golden, AlignmentKind kind, float noise,
            boolean together) {
        int[] lengths = {golden.prompt(0).length, 1, 3, 17, 30, 2, 9};
        Rollout.Builder batch = null;
        List<Memory> memories = new ArrayList<>();
        List<RolloutResult.Member> members = new ArrayList<>();
        for (int i = 0; i < lengths.length; i++) {
            if (batch == null || !together) {
                batch = thinking(kind).sampling(new Sampling(NEW_TOKENS, 0.9f, 0.95f, 40, new int[0]))
                        .captureLogits().thinking(Thinking.of(LATENT_STEPS).alignment(kind).soft(new Soft(10, 1, noise))
                                .look(Look.ALL));
            }
            memories.add(model.newMemory());
            batch.add(memories.get(i), Arrays.copyOf(golden.prompt(i == 0 ? 0 : i % 3), lengths[i]), 1000 + i);
            if (!together || i == lengths.length - 1) {
                members.addAll(model.rollout(batch.build()).members());
            }
        }
        memories.forEach(Memory::close);
        return members;
    }
}
