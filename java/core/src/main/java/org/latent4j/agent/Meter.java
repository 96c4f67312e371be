package org.latent4j.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.latent4j.AgentTrace;
import org.latent4j.Answer;
import org.latent4j.Figures;
import org.latent4j.ThinkingFigures;
import org.latent4j.latent.StopReason;
import org.latent4j.latent.ThinkEnd;

/** Adds up what one question takes while its team works. */
final class Meter {
    private final long startNanos;
    private final List<AgentTrace> traces = new ArrayList<>();
    private double prefillSeconds;
    private double thinkSeconds;
    private double decodeSeconds;
    private double answerBeginSeconds;
    private double firstTokenSeconds;
    private long handedOverBytes;
    private long peakMemoryBytes;
    private int[] readerTokens = {};
    private String text = "";
    private StopReason stopReason = StopReason.NONE;
    private TeamPlan plan;

    Meter(long startNanos) {
        this.startNanos = startNanos;
    }

    /** The question is answered by this plan. */
    void follows(TeamPlan followed) {
        plan = followed;
    }

    void add(AgentTrace trace) {
        traces.add(trace);
    }

    void handedOver(long bytes) {
        handedOverBytes += bytes;
    }

    /** The question's memories, all together, come to so many bytes just now. */
    void held(long bytes) {
        peakMemoryBytes = Math.max(peakMemoryBytes, bytes);
    }

    void took(double prefill, double think, double decode) {
        prefillSeconds += prefill;
        thinkSeconds += think;
        decodeSeconds += decode;
    }

    void answerBegins() {
        answerBeginSeconds = elapsedSeconds();
    }

    void answered(String answer, StopReason reason, int[] seenTokens, double firstToken) {
        text = answer;
        stopReason = reason;
        readerTokens = seenTokens;
        firstTokenSeconds = firstToken == 0 ? 0 : answerBeginSeconds + firstToken;
    }

    /** @param thinking what agents were to think by; empty if nobody was to */
    Answer answer(String question, TaskKind task, Optional<DecidedThinking> thinking) {
        Repetition repetition = Repetition.of(readerTokens);
        int latentSteps = sum(AgentTrace::latentSteps);
        Figures figures = new Figures(sum(AgentTrace::promptTokens), latentSteps,
            thinking.map(DecidedThinking::alignment), lastCosine(), sum(AgentTrace::decodedTokens),
            readerTokens.length, repetition.distinct(), repetition.cycle(), handedOverBytes, prefillSeconds,
            thinkSeconds, decodeSeconds, firstTokenSeconds, elapsedSeconds(), peakMemoryBytes,
            thinking.map(this::figures));
        Warnings warnings = new Warnings(figures, plan.sampling(), plan.thinking().latentSteps());
        return new Answer(question, text, AnswerExtraction.extract(task, text), stopReason, figures,
            warnings.of(text, stopReason), traces);
    }

    /** Of each agent's last thought, the one that is seen whether or not all are: the figure is the same then. */
    private double lastCosine() {
        return traces.stream().map(AgentTrace::thoughts).filter(thoughts -> !thoughts.isEmpty())
            .mapToDouble(thoughts -> thoughts.get(thoughts.size() - 1).nearestCosine()).min().orElse(Double.NaN);
    }

    private ThinkingFigures figures(DecidedThinking thinking) {
        List<ThinkEnd> ends = traces.stream().flatMap(trace -> trace.thinkEnd().stream()).toList();
        return new ThinkingFigures(thinking.settings(), ends.size() * thinking.settings().latentSteps(), ends,
            thinking.alignmentSeconds());
    }

    private int sum(ToIntFunction<AgentTrace> count) {
        return traces.stream().mapToInt(count).sum();
    }

    private double elapsedSeconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }
}
