package org.latent4j.agent;

import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names of units in one way of writing: {@code kilometers per hour}, {@code km/hr} and {@code km/h} are the same. */
final class Units {
    static final String PERCENT = "%";
    private static final Map<String, String> PREFIXES =
        Map.of("kilo", "k", "centi", "c", "milli", "m", "micro", "\u00b5", "nano", "n", "mega", "mega", "deci", "d");
    private static final Map<String, String> BASES = Map.ofEntries(Map.entry("gram", "g"), Map.entry("gramme", "g"),
        Map.entry("meter", "m"), Map.entry("metre", "m"), Map.entry("liter", "l"), Map.entry("litre", "l"),
        Map.entry("second", "s"), Map.entry("sec", "s"), Map.entry("watt", "w"), Map.entry("volt", "v"),
        Map.entry("joule", "j"), Map.entry("newton", "n"), Map.entry("hertz", "hz"), Map.entry("ampere", "a"),
        Map.entry("pascal", "pa"));
    private static final Map<String, String> NAMES = Map.ofEntries(Map.entry("$", "dollar"), Map.entry("usd", "dollar"),
        Map.entry("\u20ac", "euro"), Map.entry("eur", "euro"), Map.entry("\u00a3", "pound"), Map.entry("lb", "pound"),
        Map.entry("\u00a5", "yen"), Map.entry("hour", "h"), Map.entry("hr", "h"), Map.entry("minute", "min"),
        Map.entry("feet", "ft"), Map.entry("foot", "ft"), Map.entry("inch", "in"), Map.entry("yard", "yd"),
        Map.entry("mile", "mi"), Map.entry("ounce", "oz"), Map.entry("year", "yr"), Map.entry("week", "wk"),
        Map.entry("degree", "\u00b0"), Map.entry("deg", "\u00b0"), Map.entry("percent", PERCENT),
        Map.entry("mph", "mi/h"), Map.entry("kph", "km/h"), Map.entry("people", "person"), Map.entry("men", "man"),
        Map.entry("women", "woman"), Map.entry("children", "child"));
    private static final Set<String> SYMBOLS = Set.of("mm", "cm", "km", "kg", "mg", "ml", "cl", "ms", "min", "ft", "yd",
        "mi", "oz", "hz", "kw", "pa", "\u00b0", PERCENT);
    private static final Pattern POWER = Pattern.compile("(square|sq\\.?|cubic|cubed|cu\\.?)\\s+(.+)");
    private static final Pattern POWER_BEHIND = Pattern.compile("^(\\S+)\\s+(square(?=d$)|cubed$)d?");
    private static final Pattern EXPONENT = Pattern.compile("(.*\\p{L})\\^?\\{?([23])}?");

    private Units() {
    }

    /** A unit in lower case, in the form in which two of them are compared: a symbol, or a noun in the singular. */
    static String canonical(String unit) {
        String[] parts = unit.split("\\s+per\\s+|/", 2);
        String first = power(parts[0].strip());
        return parts.length == 1 ? first : first + "/" + power(parts[1].strip());
    }

    /** Whether it can stand next to its number without a space. */
    static boolean isKnown(String unit) {
        String first = canonical(unit).replaceFirst("[/^].*", "");
        return SYMBOLS.contains(first) || NAMES.containsKey(unit) || NAMES.containsValue(first) || unit.matches("hrs?")
            || BASES.containsKey(singular(unit));
    }

    private static String power(String unit) {
        Matcher word = POWER.matcher(POWER_BEHIND.matcher(unit).replaceFirst("$2 $1"));
        if (word.matches()) {
            return name(word.group(2)) + (word.group(1).startsWith("s") ? "^2" : "^3");
        }
        Matcher exponent = EXPONENT.matcher(unit);
        return exponent.matches() ? name(exponent.group(1)) + "^" + exponent.group(2) : name(unit);
    }

    private static String name(String unit) {
        String one = singular(unit);
        if (NAMES.containsKey(one)) {
            return NAMES.get(one);
        }
        if (BASES.containsKey(one)) {
            return BASES.get(one);
        }
        for (Map.Entry<String, String> prefix : PREFIXES.entrySet()) {
            String base = one.startsWith(prefix.getKey()) ? BASES.get(one.substring(prefix.getKey().length())) : null;
            if (base != null) {
                return prefix.getValue() + base;
            }
        }
        return stem(unit);
    }

    /** The same for the singular and the plural of a noun, though it may be neither: box and boxes, cookie, cookies. */
    private static String stem(String unit) {
        String stem = unit.length() > 3 && unit.endsWith("s") && !unit.endsWith("ss")
            ? unit.substring(0, unit.length() - 1) : unit;
        stem = stem.length() > 2 && stem.endsWith("e") ? stem.substring(0, stem.length() - 1) : stem;
        return stem.length() > 2 && stem.endsWith("i") ? stem.substring(0, stem.length() - 1) + "y" : stem;
    }

    private static String singular(String unit) {
        if (unit.matches(".*(?:s|x|z|ch|sh)es") && unit.length() > 4) {
            return unit.substring(0, unit.length() - 2);
        }
        return unit.length() > 2 && unit.endsWith("s") && !unit.endsWith("ss") ? unit.substring(0, unit.length() - 1)
            : unit;
    }
}
