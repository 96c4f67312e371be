package org.latent4j.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.latent4j.Golden.code;
import static org.assertj.core.api.Assertions.within;

import java.util.AbstractList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.latent4j.ErrorCode;
import org.latent4j.Golden;
import org.latent4j.LatentModel;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutResult;
import org.latent4j.latent.Sampling;

/** Fork, cut, hand-off and assembly: what is shared, what is copied, what goes on after. */
class MemoryTest {
    private final Golden golden = Golden.of("tiny-llama3");

    private LatentModel open(int pageSize, MemoryType type) {
        return LatentModel.open(golden.folder(),
                Golden.options().threads(2).pageSize(pageSize).memoryType(type).memoryPositions(2048).build());
    }

    private void think(LatentModel model, Memory memory, int agent) {
        model.rollout(Rollout.builder().add(memory, golden.prompt(agent)).latentSteps(6).alignment(AlignmentKind.RIDGE)
                .build());
    }

    private RolloutResult.Member judge(LatentModel model, Memory memory) {
        return model.rollout(Rollout.builder().add(memory, golden.prompt(3)).sampling(Sampling.greedy(16))
                .captureLogits().build())
                .members().get(0);
    }

    @Test
    void aForkSharesPagesUntilOneSideWrites() {
        try (LatentModel model = open(16, MemoryType.F32); Memory memory = model.newMemory()) {
            think(model, memory, 0);
            long free = model.freePages();
            float[] keys = memory.readLayer(2).keys();
            try (Memory fork = memory.fork()) {
                assertThat(model.freePages()).as("a fork copies nothing").isEqualTo(free);
                assertThat(fork.length()).isEqualTo(memory.length()).isEqualTo(40);
                assertThat(fork.hidden()).isEqualTo(memory.hidden());
                think(model, fork, 1);
                assertThat(fork.length()).isEqualTo(80);
                // 40 positions fill two pages of 16 and half of a third: that one is copied, two more are new.
                assertThat(free - model.freePages()).isEqualTo(3);
                assertThat(memory.length()).isEqualTo(40);
                assertThat(memory.readLayer(2).keys()).isEqualTo(keys);
            }
            assertThat(model.freePages()).isEqualTo(free);
        }
    }

