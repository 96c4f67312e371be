package org.latent4j;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.latent4j.agent.Agent;
import org.latent4j.agent.Compatibility;
import org.latent4j.agent.MemoryPolicy;
import org.latent4j.agent.Method;
import org.latent4j.agent.Prompts;
import org.latent4j.agent.TaskKind;
import org.latent4j.agent.TeamPlan;
import org.latent4j.agent.TeamRun;
import org.latent4j.agent.Topology;
import org.latent4j.agent.Turns;
import org.latent4j.internal.NonNull;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Look;
import org.latent4j.latent.Penalties;
import org.latent4j.latent.Sampling;
import org.latent4j.latent.Soft;
import org.latent4j.latent.Thinking;
import org.latent4j.text.GenerationConfig;

/**
 * Agents that answer questions together on one model (arXiv 2511.20639). A team keeps nothing between questions and may
 * be used from any thread; it lives as long as its model.
 *
 * <pre>{@code
 * try (LatentModel model = LatentModel.open("Qwen/Qwen3-0.6B")) {
 *     Team team = Team.latent(model);
 *     Answer answer = team.ask("What is the capital of France?");
 *     System.out.println(answer.text());
 *     System.out.println(answer.figures());
 * }
 * }</pre>
 *
 * The same question with the same seed gets the same answer, alone or in a batch, with any number of threads.
 */
public final class Team {
    private final LatentModel model;
    private final TeamPlan plan;

    private Team(LatentModel model, TeamPlan plan) {
        this.model = model;
        this.plan = plan;
    }

    /** A sequential team that hands latent thoughts on, with the defaults of {@link Builder}. */
    public static Team latent(LatentModel model) {
        return builder(model, Method.LATENT).build();
    }

    /** A sequential team that hands text on, with the defaults of {@link Builder}: the baseline TextMAS. */
    public static Team text(LatentModel model) {
        return builder(model, Method.TEXT).build();
    }

    /** One agent, with the defaults of {@link Builder}: the baseline of one prompt. */
    public static Team single(LatentModel model) {
        return builder(model, Method.SINGLE).build();
    }

    /** A latent team to be adjusted. */
    public static Builder builder(LatentModel model) {
        return builder(model, Method.LATENT);
    }

    /** A team of the given method to be adjusted. */
    public static Builder builder(LatentModel model, Method method) {
        return new Builder(Objects.requireNonNull(model, "model"), Objects.requireNonNull(method, "method"));
    }

    /**
     * Answers a question. Askings from several threads work side by side as long as the model's pages hold them; the
     * others wait for their turn, first come, first served, as long as {@link
     * org.latent4j.model.ModelOptions#waitForMemory()} says. An asking made inside a listener, which another asking
     * waits for, does not wait.
     *
     * @throws IllegalArgumentException if it is blank
     * @throws LatentException what went wrong and with which agent: {@code CONTEXT_EXCEEDED}, {@code OUT_OF_PAGES} (not
     *     even alone are there enough, or its turn did not come in time), {@code BAD_TEMPLATE}, {@code NOT_FINITE},
     *     {@code CLOSED}; {@code CANCELLED} if the thread is interrupted, within one step or while it waits
     */
    public Answer ask(String question) {
        return ask(question, piece -> { });
    }

    /**
     * Answers a question and tells the answer's text while it is written.
     *
     * @param text gets whole characters; all pieces together are {@link Answer#text()}. Called on another thread
     * @throws IllegalArgumentException as {@link #ask(String)}
     * @throws LatentException as {@link #ask(String)}
     */
    public Answer ask(String question, Consumer<String> text) {
        Objects.requireNonNull(question, "question");
        Objects.requireNonNull(text, "text");
        return askAll(List.of(question), new TeamListener() {
            @Override
            public void onText(int index, String piece) {
                text.accept(piece);
            }
        }).get(0);
    }

    /**
     * Answers questions in one ragged batch, or in several, one after the other, if the model's pages do not hold them
     * all at once; the answers are the same. {@link MemoryPolicy#SHUFFLED} always takes one.
     *
     * @throws IllegalArgumentException if there is none, one is blank, or {@link MemoryPolicy#SHUFFLED} gets fewer than
     *     two
     * @throws LatentException as {@link #ask(String)}; no question is answered then
     */
    public List<Answer> askAll(List<String> questions) {
        return askAll(questions, TeamListener.NONE);
    }

    /**
     * Answers questions as {@link #askAll(List)} does, and tells how it goes; agents begin anew with each batch,
     * and when one had to wait for memory.
     *
     * @throws IllegalArgumentException as {@link #askAll(List)}
     * @throws LatentException as {@link #askAll(List)}
     */
    public List<Answer> askAll(List<String> questions, TeamListener listener) {
        return TeamRun.run(model, plan, NonNull.list(questions, "questions"),
            Objects.requireNonNull(listener, "listener"));
    }

    /** How this team works. */
    public TeamPlan plan() {
        return plan;
    }

