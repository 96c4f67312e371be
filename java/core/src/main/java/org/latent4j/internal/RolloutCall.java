package org.latent4j.internal;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Look;
import org.latent4j.latent.Penalties;
import org.latent4j.latent.Phase;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutFigures;
import org.latent4j.latent.RolloutListener;
import org.latent4j.latent.RolloutResult;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.Soft;
import org.latent4j.latent.StopReason;
import org.latent4j.latent.ThinkEnd;
import org.latent4j.latent.ThinkUntil;
import org.latent4j.latent.Thinking;
import org.latent4j.latent.Thought;
import org.latent4j.model.ModelInfo;

/**
 * One rollout: checks the arguments, lays them out off-heap once, runs it, hears what the listener keeps of it, copies
 * the result out, and only then commits. Nothing of Java runs per step.
 */
final class RolloutCall {
    private final NativeModel model;
    private final ModelInfo info;
    private final Rollout rollout;
    private final Thinking thinking;
    private final int n;
    private final int[][] prompts;
    private final int promptTokens;
    private final int maxNewTokens;
    private final int[] endTokens;

    private boolean isRead;  // by a listener that did not end: what is off-heap stays its own

    // Off-heap, of one arena.
    private Control control;
    private Native.l4j_rollout_args args;
    private Native.l4j_rollout_figures figures;
    private ByteBuffer newTokens;     // [n, maxNewTokens]
    private ByteBuffer stopReasons;   // [n]
    private ByteBuffer kept;          // [n]
    private ByteBuffer promptHidden;  // [promptTokens, dModel]
    private ByteBuffer latentSteps;   // [n]
    private ByteBuffer thinkEnds;     // [n]
    private ByteBuffer thoughts;      // [n, latentSteps] l4j_thought
    private ByteBuffer latents;       // [n, latentSteps, dModel]
    private ByteBuffer latentHidden;  // [n, latentSteps, dModel]
    private ByteBuffer logits;        // [n, vocab]

    RolloutCall(NativeModel model, Rollout rollout) {
        this.model = model;
        this.rollout = rollout;
        thinking = rollout.thinking();
        info = model.info();
        n = rollout.members().size();
        prompts = new int[n][];
        Sampling sampling = rollout.sampling();
        endTokens = sampling.endTokens();
        // One more than a context can hold, so that the reason stays the context and not the limit.
        maxNewTokens = Math.min(sampling.maxNewTokens(), info.maxPositions() + 1);
        long total = 0;
        for (int i = 0; i < n; i++) {
            prompts[i] = checked(i);
            total += prompts[i].length;
        }
        checkSuppressed(sampling.penalties());
        promptTokens = (int) Math.min(total, Integer.MAX_VALUE);  // more than an arena holds, which says so
    }

    /** A member's prompt, if it and its memory fit this model. */
    private int[] checked(int member) {
        if (NativeMemory.of(rollout.members().get(member).memory()).model() != model) {
            throw new IllegalArgumentException("member " + member
                    + " has a memory of another model instance; adopt() it first");
        }
        int[] prompt = rollout.members().get(member).promptTokens();
        long positions = (long) prompt.length + thinking.latentSteps();
        if (positions > info.maxPositions()) { // before room is made for what they would give
            throw new LatentException(ErrorCode.CONTEXT_EXCEEDED, "member " + member + " needs " + positions
                    + " positions (" + prompt.length + " prompt tokens, latentSteps " + thinking.latentSteps()
                    + "), the context holds " + info.maxPositions());
        }
        for (int at = 0; at < prompt.length; at++) {
            if (prompt[at] < 0 || prompt[at] >= info.vocabularySize()) {
                throw new IllegalArgumentException("token " + prompt[at] + " at index " + at + " of member " + member
                        + " is outside the vocabulary, 0 to " + (info.vocabularySize() - 1));
            }
        }
        return prompt;
    }

