package org.latent4j.agent;

import java.util.List;
import java.util.function.Consumer;
import org.latent4j.text.TokenStream;

/**
 * One agent's tokens on their way to text: whole characters only, nothing from a stop string on, and no beginning of
 * what may yet become a stop string before the next tokens have shown that it does not.
 */
final class TextStream {
    private final TokenStream tokens;
    private final List<String> stops;
    private final Consumer<String> sink;
    private final StringBuilder text = new StringBuilder();
    private int told;
    private boolean stopped;

    TextStream(TokenStream tokens, List<String> stops, Consumer<String> sink) {
        this.tokens = tokens;
        this.stops = stops;
        this.sink = sink;
    }

    /** Takes the next token; false once a stop string is complete. */
    boolean push(int token) {
        append(tokens.push(token));
        return !stopped;
    }

    /** Ends the text and gives it back: what was held back is told, too. */
    String finish() {
        append(tokens.flush());
        tell(text.length());
        return text.toString();
    }

    boolean stopped() {
        return stopped;
    }

    private void append(String piece) {
        if (stopped || piece.isEmpty()) {
            return;
        }
        int from = text.length();
        text.append(piece);
        int stop = firstStop(from);
        if (stop >= 0) {
            stopped = true;
            text.setLength(stop);
            tell(stop);
        } else {
            tell(text.length() - heldBack());
        }
    }

    /** Where the first stop string begins that reaches beyond {@code from}, or -1. */
    private int firstStop(int from) {
        int first = -1;
        for (String stop : stops) {
            int at = text.indexOf(stop, Math.max(0, from - stop.length() + 1));
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }
        return first;
    }

    /** The length of the longest end of the text that a stop string begins with. */
    private int heldBack() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, text.length()); n > longest; n--) {
                if (text.substring(text.length() - n).equals(stop.substring(0, n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }

    private void tell(int end) {
        if (end > told) {
            sink.accept(text.substring(told, end));
            told = end;
        }
    }
}