    /** How it works, on one line, and on which model. */
    @Override
    public String toString() {
        return plan + ", on " + model;
    }

    /** Says how a team is to work. Every setting has a default. */
    public static final class Builder {
        /**
         * What a team's agents mix where {@link #thinking} does not say it: the ten likeliest tokens at temperature
         * 0.5. At 1 a small model's thoughts blur.
         */
        public static final Soft SOFT = new Soft(10, 0.5f, 0);

        private final LatentModel model;
        private final Method method;
        private Topology topology = Topology.SEQUENTIAL;
        private Compatibility compatibility = Compatibility.CORRECTED;
        private List<Agent> agents = List.of();
        private Prompts prompts;
        private TaskKind task = TaskKind.OPEN;
        private Thinking thinking = Thinking.of(20);
        private MemoryPolicy memory = MemoryPolicy.FULL;
        private Turns turns;
        private int maxNewTokens = 512;
        private float temperature = 0.6f;
        private float topP = 0.95f;
        private Integer topK;
        private Float minP;
        private UnaryOperator<Penalties> penalties = UnaryOperator.identity();  // on the checkpoint's
        private long seed = 42;
        private List<String> stops = List.of();
        private final Map<String, Object> templateOptions = new HashMap<>();
        private boolean allowControlTokens;

        private Builder(LatentModel model, Method method) {
            this.model = model;
            this.method = method;
        }

        /** Who goes on from whom, default {@link Topology#SEQUENTIAL}; a single agent has none. */
        public Builder topology(Topology value) {
            topology = Objects.requireNonNull(value, "topology");
            return this;
        }

        /** The meaning to follow where paper and published code differ, default {@link Compatibility#CORRECTED}. */
        public Builder compatibility(Compatibility value) {
            compatibility = Objects.requireNonNull(value, "compatibility");
            return this;
        }

        /**
         * Own agents instead of the built-in roles, the answering agent last; task and prompts then change no prompt.
         */
        public Builder agents(Agent... value) {
            return agents(Arrays.asList(Objects.requireNonNull(value, "agents")));
        }

        /**
         * Own agents instead of the built-in roles, the answering agent last; task and prompts then change no prompt.
         */
        public Builder agents(List<Agent> value) {
            agents = NonNull.list(value, "agents");
            return this;
        }

        /** The built-in roles' prompts, default {@link Prompts#builtIn()}. */
        public Builder prompts(Prompts value) {
            prompts = Objects.requireNonNull(value, "prompts");
            return this;
        }

        /** The kind of answer that is wanted, default {@link TaskKind#OPEN}. */
        public Builder task(TaskKind value) {
            task = Objects.requireNonNull(value, "task");
            return this;
        }

        /**
         * How each thinking agent of a latent team thinks, default 20 steps by {@link AlignmentKind#AUTO}; what was
         * said of steps, alignment and looks is replaced. What it mixes is {@link #SOFT} unless {@link
         * Thinking#soft(Soft)} said otherwise: {@code Thinking.of(20)} is the default. {@link Team#plan()} tells.
         */
        public Builder thinking(Thinking value) {
            thinking = Objects.requireNonNull(value, "thinking");
            return this;
        }

        /**
         * Latent steps of each thinking agent, default 20.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder latentSteps(int value) {
            thinking = thinking.latentSteps(value);
            return this;
        }

        /**
         * How a hidden state becomes the next input, default {@link AlignmentKind#AUTO}, which with {@link
         * Compatibility#OFFICIAL} is {@link AlignmentKind#IDENTITY}, the default of the paper's code.
         */
        public Builder alignment(AlignmentKind value) {
            thinking = thinking.alignment(Objects.requireNonNull(value, "alignment"));
            return this;
        }

        /**
         * Looks at every latent step, so that {@link AgentTrace#thoughts()} tells how each agent's thinking went. Costs
         * two products with the vocabulary a step. Default: only at each agent's last.
         */
        public Builder explain(boolean value) {
            thinking = thinking.look(value ? Look.ALL : Look.NONE);
            return this;
        }

        /** What the next agent gets, default {@link MemoryPolicy#FULL}. */
        public Builder memory(MemoryPolicy value) {
            memory = Objects.requireNonNull(value, "memory");
            return this;
        }

        /**
         * How an agent's prompt follows on the thoughts that it is handed, default {@link Turns#CHAT}; {@link
         * Turns#SEPARATE} with {@link Compatibility#OFFICIAL}.
         */
        public Builder turns(Turns value) {
            turns = Objects.requireNonNull(value, "turns");
            return this;
        }

        /** Tokens that an agent may decode, 1 or more, default 512. */
        public Builder maxNewTokens(int value) {
            maxNewTokens = value;
            return this;
        }

        /** Divides the logits, 0 for greedy, default 0.6. */
        public Builder temperature(double value) {
            temperature = (float) value;
            return this;
        }