    @Test
    void whatWasCutIsAsIfNeverSaid() {
        try (LatentModel model = open(16, MemoryType.F32);
                Memory memory = model.newMemory();
                Memory straight = model.newMemory()) {
            think(model, memory, 0);
            think(model, memory, 1);
            memory.truncate(40);
            assertThat(code(memory::hidden)).isEqualTo(ErrorCode.NO_HIDDEN_STATE);
            think(model, straight, 0);
            RolloutResult.Member expected = judge(model, straight);
            RolloutResult.Member actual = judge(model, memory);
            assertThat(actual.logits()).isEqualTo(expected.logits());
            assertThat(actual.tokens()).isEqualTo(expected.tokens());
            assertThatThrownBy(() -> memory.truncate(memory.length() + 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> memory.truncate(-1)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("-1");
            memory.truncate(0);
            assertThat(memory.length()).isZero();
            assertThat(memory.bytes()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"16, F32, 16, F32", "16, F32, 8, F32", "4, F32, 64, F32", "16, F32, 8, BF16", "16, BF16, 32, F32",
            "8, BF16, 16, BF16"})
    void aHandOffBetweenInstancesKeepsEveryPosition(int fromPage, MemoryType from, int toPage, MemoryType to) {
        try (LatentModel source = open(fromPage, from);
                LatentModel target = open(toPage, to);
                Memory memory = source.newMemory()) {
            for (int agent = 0; agent < 3; agent++) {
                think(source, memory, agent);
            }
            try (Memory adopted = target.adopt(memory)) {
                assertThat(adopted.length()).isEqualTo(memory.length());
                assertThat(adopted.bytes() * (from == MemoryType.F32 ? 2 : 1))
                        .isEqualTo(memory.bytes() * (to == MemoryType.F32 ? 2 : 1));
                // bf16 keeps 8 bits of a number: half a unit of the last of them is lost at most.
                float tolerance = from == MemoryType.F32 && to == MemoryType.BF16 ? 1f / 256 : 0;
                for (int layer = 0; layer < 3; layer++) {
                    same(adopted.readLayer(layer).keys(), memory.readLayer(layer).keys(), tolerance);
                    same(adopted.readLayer(layer).values(), memory.readLayer(layer).values(), tolerance);
                }
                assertThat(code(adopted::hidden)).isEqualTo(ErrorCode.NO_HIDDEN_STATE);
                RolloutResult.Member judged = judge(target, adopted);
                RolloutResult.Member expected = judge(source, memory);
                if (from == to) {
                    // Pages of another size change nothing at all.
                    assertThat(judged.logits()).isEqualTo(expected.logits());
                    assertThat(judged.tokens()).isEqualTo(expected.tokens());
                } else {
                    assertThat(judged.logits()).usingComparatorWithPrecision(3e-2f * largest(expected.logits()))
                            .containsExactly(expected.logits());
                }
                if (from == MemoryType.F32 && to == MemoryType.F32) {
                    assertThat(judged.tokens()).isEqualTo(golden.ints("ridge.chain.judger_tokens"));
                }
            }
        }
    }

    private static float largest(float[] values) {
        float largest = 0;
        for (float x : values) {
            largest = Math.max(largest, Math.abs(x));
        }
        return largest;
    }

    private static void same(float[] actual, float[] expected, float tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        boolean anything = false;
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(tolerance * Math.abs(expected[i])));
            anything |= expected[i] != 0;
        }
        assertThat(anything).isTrue();
    }

    /** A list that another thread adds to, as native code would see it: of another length each time it is asked. */
    @Test
    void aListThatChangesMeanwhileIsReadOnce() {
        try (LatentModel model = open(16, MemoryType.F32); Memory memory = model.newMemory()) {
            think(model, memory, 0);
            List<Span> growing = new AbstractList<>() {
                private int asked;

                @Override
                public int size() {
                    return ++asked == 1 ? 1 : 100_000;
                }

                @Override
                public Span get(int index) {
                    return memory.span(0, 0);
                }
            };
            try (Memory assembled = model.assemble(growing, true)) {
                assertThat(assembled.length()).isZero();
            }
            assertThatThrownBy(() -> model.assemble(java.util.Arrays.asList(memory.all(), null), true))
                    .isInstanceOf(NullPointerException.class).hasMessage("spans[1]");
        }
    }

    @Test
    void aHandOffInOnePoolSharesFullPages() {
        try (LatentModel model = open(16, MemoryType.BF16); Memory memory = model.newMemory()) {
            think(model, memory, 0);
            long free = model.freePages();
            try (Memory adopted = model.adopt(memory)) {
                assertThat(free - model.freePages()).as("pages copied of three").isLessThanOrEqualTo(1);
                assertThat(adopted.readLayer(1).values()).isEqualTo(memory.readLayer(1).values());
            }
        }
    }

    /** Rotating keys away and back gives the keys again; without rotation they stay what they were. */
    @Test
    void spansMoveWithTheirRotation() {
        try (LatentModel model = open(16, MemoryType.F32);
                Memory memory = model.newMemory();
                Memory other = model.newMemory()) {
            think(model, memory, 0);
            think(model, other, 1);
            try (Memory rotated = model.assemble(List.of(other.span(3, 21), memory.span(10, 30)), true);
                    Memory back = model.assemble(List.of(memory.span(0, 10), rotated.span(18, 38)), true);
                    Memory kept = model.assemble(List.of(memory.span(10, 30)), false);
                    Memory nothing = model.assemble(List.of(), true)) {
                assertThat(rotated.length()).isEqualTo(38);
                assertThat(nothing.length()).isZero();
                float[] keys = cut(memory, 10, 30, true);
                float[] moved = cut(rotated, 18, 38, true);
                assertThat(moved).isNotEqualTo(keys);
                float[] returned = cut(back, 10, 30, true);
                for (int i = 0; i < keys.length; i++) {
                    assertThat(returned[i]).isCloseTo(keys[i], within(1e-5f * (1 + Math.abs(keys[i]))));
                }
                assertThat(cut(rotated, 18, 38, false)).isEqualTo(cut(memory, 10, 30, false));
                assertThat(cut(kept, 0, 20, true)).isEqualTo(keys);
            }
            assertThatThrownBy(() -> memory.span(5, 41)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("41");
            Span gone = memory.span(30, 40);
            memory.truncate(35);
            assertThatThrownBy(() -> model.assemble(List.of(gone), true)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("35 positions");
        }
    }

    /** Positions [begin, end) of every head of the last layer. */
    private static float[] cut(Memory memory, int begin, int end, boolean keys) {
        KeysAndValues read = memory.readLayer(2);
        float[] all = keys ? read.keys() : read.values();
        int dim = read.headDim();
        float[] out = new float[read.nKvHeads() * (end - begin) * dim];
        for (int head = 0; head < read.nKvHeads(); head++) {
            System.arraycopy(all, (head * read.length() + begin) * dim, out, head * (end - begin) * dim,
                    (end - begin) * dim);
        }
        return out;
    }

    @Test
    void memoriesOutliveTheirModel() {
        LatentModel model = open(16, MemoryType.F32);
        Memory memory = model.newMemory();
        think(model, memory, 0);
        float[] keys = memory.readLayer(0).keys();
        model.close();
        assertThat(memory.length()).isEqualTo(40);
        assertThat(memory.readLayer(0).keys()).isEqualTo(keys);
        try (LatentModel next = open(8, MemoryType.F32);
                Memory adopted = next.adopt(memory);
                Memory fork = memory.fork()) {
            assertThat(adopted.readLayer(0).keys()).isEqualTo(keys);
            assertThat(fork.length()).isEqualTo(40);
        }
        memory.close();
        memory.close();
        assertThat(code(memory::length)).isEqualTo(ErrorCode.CLOSED);
        assertThat(code(memory::fork)).isEqualTo(ErrorCode.CLOSED);
        assertThat(code(memory::all)).isEqualTo(ErrorCode.CLOSED);
        assertThat(code(memory::hidden)).isEqualTo(ErrorCode.CLOSED);
        assertThat(code(() -> memory.truncate(0))).isEqualTo(ErrorCode.CLOSED);
        assertThat(memory.toString()).isEqualTo("Memory[closed]");
    }

    @Test
    void aForgottenMemoryGivesItsPagesBack() throws InterruptedException {
        try (LatentModel model = open(16, MemoryType.BF16)) {
            long free = model.freePages();
            forget(model);
            assertThat(model.freePages()).as("held until collected, or given back already").isBetween(free - 3, free);
            for (int i = 0; i < 100 && model.freePages() < free; i++) {
                System.gc();
                Thread.sleep(20);
            }
            assertThat(model.freePages()).isEqualTo(free);
        }
    }

    private void forget(LatentModel model) {
        think(model, model.newMemory(), 0);
    }

    @Test
    void anotherShapeIsIncompatible() {
        try (LatentModel model = open(16, MemoryType.F32);
                LatentModel stranger = LatentModel.open(Golden.of("tiny-qwen3").folder(),
                        Golden.options().memoryPositions(256).build());
                Memory memory = stranger.newMemory()) {
            stranger.rollout(Rollout.builder().add(memory, new int[] {1, 2, 3}).build());
            assertThat(code(() -> model.adopt(memory))).isEqualTo(ErrorCode.INCOMPATIBLE_MEMORY);
            assertThatThrownBy(() -> model.rollout(Rollout.builder().add(memory, new int[] {1}).build()))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("member 0");
            assertThat(memory.length()).isEqualTo(3);
        }
    }

    @Test
    void layersOutsideAreRefused() {
        try (LatentModel model = open(16, MemoryType.F32); Memory memory = model.newMemory()) {
            assertThatThrownBy(() -> memory.readLayer(3)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("layer 3");
            assertThatThrownBy(() -> memory.readLayer(-1)).isInstanceOf(IllegalArgumentException.class);
            assertThat(memory.readLayer(0).keys()).isEmpty();
        }
    }
}