    private void checkSuppressed(Penalties penalties) {
        Set<Integer> tokens = new HashSet<>(penalties.suppressed());
        tokens.addAll(penalties.suppressedFirst());
        for (int token : tokens) {
            if (token < 0 || token >= info.vocabularySize()) {
                throw new IllegalArgumentException("suppressed token " + token + " is outside the vocabulary, 0 to "
                        + (info.vocabularySize() - 1));
            }
        }
        if (tokens.size() == info.vocabularySize()) {
            throw new IllegalArgumentException("all " + info.vocabularySize()
                    + " tokens are suppressed, one at least must be left");
        }
    }

    RolloutResult run(RolloutListener listener) {
        List<Handle<?>> held = new ArrayList<>();
        try {
            Native.l4j_model pointer = model.handle().acquire();
            held.add(model.handle());
            List<Native.l4j_memory> memories = new ArrayList<>();
            for (Rollout.Member member : rollout.members()) {
                Handle<Native.l4j_memory> handle = NativeMemory.of(member.memory()).handle();
                memories.add(handle.acquire());
                held.add(handle);
            }
            Arena arena = model.arena(bytes());
            try {
                layOut(arena, memories);
                return call(pointer, listener);
            } finally {
                if (!isRead) {
                    model.recycle(arena);
                }
            }
        } finally {
            held.forEach(Handle::release);
        }
    }

    private long bytes() {
        Penalties penalties = rollout.sampling().penalties();
        return Arena.padded(Pointer.sizeof(Native.l4j_rollout_args.class))
                + Arena.padded(Pointer.sizeof(Native.l4j_rollout_figures.class))
                + Control.bytes(n) + 2 * Arena.padded(8L * n) + Arena.padded(4L * n)
                + Arena.padded(4L * promptTokens) + Arena.padded(4L * (n + 1)) + Arena.padded(4L * endTokens.length)
                + Arena.padded(4L * n * maxNewTokens) + 3 * Arena.padded(4L * n)
                + Arena.padded(Pointer.sizeof(Native.l4j_penalties.class))
                + Arena.padded(4L * penalties.suppressed().size())
                + Arena.padded(4L * penalties.suppressedFirst().size())
                + (looks() ? Arena.padded(SeenThoughts.BYTES * n * thinking.latentSteps()) : 0)
                + (rollout.capturesPromptHidden() ? Arena.padded(4L * promptTokens * info.dModel()) : 0)
                + (rollout.capturesLatents() ? 2 * Arena.padded(latentBytes()) : 0)
                + (rollout.capturesLogits() ? Arena.padded(4L * n * info.vocabularySize()) : 0);
    }

    private boolean looks() {
        return thinking.look() != Look.NONE && thinking.latentSteps() > 0;
    }

    private long latentBytes() {
        return 4L * n * thinking.latentSteps() * info.dModel();
    }

    private void layOut(Arena arena, List<Native.l4j_memory> memories) {
        args = new Native.l4j_rollout_args(new BytePointer(arena.take(Pointer.sizeof(Native.l4j_rollout_args.class))));
        figures = new Native.l4j_rollout_figures(
                new BytePointer(arena.take(Pointer.sizeof(Native.l4j_rollout_figures.class))));
        control = new Control(arena, n);
        ByteBuffer addresses = arena.take(8L * n);
        ByteBuffer seeds = arena.take(8L * n);
        ByteBuffer tokens = arena.take(4L * promptTokens);
        ByteBuffer offsets = arena.take(4L * (n + 1));
        ByteBuffer ends = arena.take(4L * endTokens.length);
        newTokens = arena.take(4L * n * maxNewTokens);
        stopReasons = arena.take(4L * n);
        kept = arena.take(4L * n);
        int offset = 0;
        for (int i = 0; i < n; i++) {
            addresses.putLong(8 * i, memories.get(i).address());
            seeds.putLong(8 * i, rollout.members().get(i).seed());
            tokens.asIntBuffer().put(offset, prompts[i]);
            offset += prompts[i].length;
            offsets.putInt(4 * (i + 1), offset);
        }
        ends.asIntBuffer().put(0, endTokens);
        args.n_sequences(n).memories(new PointerPointer<>(new BytePointer(addresses))).tokens(ints(tokens))
                .token_offsets(ints(offsets)).n_latent_steps(thinking.latentSteps())
                .alignment(nativeKind(thinking.alignment())).seeds(new LongPointer(new BytePointer(seeds)))
                .end_tokens(ints(ends)).n_end_tokens(endTokens.length)
                .new_tokens(ints(newTokens)).stop_reasons(ints(stopReasons));
        Sampling sampling = rollout.sampling();
        args.max_new_tokens(maxNewTokens).temperature(sampling.temperature()).top_p(sampling.topP())
                .top_k(sampling.topK()).min_p(sampling.minP());
        layOutThinking(arena);
        layOutPenalties(arena, sampling.penalties());
        layOutCaptures(arena);
    }

