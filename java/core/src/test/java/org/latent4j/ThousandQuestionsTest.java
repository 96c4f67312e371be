package org.latent4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.latent4j.agent.Agent;
import org.latent4j.agent.Method;
import org.latent4j.model.ModelOptions;

/**
 * A thousand questions through one model take no more memory than a hundred. Runs in a process of its own: with a heap
 * of one size that is wholly resident from the start, and interpreted, because a compiler at work takes megabytes now
 * and then. What grows is native then.
 */
class ThousandQuestionsTest {
    private static final long ALLOWED_GROWTH = 2L << 20;  // a leak of 2.4 KiB a question is more

    @Test
    @EnabledOnOs(OS.LINUX)
    void residentMemoryIsFlatAfterTheFirstHundred() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xms64m", "-Xmx64m",
            "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-Xint", "-Dl4j.root="
            + System.getProperty("l4j.root", "../.."),
            "-cp", System.getProperty("java.class.path"), ThousandQuestionsTest.class.getName())
            .redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("pages lost: 0\n");
        long growth = Long.parseLong(output.lines().filter(line -> line.startsWith("growth: ")).findFirst()
            .orElseThrow().substring(8));
        assertThat(growth).as("growth of resident memory in bytes").isLessThan(ALLOWED_GROWTH);
    }

    /** The process: asks, and says by how much resident memory grew. */
    public static void main(String[] args) throws IOException {
        ModelOptions options = Golden.options().memoryPositions(4_096).build();
        try (LatentModel model = LatentModel.open(Golden.of("tiny-qwen3").folder().toString(), options)) {
            long free = model.freePages();
            Team latent = Team.builder(model).latentSteps(4).maxNewTokens(4)
                .agents(Agent.of("planner", "Plan: {question}"), Agent.of("judger", "Answer: {question}")).build();
            Team text = Team.builder(model, Method.TEXT).maxNewTokens(4).build();
            long afterHundred = 0;
            for (int i = 1; i <= 1_000; i++) {
                (i % 10 == 0 ? text : latent).ask("what is " + i + " + 30?");
                if (i == 100) {
                    afterHundred = residentBytes();
                }
            }
            System.out.println("growth: " + (residentBytes() - afterHundred));
            System.out.println("pages lost: " + (free - model.freePages()));
        }
    }

    private static long residentBytes() throws IOException {
        List<String> status = Files.readAllLines(Path.of("/proc/self/status"));
        return status.stream().filter(line -> line.startsWith("VmRSS:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10).findFirst().orElseThrow();
    }
}
