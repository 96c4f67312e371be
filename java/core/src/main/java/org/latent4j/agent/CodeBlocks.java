package org.latent4j.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The fenced code in a text. A fence of backticks or tildes closes only where nothing else stands on the line, so that
 * backticks within a string do not cut the code; where none does, the code ends at the next fence that opens.
 */
final class CodeBlocks {
    private static final Pattern FENCE = Pattern.compile("(?:[^`~]*\\s)?(`{3,}|~{3,})\\s*([^`~]*)");
    private static final Pattern CLOSED_LATE = Pattern.compile("(?:```|~~~)[ \\t]*$", Pattern.MULTILINE);
    private static final Pattern PYTHON = Pattern.compile("(?i)[{.\\s]*py(?:thon)?[\\d.]*(?:[\\s:,}].*)?");
    /** Tests and a main function use what a block before them defines. */
    private static final Pattern DEFINITION = Pattern.compile(
        "^(?:async[ \\t]+def|def|class)[ \\t]+(?!(?i:test|main\\b))(\\w+)", Pattern.MULTILINE);
    private static final Pattern WORD = Pattern.compile("\\w+");
    private static final String IMPORT = "import\\s+[\\w.]+(?:\\s*,.*|\\s+as\\s.*)?|from\\s+[\\w.]+\\s+import\\s.*";
    private static final Pattern FIRST_LINE =
        Pattern.compile("(?:async\\s+def|def|class)\\s+\\w+\\s*[(:].*|@\\w.*|" + IMPORT);
    private static final Pattern LINE = Pattern.compile("|[\\s#@)\\]}\"'].*|(?:async|def|class|if|elif|else|for|while"
        + "|try|except|finally|with|match)\\b.*:\\s*(?:#.*)?|" + IMPORT + "|(?:assert|raise|del|pass|await)\\b.*|["
        + "\\w.\\[\\], '\":]{1,80}(?:[-+*/|&%]|//|\\*\\*)?=.*|[\\w.]{1,80}\\(.*");

    /** One block: what its fence says, and the code. */
    private record Block(String tag, String code) {
        boolean isPython() {
            return PYTHON.matcher(tag).matches();
        }

        Set<String> defined() {
            return DEFINITION.matcher(code).results().map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        }

        Set<String> words() {
            return WORD.matcher(code).results().map(found -> found.group())
                .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private final List<Block> blocks = new ArrayList<>();

    private CodeBlocks(String text) {
        String[] lines = text.split("\\r?\\n", -1);
        int at = 0;
        while (at < lines.length) {
            Matcher fence = FENCE.matcher(lines[at]);
            at = fence.matches() ? read(lines, at, fence) : at + 1;
        }
    }

    /** The last block of Python, or one before it whose definitions it only uses; else the last block. */
    static Optional<String> last(String text) {
        List<Block> blocks = new CodeBlocks(text).blocks;
        if (blocks.isEmpty()) {
            return isPython(text) ? Optional.of(text.strip()) : Optional.empty();
        }
        int last = blocks.size() - 1;
        for (int i = last; i >= 0; i--) {
            if (blocks.get(i).isPython()) {
                last = i;
                break;
            }
        }
        Block use = blocks.get(last);
        if (use.defined().isEmpty()) {
            Set<String> words = use.words();
            for (int i = last - 1; i >= 0; i--) {
                Block block = blocks.get(i);
                if ((block.isPython() || block.tag.isEmpty()) && block.defined().stream().anyMatch(words::contains)) {
                    return Optional.of(block.code);
                }
            }
        }
        return Optional.of(use.code);
    }

    /** Reads the block that a fence opens; the line after it. */
    private int read(String[] lines, int opening, Matcher fence) {
        String mark = fence.group(1);
        int indent = lines[opening].length() - lines[opening].stripLeading().length();
        List<String> code = new ArrayList<>();
        int at = opening + 1;
        boolean closed = false;
        for (; at < lines.length && !closed; at++) {
            String line = lines[at].strip();
            boolean fences = line.startsWith(mark);
            String rest = fences ? line.substring(mark.length()).replace(mark.substring(0, 1), "") : "";
            if (fences && !rest.isEmpty() && FENCE.matcher(line).matches()) {
                break;
            }
            closed = fences && rest.isEmpty();
            if (!closed) {
                code.add(outdented(lines[at], indent));
            }
        }
        String body = String.join("\n", code);
        Matcher late = CLOSED_LATE.matcher(body);
        String whole = closed || !late.find() ? body : body.substring(0, late.start());
        if (!whole.isBlank()) { // a text that was cut off may end in a fence
            blocks.add(new Block(fence.group(2).strip(), whole));
        }
        return at;
    }

    private static String outdented(String line, int most) {
        int spaces = 0;
        while (spaces < most && spaces < line.length() && Character.isWhitespace(line.charAt(spaces))) {
            spaces++;
        }
        return line.substring(spaces);
    }

    /** Whether a text without fences is a program: it begins with a definition or import, and no line is prose. */
    private static boolean isPython(String text) {
        return FIRST_LINE.matcher(text.strip().lines().findFirst().orElse("")).matches()
            && text.strip().lines().allMatch(line -> LINE.matcher(line).matches());
    }
}
