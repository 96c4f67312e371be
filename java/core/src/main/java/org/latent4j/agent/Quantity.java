package org.latent4j.agent;

import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number and what it counts.
 *
 * @param unit in lower case and the singular, empty where none is named
 */
record Quantity(Rational value, String unit) {
    private static final int LONGEST = 200;
    private static final Map<String, String> CURRENCIES =
        Map.of("$", "dollar", "\u20ac", "euro", "\u00a3", "pound", "\u00a5", "yen");
    private static final Pattern CURRENCY = Pattern.compile("([-+]?)\\s*([$\u20ac\u00a3\u00a5])\\s*(.*)");
    private static final Pattern UNIT = Pattern.compile(
        "(.*[\\d}.%])(?:\\s+(\\p{L}{2,}(?:[ /]\\p{L}+|\\^?[23\u00b2\u00b3])*"
        + "|[mgslhLVWNJK])|\\s*(mm|cm|km|kg|mg|ml|ms|min|hrs?|km/h|mph|ft|[\u20ac\u00a3\u00a5\u00b0]))");
    private static final Map<String, Integer> SCALES =
        Map.of("hundred", 2, "thousand", 3, "million", 6, "billion", 9, "trillion", 12);
    private static final Set<String> NO_UNITS =
        Set.of("pi", "sin", "cos", "tan", "log", "ln", "exp", "sqrt", "mod", "and", "or", "to");

    /** The number with its unit that {@code text} is, wholly. */
    static Optional<Quantity> parse(String text) {
        if (text.length() > LONGEST) {
            return Optional.empty();
        }
        String rest = text.strip();
        String unit = "";
        Matcher currency = CURRENCY.matcher(rest);
        if (currency.matches()) {
            unit = CURRENCIES.get(currency.group(2));
            rest = currency.group(1) + currency.group(3);
        }
        Matcher counted = UNIT.matcher(rest);
        int scale = 0;
        if (counted.matches()) {
            String words = (counted.group(2) == null ? counted.group(3) : counted.group(2)).toLowerCase(Locale.ROOT);
            String first = words.replaceFirst("[ /^].*", "");
            if (NO_UNITS.contains(first)) {
                return Optional.empty();
            }
            scale = SCALES.getOrDefault(first, 0);
            String named = scale == 0 ? words : words.substring(first.length()).strip();
            unit = named.isEmpty() ? unit : singular(CURRENCIES.getOrDefault(named, named));
            rest = counted.group(1);
        }
        BigInteger times = BigInteger.TEN.pow(scale);
        String counts = unit;
        return Rational.parse(rest).map(value -> new Quantity(value.times(times), counts));
    }

    /** Whether both are the same number, of the same unit where both have one. */
    boolean matches(Quantity other) {
        return value.equals(other.value) && (unit.isEmpty() || other.unit.isEmpty() || unit.equals(other.unit));
    }

    private static String singular(String unit) {
        return unit.length() > 3 && unit.endsWith("s") ? unit.substring(0, unit.length() - 1) : unit;
    }
}
