package org.latent4j.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.latent4j.Answer;
import org.latent4j.AnswerWarning;
import org.latent4j.LatentModel;
import org.latent4j.Team;
import org.latent4j.agent.Agent;
import org.latent4j.agent.AnswerExtraction;
import org.latent4j.agent.MemoryPolicy;
import org.latent4j.agent.Method;
import org.latent4j.agent.Prompts;
import org.latent4j.agent.TaskKind;
import org.latent4j.agent.Topology;
import org.latent4j.agent.Turns;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Soft;
import org.latent4j.latent.ThinkUntil;
import org.latent4j.latent.Thinking;
import org.latent4j.model.ModelOptions;
import org.latent4j.smollm2.SmolLM2;

/**
 * How many questions with known answers are answered right, over methods, steps, alignments and memory policies: one
 * line of a Markdown table each.
 *
 * <pre>
 * java -cp benchmarks/target/benchmarks.jar org.latent4j.benchmarks.RightAnswers questions=FILE [model=ID_OR_PATH]
 *     [methods=single,text,latent] [teams=sequential,hierarchical] [steps=0,10,20] [align=soft,identity]
 *     [memory=full,latest] [seeds=42] [temperature=0] [tokens=256] [limit=N] [prompts=FILE] [until=end]
 *     [turns=separate] [soft=10:0.5] [show=true]
 * </pre>
 *
 * A line of the file is {@code {"kind": "math" | "open", "question", "answer"}}; an open answer is right if it has one
 * of the words between bars. With {@code "parts": [...]} every agent but the last is shown one part, and nobody all.
 */
public final class RightAnswers {
    private static final Set<String> KEYS = Set.of("questions", "model", "methods", "teams", "steps", "align", "memory",
            "seeds", "temperature", "tokens", "limit", "prompts", "until", "turns", "soft", "show");

    private final Map<String, String> settings;
    private final List<JsonNode> questions;
    private final Prompts prompts;

    private RightAnswers(Map<String, String> settings) throws IOException {
        this.settings = settings;
        ObjectMapper json = new ObjectMapper();
        questions = new ArrayList<>();
        int limit = Integer.parseInt(settings.getOrDefault("limit", "1000000"));
        for (String line : Files.readAllLines(Path.of(settings.get("questions")))) {
            if (questions.size() < limit && !line.isBlank()) {
                questions.add(json.readTree(line));
            }
        }
        prompts = settings.containsKey("prompts") ? Prompts.load(Path.of(settings.get("prompts"))) : Prompts.builtIn();
    }

    public static void main(String[] args) throws IOException {
        Map<String, String> settings = new LinkedHashMap<>();
        for (String arg : args) {
            String[] pair = arg.split("=", 2);
            if (pair.length < 2 || !KEYS.contains(pair[0])) {
                refuse(arg + ": expected key=value");
            }
            settings.put(pair[0], pair[1]);
        }
        if (!settings.containsKey("questions")) {
            refuse("questions=FILE is missing");
        }
        RightAnswers table = new RightAnswers(settings);
        String model = settings.get("model");
        try (LatentModel opened = LatentModel.open(model == null ? SmolLM2.path().toString() : model,
                ModelOptions.defaults())) {
            table.print(opened);
        }
    }

    private static void refuse(String why) {
        System.err.println("RightAnswers: " + why + "; the keys are " + String.join(", ", new TreeSet<>(KEYS)));
        System.exit(2);
    }

    private List<String> all(String key, String otherwise) {
        return Arrays.asList(settings.getOrDefault(key, otherwise).split(","));
    }

    private void print(LatentModel model) {
        System.out.println("| method | team | memory | steps | alignment | seed | right | repeats | left embeddings"
                + " | tokens a question | s a question |\n|---|---|---|---|---|---|---|---|---|---|---|");
        for (String seed : all("seeds", "42")) {
            for (String method : all("methods", "single,latent")) {
                for (String shape : method.equals("single") ? List.of("-") : all("teams", "sequential")) {
                    if (!method.equals("latent")) {
                        line(model, method, shape, "-", "-", "-", seed);
                        continue;
                    }
                    for (String memory : all("memory", "full")) {
                        for (String steps : all("steps", "0,20")) {
                            for (String kind : steps.equals("0") ? List.of("-") : all("align", "auto")) {
                                line(model, method, shape, memory, steps, kind, seed);
                            }
                        }
                    }
                }
            }
        }
    }

