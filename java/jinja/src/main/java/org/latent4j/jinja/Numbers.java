package org.latent4j.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Python's arithmetic: integers are Long or, where they do not fit, BigInteger; floats are Double. */
final class Numbers {
    private static final BigInteger MIN = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger MAX = BigInteger.valueOf(Long.MAX_VALUE);

    private Numbers() {}

    static Object of(BigInteger value) {
        if (value.bitLength() > Limits.INTEGER_BITS) {
            throw new TemplateException("makes an integer of more than " + Limits.INTEGER_BITS + " bits");
        }
        return value.compareTo(MIN) >= 0 && value.compareTo(MAX) <= 0 ? (Object) value.longValue() : value;
    }

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
    }

    static boolean is(Object value) {
        return isInteger(value) || value instanceof Double;
    }

    static BigInteger big(Object value) {
        return value instanceof BigInteger big ? big
                : BigInteger.valueOf(value instanceof Boolean bool ? bool ? 1 : 0 : (Long) value);
    }

    static double real(Object value) {
        if (value instanceof Double real) {
            return real;
        }
        double real = value instanceof BigInteger big ? big.doubleValue() : big(value).longValue();
        if (Double.isInfinite(real)) {
            throw new TemplateException("int too large to convert to float");
        }
        return real;
    }

    static int clamped(Object value, String function) {
        if (!isInteger(value)) {
            throw new TemplateException(function + "() expects an integer, got '" + Values.type(value) + "'");
        }
        return big(value).max(BigInteger.valueOf(-Integer.MAX_VALUE)).min(BigInteger.valueOf(Integer.MAX_VALUE))
                .intValue();
    }

    static int compare(Object a, Object b) {
        if (isInteger(a) && isInteger(b)) {
            return a instanceof Long x && b instanceof Long y ? Long.compare(x, y) : big(a).compareTo(big(b));
        }
        double x = a instanceof Double d ? d : 0;
        double y = b instanceof Double d ? d : 0;
        if (Double.isInfinite(x) || Double.isInfinite(y)) {
            return Double.compare(x, y);
        }
        return exact(a).compareTo(exact(b));
    }

    private static BigDecimal exact(Object value) {
        return value instanceof Double real ? new BigDecimal(real) : new BigDecimal(big(value));
    }

    static boolean isNaN(Object value) {
        return value instanceof Double real && real.isNaN();
    }

    static Object arithmetic(String operator, Object a, Object b) {
        if (operator.equals("**")) {
            return power(a, b);
        }
        if (operator.equals("/")) {
            return divide(a, b);
        }
        if (!isInteger(a) || !isInteger(b)) {
            return real(operator, real(a), real(b));
        }
        if (a instanceof Long x && b instanceof Long y && x == x.intValue() && y == y.intValue()) {
            switch (operator) {
                case "+":
                    return x + y;
                case "-":
                    return x - y;
                case "*":
                    return x * y;
                default:
                    break;
            }
        }
        BigInteger x = big(a);
        BigInteger y = big(b);
        return of(switch (operator) {
            case "+" -> x.add(y);
            case "-" -> x.subtract(y);
            case "*" -> x.multiply(y);
            case "//" -> floor(x, y)[0];
            default -> floor(x, y)[1];
        });
    }

    private static BigInteger[] floor(BigInteger x, BigInteger y) {
        if (y.signum() == 0) {
            throw new TemplateException("integer division or modulo by zero");
        }
        BigInteger[] parts = x.divideAndRemainder(y);
        if (parts[1].signum() != 0 && parts[1].signum() != y.signum()) {
            return new BigInteger[] {parts[0].subtract(BigInteger.ONE), parts[1].add(y)};
        }
        return parts;
    }

    private static Object divide(Object a, Object b) {
        double y = real(b);
        if (y == 0) {
            throw new TemplateException("division by zero");
        }
        if (isInteger(a) && isInteger(b) && (a instanceof BigInteger || b instanceof BigInteger)) {
            return new BigDecimal(big(a)).divide(new BigDecimal(big(b)), MathContext.DECIMAL128).doubleValue();
        }
        return real(a) / y;
    }

    private static Object real(String operator, double x, double y) {
        switch (operator) {
            case "+":
                return x + y;
            case "-":
                return x - y;
            case "*":
                return x * y;
            default:
                break;
        }
        if (y == 0) {
            throw new TemplateException("float floor division by zero");
        }
        double rest = x % y;
        double quotient = (x - rest) / y;
        if (rest != 0 && rest < 0 != y < 0) {
            rest += y;
            quotient -= 1;
        }
        if (operator.equals("%")) {
            return rest == 0 ? Math.copySign(0.0, y) : rest;
        }
        double floor = Math.floor(quotient);
        return quotient == 0 ? Math.copySign(0.0, x / y) : quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static Object power(Object a, Object b) {
        if (isInteger(a) && isInteger(b) && big(b).signum() >= 0) {
            BigInteger base = big(a);
            BigInteger exponent = big(b);
            if (base.bitLength() <= 1 && base.abs().compareTo(BigInteger.ONE) <= 0) {
                return base.signum() == 0 ? (exponent.signum() == 0 ? 1L : 0L)
                        : base.signum() > 0 || !exponent.testBit(0) ? 1L : -1L;
            }
            if (exponent.bitLength() > 31
                    || (long) (base.abs().bitLength() - 1) * exponent.intValue() > Limits.INTEGER_BITS) {
                throw new TemplateException("makes an integer of more than " + Limits.INTEGER_BITS + " bits");
            }
            return of(base.pow(exponent.intValue()));
        }
        double x = real(a);
        double y = real(b);
        if (x == 0 && y < 0) {
            throw new TemplateException("0.0 cannot be raised to a negative power");
        }
        double result = Math.pow(x, y);
        if (Double.isInfinite(result) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
            throw new TemplateException("Numerical result out of range");
        }
        if (Double.isNaN(result) && !Double.isNaN(x) && !Double.isNaN(y)) {
            throw new TemplateException("a complex number is not supported");
        }
        return result;
    }

    static Object negate(Object value) {
        return value instanceof Double real ? (Object) (-real) : of(big(value).negate());
    }

    /** Steps that the digits of a number take. */
    static int cost(Object value) {
        return value instanceof Double real ? Math.abs(Math.getExponent(real)) < 64 ? 10 : 1000
                : value instanceof BigInteger big ? big.bitLength() / 16 : 1;
    }

    /** Python's repr of a number. */
    static String text(Object value) {
        if (value instanceof Boolean bool) {
            return bool ? "True" : "False";
        }
        if (!(value instanceof Double real)) {
            return value.toString();
        }
        if (real.isNaN() || real.isInfinite()) {
            return real.isNaN() ? "nan" : real > 0 ? "inf" : "-inf";
        }
        if (real == 0) {
            return 1 / real < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = shortest(real);
        int exponent = shortest.precision() - shortest.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            String plain = shortest.toPlainString();
            return plain.indexOf('.') < 0 ? plain + ".0" : plain;
        }
        String digits = shortest.unscaledValue().abs().toString();
        return (real < 0 ? "-" : "") + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "")
                + exponent(exponent);
    }

    static String exponent(int exponent) {
        return "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    private static BigDecimal shortest(double real) {
        BigDecimal exact = new BigDecimal(real);
        for (int digits = Math.abs(real) < Double.MIN_NORMAL ? 1 : 15; digits < 17; digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (rounded.doubleValue() == real) {
                return rounded.stripTrailingZeros();
            }
        }
        return exact.round(new MathContext(17, RoundingMode.HALF_EVEN)).stripTrailingZeros();
    }

    /** Python's int() of a text; null if it is none. */
    static Object parsed(String text, int radix) {
        String digits = text.strip().replace("_", "").toLowerCase(Locale.ROOT);
        String sign = digits.startsWith("-") ? "-" : "";
        digits = digits.startsWith("-") || digits.startsWith("+") ? digits.substring(1) : digits;
        int base = radix == 0 ? digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2
                : 10 : radix;
        String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : " ";
        digits = digits.startsWith(prefix) ? digits.substring(2) : digits;
        boolean valid = !digits.isEmpty() && digits.length() <= Limits.INTEGER_BITS / 4
                && !text.strip().startsWith("_") && !text.strip().endsWith("_") && !text.contains("__");
        for (int i = 0; valid && i < digits.length(); i++) {
            valid = Character.digit(digits.charAt(i), base) >= 0;
        }
        return valid ? of(new BigInteger(sign + digits, base)) : null;
    }

    /** Python's float() of a text; null if it is none. */
    static Double real(String text) {
        String number = text.strip().toLowerCase(Locale.ROOT);
        String bare = number.startsWith("-") || number.startsWith("+") ? number.substring(1) : number;
        if (bare.equals("inf") || bare.equals("infinity") || bare.equals("nan")) {
            return bare.equals("nan") ? Double.NaN
                    : number.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        boolean valid = !bare.isEmpty() && bare.length() <= Limits.INTEGER_BITS;
        for (int i = 0; valid && i < bare.length(); i++) {
            valid = "0123456789.e+-_".indexOf(bare.charAt(i)) >= 0;
        }
        try {
            return valid ? Double.valueOf(number.replace("_", "")) : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
