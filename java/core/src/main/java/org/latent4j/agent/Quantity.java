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
 * @param unit as {@link Units} writes it, empty where none is named
 */
record Quantity(Rational value, String unit) {
    private static final int LONGEST = 200;
    private static final Pattern CURRENCY = Pattern.compile("([-+]?)\\s*([$\u20ac\u00a3\u00a5])\\s*(.*)");
    private static final Pattern UNIT = Pattern.compile("(.*[\\d}.%])(?:\\s+(\\p{L}{2,}(?:[ /.]\\p{L}+|\\^?\\{?[23]}?)*"
        + "|[mgslhLVWNJK](?:\\^\\{?[23]}?)?(?:/\\p{L}{1,3}(?:\\^\\{?[23]}?)?)?)"
        + "|\\s*(\\p{L}{2,12}(?:\\^?\\{?[23]}?)?(?:/\\p{L}{1,3})?|[kKM%\u20ac\u00a3\u00a5\u00b0]))");
    private static final Map<String, Integer> SCALES = Map.of("hundred", 2, "thousand", 3, "million", 6, "billion", 9,
        "trillion", 12, "k", 3, "m", 6, "bn", 9);
    private static final Set<String> NO_UNITS =
        Set.of("pi", "sin", "cos", "tan", "log", "ln", "exp", "sqrt", "mod", "and", "or", "to");
    private static final BigInteger HUNDRED = BigInteger.valueOf(100);

    /** The number with its unit that {@code text} is, wholly. */
    static Optional<Quantity> parse(String text) {
        if (text.length() > LONGEST) {
            return Optional.empty();
        }
        String rest = text.strip();
        String unit = "";
        Matcher currency = CURRENCY.matcher(rest);
        if (currency.matches()) {
            unit = Units.canonical(currency.group(2));
            rest = currency.group(1) + currency.group(3);
        }
        Matcher counted = UNIT.matcher(rest);
        int scale = 0;
        if (counted.matches()) {
            boolean apart = counted.group(2) != null;
            String words = (apart ? counted.group(2) : counted.group(3)).toLowerCase(Locale.ROOT);
            String first = words.replaceFirst("[ /^].*", "");
            scale = first.length() > 2 == apart ? SCALES.getOrDefault(first, 0) : 0;
            if (NO_UNITS.contains(first) || !apart && scale == 0 && !Units.isKnown(words)) {
                return Optional.empty();
            }
            String named = scale == 0 ? words : words.substring(first.length()).strip();
            unit = named.isEmpty() ? unit : Units.canonical(named);
            rest = counted.group(1);
        }
        BigInteger times = BigInteger.TEN.pow(scale);
        String counts = unit;
        return Rational.parse(rest).map(value -> new Quantity(value.times(times), counts));
    }

    /** Whether both are the same number, of the same unit where both have one; 50 % is 50 and 0.5. */
    boolean matches(Quantity other) {
        if (unit.equals(Units.PERCENT) && other.unit.isEmpty() || unit.isEmpty() && other.unit.equals(Units.PERCENT)) {
            Rational percent = unit.isEmpty() ? other.value : value;
            Rational number = unit.isEmpty() ? value : other.value;
            return percent.equals(number) || percent.equals(number.times(HUNDRED));
        }
        return value.equals(other.value) && (unit.isEmpty() || other.unit.isEmpty() || unit.equals(other.unit));
    }
}
