package org.latent4j.agent;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number as an answer may write it, kept exact and in lowest terms so that equals is equality of value. */
record Rational(BigInteger numerator, BigInteger denominator) {
    private static final String GAP = "[ '\u2019_\u00a0\u2009\u202f]";
    private static final String WHOLE = "\\d{1,3}(?:,\\d{3})+|\\d{1,2}(?:,\\d{2})+,\\d{3}|\\d{1,3}(?:" + GAP
        + "\\d{3})+|\\d+";
    private static final String DECIMAL = "(?:(?:" + WHOLE + ")(?:\\.\\d*)?|\\.\\d+)";
    /** A dot between thousands and a comma before decimals, where it cannot be meant otherwise. */
    private static final Pattern CONTINENTAL =
        Pattern.compile("([-+]?)(\\d{1,3}(?:\\.\\d{3})+)(?:,(\\d{1,2}))|([-+]?)(\\d{1,3}(?:\\.\\d{3}){2,})");
    private static final Pattern BRACED = Pattern.compile("\\{\\s*([-+]?[\\d.,]+)\\s*}");
    private static final Pattern NUMBER = Pattern.compile("([-+]?\\s*" + DECIMAL + ")(?:[eE]([-+]?\\d{1,3})|\\s*"
        + "(?:\u00d7|x|\\\\times|\\\\cdot|\\*|\u00b7)\\s*10\\s*\\^\\s*([-+]?\\d{1,3}))?\\s*(%?)");
    private static final Pattern POWER = Pattern.compile("([-+]?)\\s*10\\s*\\^\\s*([-+]?\\d{1,3})");
    private static final Pattern FRACTION = Pattern.compile("([-+]?)\\s*(?:(\\d+)\\s+(?=\\d+\\s*/\\s*\\d+$))?"
        + "([-+]?" + DECIMAL + ")\\s*/\\s*([-+]?" + DECIMAL + ")");
    private static final Pattern LATEX = Pattern.compile("\\\\frac\\s*\\{\\s*([-+]?" + DECIMAL
        + ")\\s*}\\s*\\{\\s*([-+]?" + DECIMAL + ")\\s*}");
    private static final int LONGEST = 200;  // digits beyond this are no answer, and would take long to divide

    /**
     * The number that {@code text} is, wholly: {@code 1,200}, {@code 1 200}, {@code 1.200,50}, {@code -3/4}, {@code 3
     * 1/2}, {@code \frac{1}{2}}, {@code 1.5e3}, {@code 1.5 \times 10^3}. A percent sign after it says nothing, as in
     * graders' usual reading.
     */
    static Optional<Rational> parse(String text) {
        String trimmed = text.strip();
        if (trimmed.length() > LONGEST) {
            return Optional.empty();
        }
        String plain = BRACED.matcher(LATEX.matcher(trimmed).replaceAll(" $1/$2").strip()).replaceAll("$1");
        Matcher continental = CONTINENTAL.matcher(plain);
        if (continental.matches()) {
            plain = continental.group(2) == null ? plain.replace(".", "") : plain.replace(".", "").replace(',', '.');
        }
        Matcher power = POWER.matcher(plain);
        if (power.matches()) {
            plain = power.group(1) + "1e" + power.group(2);
        }
        Matcher number = NUMBER.matcher(plain);
        if (number.matches()) {
            String exponent = number.group(2) == null ? number.group(3) : number.group(2);
            BigDecimal value = decimal(number.group(1));
            return Optional.of(of(exponent == null ? value : value.scaleByPowerOfTen(Integer.parseInt(exponent)),
                BigDecimal.ONE));
        }
        Matcher fraction = FRACTION.matcher(plain);
        return fraction.matches() ? fraction(fraction) : Optional.empty();
    }

    /** So many times this. */
    Rational times(BigInteger factor) {
        return of(new BigDecimal(numerator.multiply(factor)), new BigDecimal(denominator));
    }

    private static Optional<Rational> fraction(Matcher parts) {
        BigDecimal top = decimal(parts.group(3));
        BigDecimal bottom = decimal(parts.group(4));
        if (bottom.signum() == 0) {
            return Optional.empty();
        }
        BigDecimal whole = parts.group(2) == null ? BigDecimal.ZERO : decimal(parts.group(2));
        BigDecimal sum = whole.multiply(bottom).add(top);
        return Optional.of(of(parts.group(1).equals("-") ? sum.negate() : sum, bottom));
    }

    private static BigDecimal decimal(String text) {
        return new BigDecimal(text.replaceAll("[,\\s]|" + GAP, ""));
    }

    private static Rational of(BigDecimal top, BigDecimal bottom) {
        int scale = Math.max(0, Math.max(top.scale(), bottom.scale()));
        BigInteger n = top.setScale(scale).unscaledValue();
        BigInteger d = bottom.setScale(scale).unscaledValue();
        BigInteger gcd = n.gcd(d).max(BigInteger.ONE);
        BigInteger sign = BigInteger.valueOf(d.signum());
        return new Rational(n.divide(gcd).multiply(sign), d.divide(gcd).multiply(sign));
    }
}
