package org.latent4j.text;

import java.util.function.Consumer;

/** Replaces a text that may be spread over several parts of one token: what may be its beginning is held back. */
final class HeldReplace implements Decoder.Run {
    private final Decoder.Replace replace;
    private final Consumer<String> next;
    private String held = "";

    HeldReplace(Decoder.Replace replace, Consumer<String> next) {
        this.replace = replace;
        this.next = next;
    }

    @Override
    public void push(String part) {
        String old = replace.old();
        String text = held + part;
        int at = 0;
        for (int found = text.indexOf(old); found >= 0; found = text.indexOf(old, at)) {
            at = found + old.length();
        }
        int keep = Math.max(at, text.length() - old.length() + 1);
        while (!old.startsWith(text.substring(keep))) {
            keep++;
        }
        held = text.substring(keep);
        next.accept(replace.in(text.substring(0, keep)));
    }

    @Override
    public void end() {
        next.accept(held);
        held = "";
    }
}
