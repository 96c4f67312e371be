package org.latent4j.jinja;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/** Python's {@code text % values}. */
final class Printf {
    private final String format;
    private final Budget budget;
    private final Object values;
    private final Iterator<Object> places;
    private final TextBuilder out;
    private int at;
    private boolean used;

    private Printf(String format, Object values, Budget budget) {
        this.format = format;
        this.values = values;
        this.budget = budget;
        this.out = new TextBuilder(budget);
        this.places = (values instanceof Tuple tuple ? tuple.items() : Arrays.asList(values)).iterator();
    }

    static String format(String format, Object values, Budget budget) {
        return new Printf(format, values, budget).run();
    }

    private String run() {
        for (int percent = format.indexOf('%'); percent >= 0; percent = format.indexOf('%', at)) {
            out.append(format.substring(at, percent));
            at = percent + 1;
            field();
        }
        out.append(format.substring(at));
        if (places.hasNext() && !(values instanceof Dict) && !(values instanceof List && !used)) {
            throw new TemplateException("not all arguments converted during string formatting");
        }
        return out.toString();
    }

    private void field() {
        Object named = null;
        boolean byName = peek() == '(';
        if (byName) {
            int close = format.indexOf(')', at);
            if (close < 0 || !(values instanceof Dict dict)) {
                throw new TemplateException("format requires a mapping");
            }
            String key = format.substring(at + 1, close);
            if (!dict.has(key)) {
                throw new TemplateException("'" + key + "'");
            }
            named = dict.at(key);
            at = close + 1;
        }
        Format.Spec spec = new Format.Spec();
        while ("-+ #0".indexOf(peek()) >= 0) {
            switch (format.charAt(at++)) {
                case '-' -> spec.align = '<';
                case '+' -> spec.sign = '+';
                case ' ' -> spec.sign = spec.sign == '+' ? '+' : ' ';
                case '#' -> spec.alternate = true;
                default -> spec.zeros = true;
            }
        }
        spec.width = number();
        if (spec.width < 0) {
            spec.align = '<';
            spec.width = -spec.width;
        }
        if (peek() == '.') {
            at++;
            spec.precision = Math.max(0, number());
        }
        while ("hlL".indexOf(peek()) >= 0) {
            at++;
        }
        char type = peek();
        at++;
        if (type == '%') {
            out.append("%");
            return;
        }
        Object value = byName ? named : next();
        out.append(converted(value, type, spec));
    }

    private char peek() {
        if (at >= format.length()) {
            throw new TemplateException("incomplete format");
        }
        return format.charAt(at);
    }

    private int number() {
        if (peek() == '*') {
            at++;
            return Numbers.clamped(next(), "%");
        }
        int end = at;
        while (end < format.length() && format.charAt(end) >= '0' && format.charAt(end) <= '9') {
            end++;
        }
        int number = Format.count(format.substring(at, end));
        at = end;
        return number;
    }

    private Object next() {
        used = true;
        if (!places.hasNext()) {
            throw new TemplateException("not enough arguments for format string");
        }
        return places.next();
    }

    private String converted(Object value, char type, Format.Spec spec) {
        if (type == 's' || type == 'r' || type == 'a' || type == 'c') {
            String text = type == 'r' || type == 'a' ? Repr.of(value, budget) : Values.text(value, budget);
            if (type == 'c') {
                text = Numbers.isInteger(value) ? Format.character(value) : text;
                if (Characters.length(text) != 1) {
                    throw new TemplateException("%c requires int or char");
                }
            }
            spec.zeros = false;
            spec.align = spec.align == 0 ? '>' : spec.align;
            return Format.text(text, spec, budget);
        }
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        if ("diuoxXeEfFgG".indexOf(type) < 0 || !Numbers.is(value)) {
            throw new TemplateException("%" + type + " format: a number is required, not " + Values.type(value));
        }
        if (spec.align == '<') {
            spec.zeros = false;
        }
        if ("diuoxX".indexOf(type) >= 0) {
            boolean exact = "oxX".indexOf(type) >= 0;
            if (value instanceof Double real && (exact || real.isNaN() || real.isInfinite())) {
                throw new TemplateException("%" + type + " format: an integer is required, not float");
            }
            Object whole = value instanceof Double real
                    ? Numbers.of(new BigDecimal(real).toBigInteger()) : value;
            spec.digits = spec.precision;
            spec.precision = -1;
            return Format.number(whole, exact ? type : 'd', spec, budget);
        }
        return Format.number(Numbers.real(value), type, spec, budget);
    }
}