        /** Keeps the likeliest tokens of this total probability, (0, 1], default 0.95. */
        public Builder topP(double value) {
            topP = (float) value;
            return this;
        }

        /** Keeps so many of the likeliest tokens, 0 for all, default the checkpoint's generation config. */
        public Builder topK(int value) {
            topK = value;
            return this;
        }

        /**
         * Keeps tokens that are at least so many times as likely as the likeliest, 0 to 1, 0 for all, default the
         * checkpoint's generation config.
         */
        public Builder minP(double value) {
            minP = (float) value;
            return this;
        }

        /**
         * Makes tokens of an agent's prompt and of its own text less likely ({@link Penalties#repetition()}), above 0,
         * 1 for off, default the checkpoint's generation config.
         */
        public Builder repetitionPenalty(double value) {
            return penalties(before -> before.withRepetition((float) value));
        }

        /**
         * Makes tokens less likely that an agent has written ({@link Penalties#presence()}), -2 to 2, 0 for off,
         * default the checkpoint's generation config.
         */
        public Builder presencePenalty(double value) {
            return penalties(before -> before.withPresence((float) value));
        }

        /**
         * Makes tokens less likely the more often an agent has written them ({@link Penalties#frequency()}), -2 to 2,
         * 0 for off, default the checkpoint's generation config.
         */
        public Builder frequencyPenalty(double value) {
            return penalties(before -> before.withFrequency((float) value));
        }

        /**
         * No so many tokens in a row come twice in an agent's prompt and text, 0 for off, default the checkpoint's
         * generation config.
         */
        public Builder noRepeatNgram(int value) {
            return penalties(before -> before.withNoRepeatNgram(value));
        }

        /** Token ids that no agent writes, default the checkpoint's generation config. */
        public Builder suppressTokens(int... value) {
            int[] tokens = Objects.requireNonNull(value, "suppressTokens").clone();
            return penalties(before -> before.withSuppressed(tokens));
        }

        /** Token ids that no text begins with, default the checkpoint's generation config. */
        public Builder suppressFirstTokens(int... value) {
            int[] tokens = Objects.requireNonNull(value, "suppressFirstTokens").clone();
            return penalties(before -> before.withSuppressedFirst(tokens));
        }

        private Builder penalties(UnaryOperator<Penalties> change) {
            UnaryOperator<Penalties> earlier = penalties;
            penalties = before -> change.apply(earlier.apply(before));
            return this;
        }

        /** Of every decoding agent's random numbers, default 42. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** Strings before which a text ends, default none. */
        public Builder stopStrings(String... value) {
            stops = NonNull.list(Arrays.asList(Objects.requireNonNull(value, "stopStrings")), "stopStrings");
            return this;
        }

        /**
         * Tells the chat template whether the model is to think in text before it answers; by default it is not told.
         */
        public Builder enableThinking(boolean value) {
            return templateOption("enable_thinking", value);
        }

        /** Passes a variable on to the chat template. */
        public Builder templateOption(String name, Object value) {
            templateOptions.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
            return this;
        }

        /**
         * Whether control tokens ({@code <|im_end|>}) that a question, an agent's prompt or another agent's text holds
         * count as such, default false: they are ordinary text, and none can end its message or begin another.
         */
        public Builder allowControlTokens(boolean value) {
            allowControlTokens = value;
            return this;
        }

        /**
         * The team.
         *
         * @throws IllegalArgumentException if a setting is outside its range; the message names it
         */
        public Team build() {
            Topology shape = method == Method.SINGLE ? Topology.SEQUENTIAL : topology;
            int keep = topK == null ? model.generation().topK() : topK;
            GenerationConfig generation = model.generation();
            Sampling sampling = new Sampling(maxNewTokens, temperature, topP, keep,
                minP == null ? generation.minP() : minP, penalties.apply(generation.penalties()),
                generation.endTokens());
            boolean asPublished = compatibility == Compatibility.OFFICIAL && thinking.alignment() == AlignmentKind.AUTO;
            List<Agent> members = agents.isEmpty() ? builtIn(shape) : agents;
            boolean isOfficial = compatibility == Compatibility.OFFICIAL;
            Turns decidedTurns = turns != null ? turns : isOfficial ? Turns.SEPARATE : Turns.CHAT;
            Thinking mixing = thinking.soft(thinking.soft().orElse(SOFT));
            Thinking decided = asPublished ? mixing.alignment(AlignmentKind.IDENTITY) : mixing;
            return new Team(model, new TeamPlan(method, shape, compatibility, members, task, decided, memory, sampling,
                seed, stops, templateOptions, decidedTurns, allowControlTokens));
        }

        private List<Agent> builtIn(Topology shape) {
            Prompts source = prompts == null ? Prompts.builtIn() : prompts;
            List<String> roles = method == Method.SINGLE ? List.of("single") : shape.roles();
            return roles.stream().map(role -> source.agent(role, task)).toList();
        }
    }
}
