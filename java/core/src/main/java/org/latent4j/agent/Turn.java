package org.latent4j.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.latent4j.AgentTrace;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.LatentModel;
import org.latent4j.TeamListener;
import org.latent4j.latent.Look;
import org.latent4j.latent.Phase;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutFigures;
import org.latent4j.latent.RolloutListener;
import org.latent4j.latent.RolloutResult;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.StopReason;
import org.latent4j.latent.Thinking;
import org.latent4j.memory.Memory;
import org.latent4j.text.ChatMessage;
import org.latent4j.text.ChatTemplate;
import org.latent4j.text.RenderedChat;

/**
 * One rollout of a team: agents side by side, each on every question, as one ragged batch. Renders the prompts, runs,
 * streams, meters and names the agent in what goes wrong.
 */
final class Turn {
    private final LatentModel model;
    private final TeamPlan plan;
    private final TeamListener listener;
    private final Optional<DecidedThinking> thinking;
    private final List<Meter> meters;
    private final List<Seat> seats = new ArrayList<>();

    Turn(Asking asking) {
        model = asking.model();
        plan = asking.plan();
        thinking = asking.thinking();
        listener = asking.listener();
        meters = asking.meters();
    }

    /** One agent on one question, before the rollout. */
    private record Seat(Agent agent, int question, Memory memory, int before, int[] prompt) {
    }

    /**
     * One agent on one question, after the rollout.
     *
     * @param promptBegin the position of the prompt's first token in the memory
     * @param thoughtsBegin the position of the first latent thought
     * @param text what it wrote, empty if it only thought
     */
    record Outcome(int question, Memory memory, int promptBegin, int thoughtsBegin, String text) {
    }

    /**
     * Adds an agent that is to read {@code message} on a question, after what {@code memory} holds.
     *
     * @param afterThought whether that ends in a latent thought, which stands for the beginning of an answer
     */
    void add(Agent agent, int question, String message, Memory memory, boolean afterThought) {
        List<ChatMessage> messages = new ArrayList<>();
        agent.systemMessage().ifPresent(system -> messages.add(new ChatMessage("system", system)));
        int[] prompt = named(agent.name(), () -> {
            messages.add(new ChatMessage("user", message));
            return encoded(rendered(messages, afterThought && goesOn()));
        });
        seats.add(new Seat(agent, question, memory, memory.length(), prompt));
    }

    /** Whether a memory that ends in a thought is a chat in the middle of an answer. */
    private boolean goesOn() {
        boolean isWhole = plan.memory() == MemoryPolicy.FULL || plan.memory() == MemoryPolicy.SHUFFLED;
        return plan.turns() == Turns.CHAT && isWhole;
    }

    private RenderedChat rendered(List<ChatMessage> messages, boolean goesOn) {
        ChatTemplate template = model.chatTemplate();
        Map<String, Object> options = plan.templateOptions();
        boolean allows = plan.allowControlTokens();
        if (goesOn) {
            Optional<RenderedChat> next = allows ? template.renderAfterAnswer(messages, options)
                : template.renderAfterAnswer(messages, options, model.tokenizer());
            if (next.isPresent()) {
                return next.get();
            }
        }
        return allows ? RenderedChat.of(template.render(messages, options))
            : template.render(messages, options, model.tokenizer());
    }

    /** A text that cannot fit is refused before its tokens take time and room. */
    private int[] encoded(RenderedChat chat) {
        String text = chat.text();
        int fewest = model.tokenizer().fewestTokens(text);
        if (fewest > model.info().maxPositions()) {
            throw new LatentException(ErrorCode.CONTEXT_EXCEEDED, "a prompt of " + text.length() + " characters takes "
                + fewest + " positions or more, the context holds " + model.info().maxPositions());
        }
        int[] ids = model.tokenizer().encode(chat);
        for (int id : ids) {
            if (id >= model.info().vocabularySize()) {
                throw new LatentException(ErrorCode.BAD_TOKENIZER, "the tokenizer gives token " + id
                    + ", the model has embeddings for 0 to " + (model.info().vocabularySize() - 1)
                    + ": it is not this model's");
            }
        }
        return ids;
    }

    /** Lets all of them think. */
    List<Outcome> think() {
        // Its end tokens are what thinking may end at.
        return run(thinkingLookedAt(), Sampling.greedy(0, plan.sampling().endTokens()), false);
    }

    /**
     * Lets all of them write.
     *
     * @param answering whether the listener is to hear the text
     */
    List<Outcome> write(boolean answering) {
        return run(Thinking.NONE, plan.sampling(), answering);
    }

