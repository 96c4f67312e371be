package org.latent4j.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** The filters that work on texts. */
final class TextFilters {
    private TextFilters() {}

    static Object apply(String name, Object value, Arguments a, Budget budget) {
        if (name.equals("urlencode")) {
            a.places(name, 0, 0);
            return urlencoded(value, budget);
        }
        if (name.equals("indent") || name.equals("truncate") || name.equals("wordwrap")) {
            if (!(value instanceof String text)) {
                throw value instanceof Undefined undefined ? undefined.error()
                        : new TemplateException(name + " expects a text, got '" + Values.type(value) + "'");
            }
            return name.equals("indent") ? indented(text, a, budget)
                    : name.equals("truncate") ? truncated(text, a, budget) : Wrapping.wrap(text, a, budget);
        }
        String text = Values.text(value, budget);
        switch (name) {
            case "center":
                return Texts.padded(text, a.bind(name, 0, "width").integer(0, 80), " ", 0, budget);
            case "trim":
                return Texts.strip(text, a.bind(name, 0, "chars").text(0, null), true, true, budget);
            case "replace":
                Arguments.Bound given = a.bind(name, 2, "old", "new", "count");
                return Texts.replace(text, Values.text(given.get(0), budget), Values.text(given.get(1), budget),
                        given.get(2, null) == null ? -1 : given.integer(2, -1), budget);
            case "format":
                return formatted(text, a, budget);
            default:
                a.places(name, 0, 0);
        }
        return switch (name) {
            case "capitalize" -> Texts.capitalized(text, budget);
            case "lower" -> Texts.lower(text, budget);
            case "upper" -> Texts.upper(text, budget);
            case "title" -> title(text, budget);
            case "wordcount" -> words(text, budget);
            case "striptags" -> stripped(text, budget);
            default -> escaped(text, budget);
        };
    }

    private static String formatted(String text, Arguments arguments, Budget budget) {
        if (arguments.named().isEmpty()) {
            return Printf.format(text, new Tuple(arguments.positional(), false), budget);
        }
        if (!arguments.positional().isEmpty()) {
            throw new TemplateException("can't handle positional and keyword arguments at the same time");
        }
        Dict dict = new Dict();
        arguments.named().forEach((key, value) -> dict.put(key, value, budget));
        return Printf.format(text, dict, budget);
    }

    private static String escaped(String text, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            int which = "&<>\"'".indexOf(text.charAt(i));
            if (which >= 0) {
                out.append(text.substring(from, i));
                out.append(List.of("&amp;", "&lt;", "&gt;", "&#34;", "&#39;").get(which));
                from = i + 1;
            }
        }
        return out.append(text.substring(from)).toString();
    }

    private static String title(String text, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        int from = 0;
        boolean inWord = false;
        for (int i = 0; i <= text.length(); i++) {
            boolean mark = i < text.length() && ("-({[<".indexOf(text.charAt(i)) >= 0
                    || Characters.isSpace(text.charAt(i)));
            if (i == text.length() || mark == inWord && i > from) {
                String part = text.substring(from, i);
                if (!part.isEmpty()) {
                    int first = Character.charCount(part.codePointAt(0));
                    out.append(Texts.upper(part.substring(0, first), budget));
                    out.append(Texts.lower(part.substring(first), budget));
                }
                from = i;
            }
            inWord = !mark;
        }
        return out.toString();
    }

    private static long words(String text, Budget budget) {
        budget.read(text.length());
        long count = 0;
        boolean inside = false;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            boolean word = c == '_' || Character.isLetterOrDigit(c);
            count += word && !inside ? 1 : 0;
            inside = word;
        }
        return count;
    }

    private static String stripped(String text, Budget budget) {
        StringBuilder bare = new StringBuilder();
        budget.text(text.length());
        int at = 0;
        for (int open = text.indexOf('<'); open >= 0; open = text.indexOf('<', at)) {
            boolean comment = text.startsWith("<!--", open);
            int close = text.indexOf(comment ? "-->" : ">", open);
            if (close < 0) {
                break;
            }
            bare.append(text, at, open);
            at = close + (comment ? 3 : 1);
        }
        bare.append(text.substring(at));
        return Texts.join(" ", Texts.split(bare.toString(), null, -1, budget), false, budget)
                .replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", "\"").replace("&quot;", "\"")
                .replace("&#39;", "'").replace("&amp;", "&");
    }

    private static String indented(String text, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind("indent", 0, "width", "first", "blank");
        Object by = given.get(0, 4L);
        String indent = by instanceof String own ? own : Texts.padded("", given.integer(0, 4), " ", 1, budget);
        TextBuilder out = new TextBuilder(budget);
        List<Object> lines = Characters.lines(text + "\n", false, budget);
        for (int i = 0; i < lines.size(); i++) {
            String line = (String) lines.get(i);
            boolean indents = i == 0 ? given.truth(1) : given.truth(2) || !line.isEmpty();
            out.append(i == 0 ? "" : "\n").append(indents ? indent : "").append(line);
        }
        return out.toString();
    }

    private static String truncated(String text, Arguments arguments, Budget budget) {
        Arguments.Bound given = arguments.bind("truncate", 0, "length", "killwords", "end", "leeway");
        int length = given.integer(0, 255);
        String end = given.text(2, "...");
        int leeway = given.get(3, null) == null ? 5 : given.integer(3, 5);
        int room = length - Characters.length(end);
        if (room < 0 || leeway < 0) {
            throw new TemplateException("expected length >= " + Characters.length(end) + ", got " + length);
        }
        budget.text(text.length());
        if (Characters.length(text) <= (long) length + leeway) {
            return text;
        }
        String cut = Characters.slice(text, 0, room);
        int space = cut.lastIndexOf(' ');
        return (given.truth(1) || space < 0 ? cut : cut.substring(0, space)) + end;
    }

    private static String urlencoded(Object value, Budget budget) {
        if (value instanceof String || !Values.isIterable(value)) {
            return quoted(value, "/", budget);
        }
        TextBuilder out = new TextBuilder(budget);
        List<Object> pairs = value instanceof Dict dict ? dict.items(budget) : Values.list(value, budget);
        for (Object pair : pairs) {
            Iterator<Object> both = new ArrayList<>(Values.list(pair, budget)).iterator();
            out.append(out.length() == 0 ? "" : "&");
            for (int i = 0; i < 2; i++) {
                if (!both.hasNext()) {
                    throw new TemplateException("urlencode expects pairs");
                }
                out.append(i == 0 ? "" : "=").append(quoted(both.next(), "", budget).replace("%20", "+"));
            }
        }
        return out.toString();
    }

    private static String quoted(Object value, String safe, Budget budget) {
        String text = Values.text(value, budget);
        budget.text(9L * text.length());
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain = c < 128 && (Character.isLetterOrDigit(c) || ("_.-~" + safe).indexOf(c) >= 0);
            out.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
        }
        return out.toString();
    }
}