    private void layOutPenalties(Arena arena, Penalties penalties) {
        if (penalties.equals(Penalties.none())) {
            return;
        }
        Native.l4j_penalties struct = new Native.l4j_penalties(
                new BytePointer(arena.take(Pointer.sizeof(Native.l4j_penalties.class))));
        struct.repetition(penalties.repetition()).presence(penalties.presence()).frequency(penalties.frequency())
                .no_repeat_ngram(penalties.noRepeatNgram())
                .suppressed(ints(arena, penalties.suppressed())).n_suppressed(penalties.suppressed().size())
                .suppressed_first(ints(arena, penalties.suppressedFirst()))
                .n_suppressed_first(penalties.suppressedFirst().size());
        args.penalties(struct);
    }

    private static IntPointer ints(Arena arena, List<Integer> values) {
        ByteBuffer buffer = arena.take(4L * values.size());
        values.forEach(buffer::putInt);
        buffer.rewind();
        return ints(buffer);
    }

    /** {@link AlignmentKind#ARGMAX} is soft of one token. */
    private static int nativeKind(AlignmentKind kind) {
        return kind == AlignmentKind.ARGMAX ? AlignmentKind.SOFT.ordinal() : kind.ordinal();
    }

    private void layOutThinking(Arena arena) {
        Soft soft = thinking.mixture();
        args.soft().top_k(thinking.alignment() == AlignmentKind.ARGMAX ? 1 : soft.topK())
                .temperature(soft.temperature()).noise(soft.noise()).share(thinking.blend());
        ThinkUntil until = thinking.until();
        args.think_stop().entropy_below(until.entropyBelow()).entropy_steps(until.entropySteps())
                .cosine_above(until.cosineAbove()).at_end_token(until.atEndToken() ? 1 : 0);
        latentSteps = arena.take(4L * n);
        thinkEnds = arena.take(4L * n);
        args.latent_steps(ints(latentSteps)).think_ends(ints(thinkEnds));
        if (looks()) {
            thoughts = arena.take(SeenThoughts.BYTES * n * thinking.latentSteps());
            args.look(thinking.look().ordinal()).thoughts(new Native.l4j_thought(new BytePointer(thoughts)));
        }
    }

    private void layOutCaptures(Arena arena) {
        if (rollout.capturesPromptHidden()) {
            promptHidden = arena.take(4L * promptTokens * info.dModel());
            args.prompt_hidden(floats(promptHidden));
        }
        if (rollout.capturesLatents()) {
            latents = arena.take(latentBytes());
            args.latents(floats(latents));
            latentHidden = arena.take(latentBytes());
            args.latent_hidden(floats(latentHidden));
        }
        if (rollout.capturesLogits()) {
            logits = arena.take(4L * n * info.vocabularySize());
            args.logits(floats(logits));
        }
    }

    private static IntPointer ints(ByteBuffer buffer) {
        return new IntPointer(new BytePointer(buffer));
    }

    private static FloatPointer floats(ByteBuffer buffer) {
        return new FloatPointer(new BytePointer(buffer));
    }

    private RolloutResult call(Native.l4j_model pointer, RolloutListener listener) {
        ListenerThread listening = null;
        if (listener != null) {
            listening = new ListenerThread(listener, control, newTokens, n, maxNewTokens, this::lastStep);
            start(listening);
        }
        try {
            runToItsEnd(pointer, listening);
            RolloutResult result = copied(listening);
            commit(listening);
            return result;
        } finally {
            Native.l4j_rollout_close(args);
        }
    }

