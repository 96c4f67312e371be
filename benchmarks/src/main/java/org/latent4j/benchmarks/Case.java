package org.latent4j.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One line of the table: a benchmark class with its parameters fixed.
 *
 * @param benchmark what the table calls it
 * @param type the class that measures it
 * @param parameters JMH parameters; those left out take all their values
 * @param operation what one measured operation is, for the reader of the table
 * @param bytes that the limit moves in one operation; 0: arithmetic, not bytes, limits this one, and it runs without a
 *     limit
 */
record Case(String benchmark, Class<?> type, Map<String, String> parameters, String operation, long bytes) {
    Case {
        parameters = new TreeMap<>(parameters);
    }

    String shape() {
        return parameters.get("shape");
    }

    /** All of them, in the order of the table. */
    static List<Case> all() throws IOException {
        List<String> shapes = List.of(Shape.SMOLLM2, Shape.QWEN3);
        List<Case> cases = new ArrayList<>();
        for (String shape : shapes) {
            int kvLength = Integer.parseInt(LatentStepBenchmark.KV_LENGTH);
            cases.add(new Case("latent-step", LatentStepBenchmark.class, Map.of("shape", shape),
                    "1 step after " + kvLength + " positions",
                    LatentStepBenchmark.bytes(Shape.named(shape), kvLength)));
        }
        for (String shape : shapes) {
            for (String rows : List.of(AlignmentBenchmark.ONE, AlignmentBenchmark.MANY)) {
                boolean one = rows.equals(AlignmentBenchmark.ONE);
                cases.add(new Case("alignment", AlignmentBenchmark.class, Map.of("shape", shape, "rows", rows),
                        one ? "1 row" : rows + " rows", one ? AlignmentBenchmark.bytes(Shape.named(shape), 1) : 0));
            }
        }
        for (String parts : List.of(HandOffBenchmark.HAND_OFF, HandOffBenchmark.MERGE)) {
            boolean merges = parts.equals(HandOffBenchmark.MERGE);
            int positions = Integer.parseInt(HandOffBenchmark.POSITIONS);
            for (String shape : shapes) {
                cases.add(new Case(merges ? "merge" : "hand-off", HandOffBenchmark.class,
                        Map.of("shape", shape, "parts", parts),
                        (merges ? parts + " x " : "") + positions + " positions",
                        HandOffBenchmark.bytes(Shape.named(shape), Integer.parseInt(parts), positions)));
            }
        }
        for (String shape : List.of(DecodeBenchmark.EMBEDDED, Shape.QWEN3)) {
            cases.add(new Case("decode", DecodeBenchmark.class, Map.of("shape", shape), "1 token",
                    DecodeBenchmark.bytes(shape)));
        }
        return cases;
    }
}
