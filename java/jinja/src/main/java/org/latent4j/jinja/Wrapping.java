package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's textwrap as {@code wordwrap} uses it. */
final class Wrapping {
    private Wrapping() {}

    static String wrap(String text, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind("wordwrap", 0, "width", "break_long_words", "wrapstring",
                "break_on_hyphens");
        int width = given.integer(0, 79);
        if (width <= 0) {
            throw new TemplateException("invalid width " + width + " (must be > 0)");
        }
        boolean breaks = !given.has(1) || given.truth(1);
        boolean hyphens = !given.has(3) || given.truth(3);
        String separator = given.get(2, null) == null ? "\n" : given.text(2, "\n");
        List<Object> lines = new ArrayList<>();
        for (Object line : Characters.lines(text, false, budget)) {
            List<String> wrapped = lines(chunks((String) line, hyphens, budget), width, breaks, hyphens, budget);
            lines.add(Texts.join(separator, new ArrayList<Object>(wrapped), false, budget));
        }
        return Texts.join(separator, lines, false, budget);
    }

    /** Runs of white space, and words, which may be cut after a hyphen between letters. */
    private static List<String> chunks(String line, boolean hyphens, Budget budget) {
        budget.items(line.length());
        List<String> chunks = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= line.length(); i++) {
            boolean cut = i == line.length() || Characters.isSpace(line.charAt(i)) != Characters.isSpace(
                    line.charAt(i - 1)) || hyphens && line.charAt(i - 1) == '-' && i - from > 2
                    && Character.isLetter(line.charAt(i)) && Character.isLetter(line.charAt(i - 2))
                    && Character.isLetter(line.charAt(i - 3)) && i + 1 < line.length()
                    && Character.isLetter(line.charAt(i + 1));
            if (cut) {
                chunks.add(line.substring(from, i));
                from = i;
            }
        }
        return chunks;
    }

    private static List<String> lines(List<String> chunks, int width, boolean breaks, boolean hyphens, Budget budget) {
        List<String> lines = new ArrayList<>();
        List<String> current = new ArrayList<>();
        int length = 0;
        for (int i = 0; i < chunks.size();) {
            budget.step(1);
            String chunk = chunks.get(i);
            int size = Characters.length(chunk);
            if (current.isEmpty() && !lines.isEmpty() && chunk.isBlank()) {
                i++;
            } else if (length + size <= width) {
                current.add(chunk);
                length += size;
                i++;
            } else {
                if (size > width && breaks) {
                    int room = Math.max(1, width - length);
                    int hyphen = hyphens ? Characters.slice(chunk, 0, room).lastIndexOf('-') : -1;
                    int cut = hyphen > 0 ? hyphen + 1 : chunk.offsetByCodePoints(0, room);
                    boolean fits = length < width;
                    if (fits) {
                        current.add(chunk.substring(0, cut));
                        budget.text(chunk.length());
                        chunks.set(i, chunk.substring(cut));
                    }
                } else if (size > width && current.isEmpty()) {
                    current.add(chunk);
                    i++;
                }
                flush(current, lines);
                length = 0;
            }
        }
        flush(current, lines);
        return lines;
    }

    private static void flush(List<String> current, List<String> lines) {
        if (!current.isEmpty() && current.get(current.size() - 1).isBlank()) {
            current.remove(current.size() - 1);
        }
        if (!current.isEmpty()) {
            lines.add(String.join("", current));
        }
        current.clear();
    }
}
