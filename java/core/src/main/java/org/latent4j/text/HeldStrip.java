package org.latent4j.text;

import java.util.function.Consumer;

/** Cuts a character off at both ends of one token that comes in parts: what may be its end is held back. */
final class HeldStrip implements Decoder.Run {
    private final Decoder.Strip strip;
    private final Consumer<String> next;
    private int cut;
    private boolean begun; // past what may be cut off at the start
    private int held;

    HeldStrip(Decoder.Strip strip, Consumer<String> next) {
        this.strip = strip;
        this.next = next;
    }

    @Override
    public void push(String part) {
        StringBuilder given = new StringBuilder(part.length());
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            begun |= c != strip.character() || cut == strip.start();
            if (!begun) {
                cut++;
            } else if (c == strip.character() && strip.stop() > 0) {
                if (held == strip.stop()) {
                    given.append(c);
                } else {
                    held++;
                }
            } else {
                give(given);
                given.append(c);
            }
        }
        next.accept(given.toString());
    }

    private void give(StringBuilder given) {
        given.append(String.valueOf(strip.character()).repeat(held));
        held = 0;
    }

    @Override
    public void end() {
        cut = 0;
        begun = false;
        held = 0;
    }
}
