package org.latent4j.jinja;

/** How much one template may ask for. A prompt of thousands of messages and megabytes of text stays far below. */
public final class Limits {
    /** Characters of a template's text. */
    public static final int TEMPLATE_CHARACTERS = 1 << 20;
    /** Statements, parentheses, brackets and operators within each other in a template's text. */
    public static final int PARSE_DEPTH = 100;
    /** Evaluations within each other while rendering: expressions, statements and macro calls. */
    public static final int RENDER_DEPTH = 600;
    /** Lists and dictionaries within each other, in what a template is given or makes. */
    public static final int VALUE_DEPTH = 200;
    /** Nodes evaluated, items visited, and every {@value #CHARACTERS_PER_STEP} characters read, of one rendering. */
    public static final long STEPS = 20_000_000;
    /** Characters read that count as one step. */
    public static final int CHARACTERS_PER_STEP = 16;
    /** Characters written by all operations of one rendering together; an item of a list counts as 16. */
    public static final long ALLOCATION = 100_000_000;
    /** Characters of the rendered text, and of any text made on the way. */
    public static final int TEXT = 32_000_000;
    /** Bits of an integer: more than Python prints. */
    public static final int INTEGER_BITS = 1 << 14;
    /** Items of a {@code range}: the limit of Jinja2's sandbox. */
    public static final int RANGE = 100_000;

    private Limits() {}
}
