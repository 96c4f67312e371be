package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/** Work on texts that methods and filters share; every loop is paid for. */
final class Texts {
    private Texts() {}

    /** Where a part first is, in chars, from a char on; -1 if nowhere. */
    static int find(String text, String part, int from, Budget budget) {
        int limit = text.length() - part.length();
        for (int i = from; i <= limit;) {
            int next = part.isEmpty() ? i : text.indexOf(part.charAt(0), i);
            if (next < 0 || next > limit) {
                budget.read(text.length() - i);
                return -1;
            }
            int same = 0;
            while (same < part.length() && text.charAt(next + same) == part.charAt(same)) {
                same++;
            }
            budget.read(next - i + same);
            if (same == part.length()) {
                return next;
            }
            i = next + 1;
        }
        return -1;
    }

    static String replace(String text, String old, String by, int count, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        int left = count < 0 ? Integer.MAX_VALUE : count;
        int at = 0;
        if (old.isEmpty()) {
            while (left-- > 0) {
                out.append(by);
                if (at == text.length()) {
                    return out.toString();
                }
                int end = at + Character.charCount(text.codePointAt(at));
                out.append(text.substring(at, end));
                at = end;
            }
        } else {
            for (int i = find(text, old, 0, budget); i >= 0 && left-- > 0; i = find(text, old, at, budget)) {
                out.append(text.substring(at, i)).append(by);
                at = i + old.length();
            }
        }
        return out.append(text.substring(at)).toString();
    }

    static List<Object> split(String text, String separator, int most, Budget budget) {
        if (separator == null) {
            return words(text, most, budget);
        }
        if (separator.isEmpty()) {
            throw new TemplateException("empty separator");
        }
        budget.text(text.length());
        List<Object> parts = new ArrayList<>();
        int at = 0;
        for (int i = find(text, separator, 0, budget); i >= 0 && (most < 0 || parts.size() < most);
                i = find(text, separator, at, budget)) {
            budget.items(1);
            parts.add(text.substring(at, i));
            at = i + separator.length();
        }
        parts.add(text.substring(at));
        return parts;
    }

    private static List<Object> words(String text, int most, Budget budget) {
        budget.text(text.length());
        List<Object> parts = new ArrayList<>();
        int i = 0;
        while (true) {
            while (i < text.length() && Characters.isSpace(text.charAt(i))) {
                i++;
            }
            if (i == text.length()) {
                return parts;
            }
            budget.items(1);
            int start = i;
            if (most >= 0 && parts.size() == most) {
                parts.add(text.substring(start));
                return parts;
            }
            while (i < text.length() && !Characters.isSpace(text.charAt(i))) {
                i++;
            }
            parts.add(text.substring(start, i));
        }
    }

    /** From the end, by turning everything round. */
    static List<Object> splitFromEnd(String text, String separator, int most, Budget budget) {
        budget.text(text.length());
        List<Object> parts = split(reversed(text), separator == null ? null : reversed(separator), most, budget);
        List<Object> turned = new ArrayList<>();
        for (int i = parts.size() - 1; i >= 0; i--) {
            turned.add(reversed((String) parts.get(i)));
        }
        return turned;
    }

    static String reversed(String text) {
        return new StringBuilder(text).reverse().toString();
    }

    /** Strips characters, or white space if they are null. */
    static String strip(String text, String characters, boolean start, boolean end, Budget budget) {
        budget.read(text.length());
        int from = 0;
        int to = text.length();
        while (start && from < to && strips(text.codePointAt(from), characters, budget)) {
            from += Character.charCount(text.codePointAt(from));
        }
        while (end && to > from && strips(text.codePointBefore(to), characters, budget)) {
            to -= Character.charCount(text.codePointBefore(to));
        }
        budget.text(to - from == text.length() ? 0 : to - from);
        return text.substring(from, to);
    }

    private static boolean strips(int c, String characters, Budget budget) {
        if (characters == null) {
            return Characters.isSpace(c);
        }
        budget.read(characters.length());
        return characters.indexOf(c) >= 0;
    }

    static String padded(String text, int width, String fill, int kind, Budget budget) {
        budget.read(text.length());
        int missing = width - Characters.length(text);
        if (missing <= 0) {
            return text;
        }
        budget.text((long) text.length() + (long) missing * fill.length());
        int left = kind < 0 ? 0 : kind > 0 ? missing : missing / 2 + (missing & width & 1);
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    static String upper(String text, Budget budget) {
        budget.text(text.length());
        StringBuilder out = new StringBuilder(text.length()); // String's own takes quadratic time where texts grow
        text.codePoints().forEach(c -> {
            if (c < 128) {
                out.append((char) Character.toUpperCase(c));
            } else {
                out.append(Character.toString(c).toUpperCase(Locale.ROOT));
            }
        });
        return out.toString();
    }

    static String lower(String text, Budget budget) {
        budget.text(text.length());
        return text.replace("\u0130", "i\u0307").toLowerCase(Locale.ROOT);
    }

    static String capitalized(String text, Budget budget) {
        if (text.isEmpty()) {
            return text;
        }
        int first = Character.charCount(text.codePointAt(0));
        return titled(text.substring(0, first)) + lower(text.substring(first), budget);
    }

    private static String titled(String character) {
        int c = character.codePointAt(0);
        int title = Character.toTitleCase(c);
        String upper = character.toUpperCase(Locale.ROOT);
        return title == c && !upper.equals(character)
                ? upper.substring(0, 1) + upper.substring(1).toLowerCase(Locale.ROOT) : Character.toString(title);
    }

    /** Python's str.title: what follows a character without case is written large. */
    static String title(String text, Budget budget) {
        budget.text(text.length());
        StringBuilder out = new StringBuilder();
        boolean inside = false;
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            String one = Character.toString(c);
            out.append(inside ? one.toLowerCase(Locale.ROOT) : titled(one));
            inside = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
            i += one.length();
        }
        return out.toString();
    }

    static String join(String separator, Object items, boolean anything, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        boolean first = true;
        for (Iterator<Object> i = Values.iterator(items, budget); i.hasNext(); first = false) {
            Object item = i.next();
            if (!anything && !(item instanceof String)) {
                throw new TemplateException("sequence item: expected str instance, " + Values.type(item) + " found");
            }
            out.append(first ? "" : separator).append(Values.text(item, budget));
        }
        return out.toString();
    }
}
