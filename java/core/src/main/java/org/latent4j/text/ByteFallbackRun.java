package org.latent4j.text;

import java.util.function.Consumer;

/**
 * Byte tokens as characters, each as soon as its last byte is there. A byte that belongs to no character is one U+FFFD;
 * Hugging Face's library then gives up the whole characters beside it, too, which a stream cannot know in time.
 */
final class ByteFallbackRun implements Decoder.Run {
    private final Consumer<String> next;
    private final Utf8Text text = new Utf8Text(true);

    ByteFallbackRun(Consumer<String> next) {
        this.next = next;
    }

    @Override
    public void push(String token) {
        int value = value(token);
        if (value >= 0) {
            text.take(value);
            give();
        } else {
            end();
            next.accept(token);
        }
    }

    @Override
    public void end() {
        text.end();
        give();
    }

    private void give() {
        String given = text.given();
        if (!given.isEmpty()) {
            next.accept(given);
        }
    }

    private static int value(String token) {
        if (token.length() != 6 || !token.startsWith("<0x") || !token.endsWith(">")) {
            return -1;
        }
        int high = Character.digit(token.charAt(3), 16);
        int low = Character.digit(token.charAt(4), 16);
        return high < 0 || low < 0 || token.charAt(3) > 'f' || token.charAt(4) > 'f' ? -1 : 16 * high + low;
    }
}
