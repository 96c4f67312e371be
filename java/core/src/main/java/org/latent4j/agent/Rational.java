package org.latent4j.agent;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number as an answer may write it, kept exact and in lowest terms so that equals is equality of value. */
record Rational(BigInteger numerator, BigInteger denominator) {
    private static final String DECIMAL = "[-+]?(?:\\d{1,3}(?:,\\d{3})+|\\d+)?(?:\\.\\d*)?";
    private static final Pattern NUMBER = Pattern.compile("(" + DECIMAL + ")(?:[eE]([-+]?\\d{1,3}))?\\s*(%?)");
    private static final Pattern FRACTION = Pattern.compile("([-+]?)\\s*(?:"
        + "\\\\frac\\s*\\{\\s*(" + DECIMAL + ")\\s*}\\s*\\{\\s*(" + DECIMAL + ")\\s*}"
        + "|(" + DECIMAL + ")\\s*/\\s*(" + DECIMAL + "))");
    private static final int LONGEST = 200;  // digits beyond this are no answer, and would take long to divide

    /** The number that {@code text} is, wholly; a percent sign after it says nothing, as in graders' usual reading. */
    static Optional<Rational> parse(String text) {
        String trimmed = text.strip();
        if (trimmed.length() > LONGEST) {
            return Optional.empty();
        }
        Matcher number = NUMBER.matcher(trimmed);
        if (number.matches()) {
            return decimal(number.group(1)).map(d -> number.group(2) == null ? d
                : d.scaleByPowerOfTen(Integer.parseInt(number.group(2))))
                .map(d -> of(d, BigDecimal.ONE));
        }
        Matcher fraction = FRACTION.matcher(trimmed);
        if (!fraction.matches()) {
            return Optional.empty();
        }
        boolean latex = fraction.group(2) != null;
        Optional<BigDecimal> top = decimal(fraction.group(latex ? 2 : 4));
        Optional<BigDecimal> bottom = decimal(fraction.group(latex ? 3 : 5));
        if (top.isEmpty() || bottom.isEmpty() || bottom.get().signum() == 0) {
            return Optional.empty();
        }
        return Optional.of(of(fraction.group(1).equals("-") ? top.get().negate() : top.get(), bottom.get()));
    }

    private static Optional<BigDecimal> decimal(String text) {
        boolean hasDigit = text.chars().anyMatch(Character::isDigit);
        return hasDigit ? Optional.of(new BigDecimal(text.replace(",", ""))) : Optional.empty();
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