    private void line(LatentModel model, String method, String shape, String memory, String steps, String kind,
            String seed) {
        long start = System.nanoTime();
        List<Answer> answers = new ArrayList<>();
        List<JsonNode> asked = new ArrayList<>();
        for (TaskKind task : TaskKind.values()) {
            List<JsonNode> ofKind = questions.stream().filter(q -> task(q) == task).toList();
            for (List<JsonNode> together : batches(ofKind)) {
                Team.Builder team = Team.builder(model, Method.valueOf(method.toUpperCase(Locale.ROOT)))
                        .task(task).prompts(prompts).temperature(Double.parseDouble(all("temperature", "0").get(0)))
                        .maxNewTokens(Integer.parseInt(all("tokens", "256").get(0))).seed(Long.parseLong(seed));
                if (shape.equals("hierarchical")) {
                    team.topology(Topology.HIERARCHICAL);
                }
                if (method.equals("latent")) {
                    team.memory(MemoryPolicy.valueOf(memory.toUpperCase(Locale.ROOT).replace('-', '_')));
                    team.turns(Turns.valueOf(settings.getOrDefault("turns", "chat").toUpperCase(Locale.ROOT)));
                    team.thinking(Thinking.of(Integer.parseInt(steps)).alignment(kind.equals("-") ? AlignmentKind.AUTO
                            : AlignmentKind.valueOf(kind.toUpperCase(Locale.ROOT)))
                            .soft(soft()).until(settings.containsKey("until") ? ThinkUntil.STEPS_ARE_DONE.orEndToken()
                                    : ThinkUntil.STEPS_ARE_DONE));
                }
                if (together.get(0).has("parts")) {
                    team.agents(holders(together.get(0), method));
                }
                answers.addAll(team.build().askAll(together.stream().map(q -> q.path("question").asText()).toList()));
                asked.addAll(together);
            }
        }
        report(answers, asked, List.of(method, shape, memory, steps, kind, seed), (System.nanoTime() - start) / 1e9);
    }

    /** {@code K:T} as soft of K tokens at temperature T. */
    private Soft soft() {
        String[] parts = settings.getOrDefault("soft", "10:1").split(":");
        return new Soft(Integer.parseInt(parts[0]), Float.parseFloat(parts[1]), 0);
    }

    private void report(List<Answer> answers, List<JsonNode> asked, List<String> setting, double seconds) {
        int right = 0;
        int repeats = 0;
        int left = 0;
        long tokens = 0;
        for (int i = 0; i < answers.size(); i++) {
            Answer answer = answers.get(i);
            boolean isRight = isRight(asked.get(i), answer);
            right += isRight ? 1 : 0;
            repeats += warns(answer, AnswerWarning.Kind.ANSWER_REPEATS);
            left += warns(answer, AnswerWarning.Kind.THOUGHTS_LEFT_EMBEDDINGS);
            tokens += answer.figures().decodedTokens();
            if (settings.containsKey("show")) {
                System.err.println((isRight ? "+ " : "- ") + setting + " " + answer.question().strip() + "\n    => "
                        + answer.text().strip().replace("\n", "\n       ") + "\n");
            }
        }
        System.out.printf(Locale.ROOT, "| %s | %d of %d | %d | %d | %d | %.2f |%n", String.join(" | ", setting), right,
                answers.size(), repeats, left, tokens / answers.size(), seconds / answers.size());
    }

    private static int warns(Answer answer, AnswerWarning.Kind kind) {
        return answer.warnings().stream().anyMatch(warning -> warning.kind() == kind) ? 1 : 0;
    }

    private static TaskKind task(JsonNode question) {
        return TaskKind.valueOf(question.path("kind").asText("open").toUpperCase(Locale.ROOT));
    }

    /** Questions whose agents know different things are asked one by one. */
    private static List<List<JsonNode>> batches(List<JsonNode> questions) {
        if (questions.isEmpty()) {
            return List.of();
        }
        return questions.get(0).has("parts") ? questions.stream().map(List::of).toList() : List.of(questions);
    }

    /** An agent for each part, and one that knows none; alone there is one, which knows the first part. */
    private static List<Agent> holders(JsonNode question, String method) {
        List<Agent> agents = new ArrayList<>();
        for (JsonNode part : question.path("parts")) {
            String known = "Remember this fact: " + part.asText().replace("{", "(").replace("}", ")");
            String use = "It will be needed to answer: {question}";
            agents.add(new Agent("holder " + (agents.size() + 1), null, known + "\n\n" + use,
                    known + "\n\n{context}\n\nRepeat every fact that you know. " + use));
        }
        String answer = "\n\nUse the facts that you were told. Answer in one short sentence.\n\n{question}";
        if (method.equals("single")) {
            return List.of(Agent.of("single",
                    "Remember this fact: " + question.path("parts").get(0).asText() + answer));
        }
        agents.add(new Agent("answerer", null, answer.strip(), "{context}" + answer));
        return agents;
    }

    private static boolean isRight(JsonNode question, Answer answer) {
        String gold = question.path("answer").asText();
        if (task(question) == TaskKind.MATH) {
            return answer.extracted().map(found -> AnswerExtraction.same(found, gold)).orElse(false);
        }
        return Arrays.stream(gold.split("\\|")).anyMatch(word -> Pattern
                .compile("(?<!\\w)" + Pattern.quote(word), Pattern.CASE_INSENSITIVE).matcher(answer.text()).find());
    }
}
