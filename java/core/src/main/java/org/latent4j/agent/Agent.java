package org.latent4j.agent;

import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A role: a name and the prompt it is given. Placeholders are {@code {question}} and, where earlier agents wrote text,
 * {@code {context}}. In a latent team there is no {@code {context}}: earlier thoughts stand in the memory before the
 * prompt.
 *
 * @param name one or more characters, unique in a team; progress and errors name the agent by it
 * @param system the system message, or null for none
 * @param latentPrompt the user message in a latent team
 * @param textPrompt the user message where agents write text; text that it has no {@code {context}} for is put before
 *     it
 */
public record Agent(String name, String system, String latentPrompt, String textPrompt) {
    static final String QUESTION = "{question}";
    static final String CONTEXT = "{context}";
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{(question|context)}");

    /** @throws IllegalArgumentException if the name is blank or a prompt has no {@code {question}} */
    public Agent {
        if (Objects.requireNonNull(name, "name").isBlank()) {
            throw new IllegalArgumentException("an agent's name must not be blank");
        }
        requireQuestion(name, Objects.requireNonNull(latentPrompt, "latentPrompt"));
        requireQuestion(name, Objects.requireNonNull(textPrompt, "textPrompt"));
    }

    /**
     * An agent with one prompt for every method and no system message.
     *
     * @throws IllegalArgumentException if the name is blank or the prompt has no {@code {question}}
     */
    public static Agent of(String name, String prompt) {
        return new Agent(name, null, Objects.requireNonNull(prompt, "prompt"), prompt);
    }

    /** This agent with a system message. */
    public Agent withSystem(String message) {
        return new Agent(name, message, latentPrompt, textPrompt);
    }

    /** The user message in a latent team. */
    String latentMessage(String question) {
        return fill(latentPrompt, question, "");
    }

    /** The user message after what earlier agents wrote, empty where nobody did. */
    String textMessage(String question, String context) {
        String message = fill(textPrompt, question, context);
        return context.isEmpty() || textPrompt.contains(CONTEXT) ? message : context + "\n\n" + message;
    }

    Optional<String> systemMessage() {
        return Optional.ofNullable(system);
    }

    /** One pass, so that a question may contain {@code {context}} and stays what it is. */
    private static String fill(String template, String question, String context) {
        return PLACEHOLDER.matcher(template)
            .replaceAll(match -> Matcher.quoteReplacement(match.group(1).equals("question") ? question : context));
    }

    private static void requireQuestion(String name, String prompt) {
        if (!prompt.contains(QUESTION)) {
            throw new IllegalArgumentException("the prompt of agent '" + name + "' lacks " + QUESTION);
        }
    }
}