    private static void start(ListenerThread listening) {
        try {
            listening.start();
        } catch (OutOfMemoryError e) {
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, "no thread can be started to tell the listener: "
                    + e.getMessage(), e);
        }
    }

    /** Native code's end and the listener's, whose exception, if it throws one, is what this throws. */
    private void runToItsEnd(Native.l4j_model pointer, ListenerThread listening) {
        boolean completed = false;
        try {
            new Cancellation(control::cancel)
                    .run(() -> Native.l4j_rollout_run(pointer, args, control.struct(), figures));
            completed = true;
        } catch (RuntimeException e) {
            throw Bridge.error(e);
        } finally {
            if (listening != null) {
                listening.finish(completed);
                isRead = listening.isLeftToItself();
                if (!listening.wasInterrupted()) {
                    listening.rethrow();
                }
            }
        }
        if (listening != null && listening.wasInterrupted()) {
            throw new LatentException(ErrorCode.CANCELLED,
                    "the thread was interrupted before the listener had heard all");
        }
    }

    private void commit(ListenerThread listening) {
        try {
            Native.l4j_rollout_commit(args, kept(listening), n);
        } catch (RuntimeException e) {
            throw Bridge.error(e);
        }
    }

    /** How many tokens each member keeps, off-heap; null: all. */
    private IntPointer kept(ListenerThread listening) {
        if (listening == null) {
            return null;
        }
        for (int i = 0; i < n; i++) {
            kept.putInt(4 * i, listening.taken(i));
        }
        return ints(kept);
    }

    /** The result on the heap, before the commit: should that be full, the memories are as they were. */
    private RolloutResult copied(ListenerThread listening) {
        try {
            return result(listening);
        } catch (OutOfMemoryError e) {
            throw Bridge.heapFull(e);
        }
    }

    /** What a phase that is over ended with. Native code writes it before it says that the next one has begun. */
    private int lastStep(Phase phase) {
        return switch (phase) {
            case PREFILL -> promptTokens;
            case THINK -> IntStream.range(0, n).map(this::stepsOf).max().orElse(0);
            case IDLE, DECODE, ALIGN -> 0;
        };
    }

    /** Latent steps that a member did. */
    private int stepsOf(int member) {
        return latentSteps.getInt(4 * member);
    }

    private RolloutResult result(ListenerThread listening) {
        List<RolloutResult.Member> members = new ArrayList<>(n);
        int d = info.dModel();
        int steps = thinking.latentSteps();
        int prompt = 0;
        for (int i = 0; i < n; i++) {
            int decoded = control.decoded(i);
            int taken = listening == null ? decoded : listening.taken(i);
            StopReason reason = taken < decoded ? StopReason.ASKED : StopReason.values()[stopReasons.getInt(4 * i)];
            int[] tokens = new int[taken];
            newTokens.asIntBuffer().get(i * maxNewTokens, tokens);
            int done = stepsOf(i);
            ThinkEnd end = ThinkEnd.values()[thinkEnds.getInt(4 * i)];
            members.add(new RolloutResult.Member(tokens, reason, done, end, seen(i * steps, done),
                    copy(promptHidden, prompt * d, prompts[i].length * d),
                    copy(latents, i * steps * d, done * d), copy(latentHidden, i * steps * d, done * d),
                    copy(logits, i * info.vocabularySize(), info.vocabularySize())));
            prompt += prompts[i].length;
        }
        return new RolloutResult(members, new RolloutFigures(
                figures.prompt_tokens(), figures.latent_steps(), figures.new_tokens(),
                Duration.ofNanos(figures.prefill_ns()), Duration.ofNanos(figures.think_ns()),
                Duration.ofNanos(figures.decode_ns()), Duration.ofNanos(figures.first_token_ns())));
    }

    /** What was seen of a member's {@code done} thoughts, whose first stands at {@code first}. */
    private List<Thought> seen(int first, int done) {
        if (thoughts == null || done == 0) {
            return List.of();
        }
        return SeenThoughts.read(thoughts, first, thinking.look() == Look.LAST ? done - 1 : 0, done);
    }

    private static float[] copy(ByteBuffer from, int begin, int length) {
        if (from == null) {
            return null;
        }
        float[] to = new float[length];
        FloatBuffer floats = from.asFloatBuffer();
        floats.get(begin, to);
        return to;
    }
}
