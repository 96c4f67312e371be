package org.latent4j.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Python's {@code text.format(...)} and its format specifications. */
final class Format {
    /** How a value is written: {@code [[fill]align][sign][#][0][width][grouping][.precision][type]}. */
    static final class Spec {
        String fill = " ";
        char align; // 0: the type's own
        char sign = '-';
        boolean alternate;
        boolean zeros;
        int width;
        int precision = -1;
        int digits = -1; // least digits of an integer
        String grouping = "";
    }

    private static final int PRECISION = 1000;

    private final Arguments arguments;
    private final Budget budget;
    private int automatic;

    private Format(Arguments arguments, Budget budget) {
        this.arguments = arguments;
        this.budget = budget;
    }

    static String format(String text, Arguments arguments, Budget budget) {
        return new Format(arguments, budget).run(text, 2);
    }

    private String run(String text, int depth) {
        if (depth == 0) {
            throw new TemplateException("Max string recursion exceeded");
        }
        TextBuilder out = new TextBuilder(budget);
        int at = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '{' && c != '}') {
                continue;
            }
            out.append(text.substring(at, i));
            if (i + 1 < text.length() && text.charAt(i + 1) == c) {
                out.append(String.valueOf(c));
                i++;
            } else if (c == '}') {
                throw new TemplateException("Single '}' encountered in format string");
            } else {
                int close = close(text, i);
                out.append(field(text.substring(i + 1, close), depth));
                i = close;
            }
            at = i + 1;
        }
        return out.append(text.substring(at)).toString();
    }

    private int close(String text, int open) {
        int depth = 0;
        for (int i = open; i < text.length(); i++) {
            depth += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                budget.read(i - open);
                return i;
            }
        }
        throw new TemplateException("expected '}' before end of string");
    }

    private String field(String field, int depth) {
        int end = 0;
        int bracket = 0;
        while (end < field.length() && (bracket > 0 || field.charAt(end) != ':' && field.charAt(end) != '!')) {
            bracket += field.charAt(end) == '[' ? 1 : field.charAt(end) == ']' ? -1 : 0;
            end++;
        }
        Object value = value(field.substring(0, end));
        String rest = field.substring(end);
        if (rest.startsWith("!")) {
            char conversion = rest.length() > 1 ? rest.charAt(1) : ' ';
            if ("sra".indexOf(conversion) < 0 || rest.length() > 2 && rest.charAt(2) != ':') {
                throw new TemplateException("Unknown conversion specifier '" + rest + "'");
            }
            value = conversion == 's' ? Values.text(value, budget) : Repr.of(value, budget);
            rest = rest.substring(2);
        }
        return formatted(value, rest.isEmpty() ? "" : run(rest.substring(1), depth - 1));
    }

    private Object value(String name) {
        int end = 0;
        while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
            end++;
        }
        String first = name.substring(0, end);
        Object value;
        if (first.isEmpty() && automatic < 0 || isIndex(first) && automatic > 0) {
            throw new TemplateException("cannot mix automatic and manual field numbering");
        }
        if (first.isEmpty() || isIndex(first)) {
            int index = first.isEmpty() ? automatic++ : count(first);
            automatic = first.isEmpty() ? automatic : -1;
            if (index >= arguments.positional().size()) {
                throw new TemplateException("Replacement index " + index + " out of range for positional args tuple");
            }
            value = arguments.positional().get(index);
        } else if (arguments.named().containsKey(first)) {
            value = arguments.named().get(first);
        } else {
            throw new TemplateException("'" + first + "'");
        }
        return path(value, name.substring(end));
    }

    private Object path(Object start, String path) {
        Object value = start;
        int at = 0;
        while (at < path.length()) {
            boolean item = path.charAt(at) == '[';
            int end = item ? path.indexOf(']', at) : at + 1;
            while (!item && end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
                end++;
            }
            if (end < 0 || end == at + 1 || !item && path.charAt(at) != '.') {
                throw new TemplateException("Empty attribute in format string");
            }
            String key = path.substring(at + 1, end);
            value = item ? Attributes.item(value, isIndex(key) ? (Object) (long) count(key) : key, budget)
                    : Attributes.get(value, key, budget);
            at = item ? end + 1 : end;
        }
        return value;
    }

    private static boolean isIndex(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /** A width, precision or index; 0 if there are no digits. */
    static int count(String digits) {
        if (digits.length() > 9) {
            throw new TemplateException("Too many decimal digits in format string");
        }
        return digits.isEmpty() ? 0 : Integer.parseInt(digits);
    }

    private String formatted(Object value, String text) {
        if (text.isEmpty()) {
            return Values.text(value, budget);
        }
        Spec spec = new Spec();
        int at = 0;
        int first = Character.charCount(text.codePointAt(0));
        if (text.length() > first && "<>=^".indexOf(text.charAt(first)) >= 0) {
            spec.fill = text.substring(0, first);
            spec.align = text.charAt(first);
            at = first + 1;
        } else if ("<>=^".indexOf(text.charAt(0)) >= 0) {
            spec.align = text.charAt(at++);
        }
        if (at < text.length() && "+- ".indexOf(text.charAt(at)) >= 0) {
            spec.sign = text.charAt(at++);
        }
        if (at < text.length() && text.charAt(at) == '#') {
            spec.alternate = true;
            at++;
        }
        if (at < text.length() && text.charAt(at) == '0') {
            spec.zeros = spec.align == 0;
            spec.fill = spec.fill.equals(" ") ? "0" : spec.fill;
            at++;
        }
        int end = digits(text, at);
        spec.width = count(text.substring(at, end));
        at = end;
        if (at < text.length() && ",_".indexOf(text.charAt(at)) >= 0) {
            spec.grouping = text.substring(at, ++at);
        }
        if (at < text.length() && text.charAt(at) == '.') {
            end = digits(text, at + 1);
            if (end == at + 1) {
                throw new TemplateException("Format specifier missing precision");
            }
            spec.precision = count(text.substring(at + 1, end));
            at = end;
        }
        if (text.length() - at > 1) {
            throw new TemplateException("Invalid format specifier '" + text + "'");
        }
        return typed(value, at < text.length() ? text.charAt(at) : 0, spec);
    }

    private static int digits(String text, int from) {
        int end = from;
        while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
            end++;
        }
        return end;
    }

    private String typed(Object value, char type, Spec spec) {
        if (value instanceof String string && (type == 0 || type == 's') && spec.align != '=' && spec.sign == '-') {
            spec.align = spec.align == 0 ? '<' : spec.align;
            return text(string, spec, budget);
        }
        boolean real = type != 0 && "eEfFgG%".indexOf(type) >= 0;
        if (!Numbers.is(value) || type == 's' || !real && value instanceof Double && type != 0
                || !real && type != 0 && "bcdoxXn".indexOf(type) < 0) {
            throw new TemplateException("unsupported format for object of type '" + Values.type(value) + "'");
        }
        if (type == 'c') {
            return text(character(value), spec, budget);
        }
        char shown = type == 'n' || type == 0 && !(value instanceof Double) ? 'd' : type;
        return number(real ? (Object) Numbers.real(value) : value, shown, spec, budget);
    }

    static String character(Object value) {
        int c = Numbers.clamped(value, "%c");
        if (!Character.isValidCodePoint(c)) {
            throw new TemplateException("%c arg not in range(0x110000)");
        }
        return Character.toString(c);
    }

    static String text(String text, Spec spec, Budget budget) {
        String cut = spec.precision >= 0 && spec.precision < Characters.length(text)
                ? Characters.slice(text, 0, spec.precision) : text;
        int kind = spec.align == '<' ? -1 : spec.align == '^' ? 0 : 1;
        if (kind == 0) { // format puts the odd space behind, unlike str.center
            int missing = Math.max(0, spec.width - Characters.length(cut));
            budget.text((long) cut.length() + (long) missing * spec.fill.length());
            return spec.fill.repeat(missing / 2) + cut + spec.fill.repeat(missing - missing / 2);
        }
        return Texts.padded(cut, spec.width, spec.fill, kind, budget);
    }

    static String number(Object value, char type, Spec spec, Budget budget) {
        boolean negative = value instanceof Double real ? real < 0 || real == 0 && 1 / real < 0
                : Numbers.big(value).signum() < 0;
        String sign = negative ? "-" : spec.sign == '-' ? "" : String.valueOf(spec.sign);
        String prefix = "";
        String digits;
        if (value instanceof Double real) {
            if (spec.precision > PRECISION) {
                throw new TemplateException("asks for " + spec.precision + " digits, at most " + PRECISION);
            }
            budget.text(Math.max(0, spec.precision) + 350L);
            budget.step(500);
            digits = real(Math.abs(real), type, spec);
        } else {
            budget.step(Numbers.cost(value));
            BigInteger whole = Numbers.big(value).abs();
            int radix = type == 'b' ? 2 : type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
            digits = whole.toString(radix);
            digits = Texts.padded(type == 'X' ? digits.toUpperCase(Locale.ROOT) : digits, spec.digits, "0", 1, budget);
            prefix = spec.alternate && radix != 10 ? "0" + type : "";
        }
        int room = spec.width - sign.length() - prefix.length();
        boolean pads = spec.zeros || spec.align == '=';
        if (!spec.grouping.isEmpty()) {
            digits = grouped(digits, spec.grouping, type == 'd' || value instanceof Double ? 3 : 4,
                    pads && !spec.fill.equals(" ") ? room : 0, budget);
        }
        if (pads) {
            String fill = spec.zeros ? "0" : spec.fill;
            return sign + prefix + Texts.padded(digits, room, fill, 1, budget);
        }
        spec.align = spec.align == 0 ? '>' : spec.align;
        spec.precision = -1;
        return text(sign + prefix + digits, spec, budget);
    }

    private static String grouped(String digits, String separator, int size, int room, Budget budget) {
        int end = 0;
        while (end < digits.length() && Character.digit(digits.charAt(end), 16) >= 0 && digits.charAt(end) != 'e') {
            end++;
        }
        String rest = digits.substring(end);
        String whole = digits.substring(0, end);
        int width = room - rest.length();
        if (width > whole.length()) {
            int least = width - width / (size + 1);
            whole = Texts.padded(whole, least, "0", 1, budget);
        }
        TextBuilder out = new TextBuilder(budget);
        int from = 0;
        for (int to = (whole.length() - 1) % size + 1; to <= whole.length(); to += size) {
            out.append(from == 0 ? "" : separator).append(whole.substring(from, to));
            from = to;
        }
        return out.append(rest).toString();
    }

    private static String real(double real, char type, Spec spec) {
        if (Double.isNaN(real) || Double.isInfinite(real)) {
            String name = Double.isNaN(real) ? "nan" : "inf";
            return Character.isUpperCase(type) ? name.toUpperCase(Locale.ROOT) : name + (type == '%' ? "%" : "");
        }
        int precision = spec.precision < 0 ? 6 : spec.precision;
        String text = switch (Character.toLowerCase(type)) {
            case 'f' -> fixed(new BigDecimal(real), precision);
            case '%' -> fixed(new BigDecimal(real * 100), precision) + "%";
            case 'e' -> scientific(new BigDecimal(real), precision);
            case 'g' -> general(real, Math.max(1, precision), spec.alternate, false);
            default -> spec.precision < 0 ? Numbers.text(real)
                    : general(real, Math.max(1, spec.precision), false, true);
        };
        return Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text;
    }

    private static String fixed(BigDecimal value, int precision) {
        return value.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
    }

    private static String scientific(BigDecimal value, int precision) {
        BigDecimal rounded = value.signum() == 0 ? value : value.round(new MathContext(precision + 1,
                RoundingMode.HALF_EVEN));
        String digits = rounded.unscaledValue().toString();
        int exponent = value.signum() == 0 ? 0 : digits.length() - 1 - rounded.scale();
        digits = digits.length() > precision ? digits.substring(0, precision + 1)
                : digits + "0".repeat(precision + 1 - digits.length());
        return digits.charAt(0) + (precision > 0 ? "." + digits.substring(1) : "") + Numbers.exponent(exponent);
    }

    private static String general(double real, int precision, boolean keepsZeros, boolean showsPoint) {
        String scientific = scientific(new BigDecimal(real), precision - 1);
        int exponent = Integer.parseInt(scientific.substring(scientific.indexOf('e') + 1));
        boolean plain = exponent >= -4 && exponent < precision - (showsPoint ? 1 : 0);
        String mantissa = plain ? fixed(new BigDecimal(real), precision - 1 - exponent)
                : scientific.substring(0, scientific.indexOf('e'));
        if (!keepsZeros && mantissa.indexOf('.') >= 0) {
            mantissa = mantissa.replaceAll("0+$", "").replaceAll("\\.$", "");
        }
        boolean point = showsPoint && plain && mantissa.indexOf('.') < 0;
        return mantissa + (point ? ".0" : "") + (plain ? "" : scientific.substring(scientific.indexOf('e')));
    }
}
