package org.latent4j.jinja;

/**
 * A piece of a template.
 *
 * @param type {@code data}, {@code name}, {@code string}, {@code integer}, {@code float}, {@code variable_begin} and
 *     the like as Jinja2 calls them; an operator's type is its text
 */
record Token(String type, Object value, int line) {
    boolean is(String expected) {
        return type.equals(expected);
    }

    boolean isName(String name) {
        return type.equals("name") && value.equals(name);
    }

    String described() {
        return switch (type) {
            case "eof" -> "the end of the template";
            case "block_end" -> "the end of a statement";
            case "variable_end" -> "the end of a print";
            default -> "'" + (value == null ? type : value) + "'";
        };
    }
}
