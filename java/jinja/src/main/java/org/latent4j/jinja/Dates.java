package org.latent4j.jinja;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Python's strftime in the C locale. */
final class Dates {
    private Dates() {}

    static String format(ZonedDateTime time, String format, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        for (int i = 0; i < format.length(); i++) {
            if (format.charAt(i) != '%' || i + 1 == format.length()) {
                out.append(format.substring(i, i + 1));
                continue;
            }
            budget.step(20);
            boolean bare = format.charAt(i + 1) == '-' && i + 2 < format.length(); // %-d: no leading zero
            i += bare ? 2 : 1;
            out.append(DateTimeFormatter.ofPattern(pattern(format.charAt(i), bare), Locale.US).format(time));
        }
        return out.toString();
    }

    private static String pattern(char field, boolean bare) {
        return switch (field) {
            case 'd' -> bare ? "d" : "dd";
            case 'e' -> bare ? "d" : "ppd";
            case 'm' -> bare ? "M" : "MM";
            case 'b', 'h' -> "MMM";
            case 'B' -> "MMMM";
            case 'Y' -> "yyyy";
            case 'y' -> "yy";
            case 'H' -> bare ? "H" : "HH";
            case 'I' -> bare ? "h" : "hh";
            case 'M' -> bare ? "m" : "mm";
            case 'S' -> bare ? "s" : "ss";
            case 'f' -> "SSSSSS";
            case 'p' -> "a";
            case 'a' -> "EEE";
            case 'A' -> "EEEE";
            case 'j' -> bare ? "D" : "DDD";
            case 'F' -> "yyyy-MM-dd";
            case 'T' -> "HH:mm:ss";
            case 'D', 'x' -> "MM/dd/yy";
            case 'X' -> "HH:mm:ss";
            case 'R' -> "HH:mm";
            case 'c' -> "EEE MMM ppd HH:mm:ss yyyy";
            case 'z', 'Z' -> "''"; // as of Python's datetime without a zone
            case '%' -> "'%'";
            case 'n' -> "'\n'";
            case 't' -> "'\t'";
            default -> throw new TemplateException("strftime_now does not know %" + field);
        };
    }
}