    /** The last thought is always looked at. */
    private Thinking thinkingLookedAt() {
        Thinking settings = thinking.map(DecidedThinking::settings).orElse(Thinking.NONE);
        return settings.look() == Look.NONE ? settings.look(Look.LAST) : settings;
    }

    private List<Outcome> run(Thinking settings, Sampling sampling, boolean answering) {
        Rollout.Builder rollout = Rollout.builder().thinking(settings).sampling(sampling);
        List<TextStream> texts = new ArrayList<>();
        for (Seat seat : seats) {
            rollout.add(seat.memory(), seat.prompt(), plan.seed());
            texts.add(new TextStream(model.tokenizer().newStream(), plan.stops(),
                answering ? piece -> listener.onText(seat.question(), piece) : piece -> { }));
        }
        if (answering) {
            meters.forEach(Meter::answerBegins);
        }
        RolloutResult result = named(who(),
            () -> model.rollout(rollout.build(), new Relay(texts, settings.latentSteps(), sampling.maxNewTokens())));
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < seats.size(); i++) {
            Seat seat = seats.get(i);
            RolloutResult.Member member = result.members().get(i);
            String text = texts.get(i).finish();
            // A stop string may come with the last token that the limit allows; it is the reason then, too.
            StopReason reason = texts.get(i).stopped() ? StopReason.ASKED : member.stopReason();
            int thoughtsBegin = seat.before() + seat.prompt().length;
            outcomes.add(new Outcome(seat.question(), seat.memory(), seat.before(), thoughtsBegin, text));
            meters.get(seat.question()).add(trace(seat, settings, sampling, member, text, result.figures()));
            if (answering) {
                boolean ended = reason == StopReason.END_TOKEN;
                int[] seen = Arrays.copyOf(member.tokens(), member.tokens().length - (ended ? 1 : 0));
                meters.get(seat.question()).answered(text, reason, seen, seconds(result.figures().firstToken()));
            }
        }
        meterTimes(result.figures());
        return outcomes;
    }

    private AgentTrace trace(Seat seat, Thinking asked, Sampling sampling, RolloutResult.Member member, String text,
        RolloutFigures took) {
        return new AgentTrace(seat.agent().name(), seat.before(), seat.prompt().length, member.latentSteps(),
            Optional.of(member.thinkEnd()).filter(end -> asked.latentSteps() > 0), member.thoughts(),
            member.tokens().length,
            sampling.maxNewTokens() > 0 ? Optional.of(text) : Optional.empty(), seconds(took.prefill()),
            seconds(took.think()), seconds(took.decode()));
    }

    /** A question's time is that of the rollouts it took part in, each once, however many agents sat in it. */
    private void meterTimes(RolloutFigures took) {
        for (int question = 0; question < meters.size(); question++) {
            int q = question;
            long bytes = seats.stream().filter(seat -> seat.question() == q).mapToLong(seat -> seat.memory().bytes())
                .sum();
            meters.get(q).held(bytes);
            meters.get(q).took(seconds(took.prefill()), seconds(took.think()), seconds(took.decode()));
        }
    }

    private List<String> agents() {
        return seats.stream().map(seat -> seat.agent().name()).distinct().toList();
    }

    private String who() {
        return String.join("', '", agents());
    }

    /** What {@code work} gives; its error with the agent's name before the text. */
    static <T> T named(String agent, Supplier<T> work) {
        try {
            return work.get();
        } catch (LatentException e) {
            String text = e.getMessage().substring(("[" + e.code() + "] ").length());
            throw new LatentException(e.code(), "agent '" + agent + "': " + text, e);
        } catch (OutOfMemoryError e) {
            throw new LatentException(ErrorCode.OUT_OF_MEMORY, "agent '" + agent + "': the Java heap is too small for"
                + " its prompt (-Xmx)", e);
        }
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    /** From a rollout's members to the questions' texts and the agents' progress. */
    private final class Relay implements RolloutListener {
        private final List<TextStream> texts;
        private final Map<Phase, Integer> steps;
        private final List<String> agents = agents();
        private final Set<Integer> ends = Arrays.stream(plan.sampling().endTokens()).boxed()
                .collect(Collectors.toSet());

        Relay(List<TextStream> texts, int latentSteps, int maxNewTokens) {
            this.texts = texts;
            int promptTokens = seats.stream().mapToInt(seat -> seat.prompt().length).sum();
            this.steps = Map.of(Phase.PREFILL, promptTokens, Phase.THINK, latentSteps, Phase.DECODE, maxNewTokens);
        }

        @Override
        public void onProgress(Phase phase, int step) {
            listener.onProgress(agents, phase, step, steps.getOrDefault(phase, 0));
        }

        @Override
        public boolean onToken(int member, int token) {
            return ends.contains(token) || texts.get(member).push(token);
        }
    }
}
