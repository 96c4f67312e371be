package org.latent4j.jinja;

/** A text that grows within a budget. */
final class TextBuilder {
    private final StringBuilder text = new StringBuilder();
    private final Budget budget;

    TextBuilder(Budget budget) {
        this.budget = budget;
    }

    TextBuilder append(String part) {
        if ((long) text.length() + part.length() > Limits.TEXT) {
            budget.text(Limits.TEXT + 1L);
        }
        budget.text(part.length());
        text.append(part);
        return this;
    }

    int length() {
        return text.length();
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
