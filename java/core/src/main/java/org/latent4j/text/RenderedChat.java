package org.latent4j.text;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * A chat as its template wrote it, together with which characters messages brought in, so that {@link
 * Tokenizer#encode(RenderedChat)} takes control tokens from the template alone. Usable from any thread.
 */
public final class RenderedChat {
    private static final int NONE = -1;
    private static final char FIRST_MARK = '\uFDD0'; // of 32 noncharacters, which stand for nothing
    private static final char LAST_MARK = '\uFDEF';

    private final String marked;
    private final int mark;
    private final String template;
    private final Map<String, Boolean> written = new ConcurrentHashMap<>(); // which tokens the template writes

    private RenderedChat(String marked, int mark, String template) {
        this.marked = marked;
        this.mark = mark;
        this.template = template;
    }

    /** A text in which every control token counts, whoever wrote it. */
    public static RenderedChat of(String text) {
        return new RenderedChat(Objects.requireNonNull(text, "text"), NONE, "");
    }

    /** What the model reads. */
    public String text() {
        return without(marked);
    }

    /** What follows {@code text}, which the template was given once; null if it is not there exactly once. */
    RenderedChat after(String text) {
        int at = marked.indexOf(text);
        return at < 0 || marked.indexOf(text, at + 1) >= 0 ? null
                : new RenderedChat(marked.substring(at + text.length()), mark, template);
    }

    @Override
    public String toString() {
        return text();
    }

    String marked() {
        return marked;
    }

    int mark() {
        return mark;
    }

    String without(String part) {
        return mark == NONE ? part : part.replace(String.valueOf((char) mark), "");
    }

    /** Whether a token that is sought in texts is one that only the template may write. */
    boolean isControl(AddedTokens.Token token) {
        return token.special() || written.computeIfAbsent(token.content(),
                content -> !content.isBlank() && template.contains(content));
    }

    /**
     * Marks messages before they are rendered: a mark stands behind each character with which a token could begin,
     * however the template then strips, cuts, joins or changes the case of what it is given, and before a message that
     * could end a token. A control token is none with a mark in it.
     */
    static final class Marker {
        private final AddedTokens tokens;
        private final String template;
        private final char mark;

        /** @param template its source, which is not to hold the mark either */
        Marker(AddedTokens tokens, String template, List<ChatMessage> messages) {
            this.tokens = tokens;
            this.template = template;
            mark = (char) IntStream.rangeClosed(FIRST_MARK, LAST_MARK).filter(c -> template.indexOf(c) < 0
                    && messages.stream().allMatch(message -> message.content().indexOf(c) < 0)).findFirst()
                    .orElseThrow(() -> new LatentException(ErrorCode.BAD_ARGUMENT, "the messages hold every one of the"
                            + " characters U+FDD0 to U+FDEF, which stand for nothing; one of them must be left free"));
        }

        String marked(String content) {
            StringBuilder marked = new StringBuilder(content.length() + 16);
            int start = 0;
            while (start < content.length() && Characters.isWhitespace(content.charAt(start))) {
                start++;
            }
            for (int at = 0; at < content.length();) {
                if (at == start && tokens.goesOnWith(content, start)) {
                    marked.append(mark);
                }
                int c = content.codePointAt(at);
                at += Character.charCount(c);
                marked.appendCodePoint(c);
                if (tokens.beginsWith(c) && (at == content.length() || !Characters.isMark(content.codePointAt(at)))) {
                    marked.append(mark); // a combining mark stays with its character, which is then no token's
                }
            }
            return marked.toString();
        }

        RenderedChat rendered(String text) {
            return new RenderedChat(text, mark, template);
        }
    }
}
