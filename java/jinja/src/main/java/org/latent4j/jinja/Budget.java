package org.latent4j.jinja;

/** What is left of {@link Limits} in one rendering; every operation asks before it works. */
final class Budget {
    static final int ITEM = 16;

    private long steps = Limits.STEPS;
    private long allocation = Limits.ALLOCATION;
    private int depth;
    private int untilCheck;

    /** Asks for the work of visiting so many items or nodes. */
    void step(long count) {
        steps -= count;
        if (steps < 0) {
            throw new TemplateException("takes more than " + Limits.STEPS + " steps");
        }
        untilCheck -= (int) Math.min(count, 1 << 20);
        if (untilCheck < 0) {
            untilCheck = 4096;
            if (Thread.currentThread().isInterrupted()) {
                throw new TemplateException.Interrupted(0);
            }
        }
    }

    /** Asks for the work of reading so many characters. */
    void read(long characters) {
        step(1 + characters / Limits.CHARACTERS_PER_STEP);
    }

    /** Asks for a text of so many characters. */
    void text(long characters) {
        if (characters > Limits.TEXT) {
            throw new TemplateException("makes a text of more than " + Limits.TEXT + " characters");
        }
        allocate(characters);
        read(characters);
    }

    /** Asks for a list or dictionary of so many items. */
    void items(long count) {
        allocate(count > Limits.ALLOCATION ? count : count * ITEM);
        step(count);
    }

    private void allocate(long characters) {
        allocation -= characters;
        if (allocation < 0) {
            throw new TemplateException("makes more than " + Limits.ALLOCATION + " characters of text and lists");
        }
    }

    void enter() {
        step(1);
        if (++depth > Limits.RENDER_DEPTH) {
            throw new TemplateException("a macro calls itself without end, or it is nested too deeply");
        }
    }

    void leave() {
        depth--;
    }

    /** Refuses a value that is nested too deeply. */
    static void checkDepth(int depth) {
        if (depth > Limits.VALUE_DEPTH) {
            throw new TemplateException("a value is nested more than " + Limits.VALUE_DEPTH + " deep");
        }
    }
}
