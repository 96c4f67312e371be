package org.latent4j.text;

import java.util.List;
import java.util.function.Consumer;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/** One step from tokens to text. Usable from any thread; what it remembers of one text is in its {@link Run}. */
sealed interface Decoder {
    /**
     * Begins a text.
     *
     * @param next takes what comes out
     * @param fused whether what comes in are parts of one token
     */
    Run run(Consumer<String> next, boolean fused);

    /** Whether what comes out are parts of one token. */
    boolean fuses();

    /** The way of one text through a step. */
    interface Run {
        void push(String token);

        /** Gives what was held back, and begins anew. */
        default void end() {}
    }

    /** All that comes out is one token. */
    record Fuse() implements Decoder {
        @Override
        public Run run(Consumer<String> next, boolean fused) {
            return next::accept;
        }

        @Override
        public boolean fuses() {
            return true;
        }
    }

    /** A text in a token replaced by another; across tokens if they are one. */
    record Replace(String old, String by) implements Decoder {
        @Override
        public Run run(Consumer<String> next, boolean fused) {
            return fused && old.length() > 1 ? new HeldReplace(this, next) : token -> next.accept(in(token));
        }

        /** A text with every replacement made. */
        String in(String token) {
            long length = token.length();
            for (int at = token.indexOf(old); at >= 0; at = token.indexOf(old, at + old.length())) {
                length += by.length() - old.length();
            }
            if (length > Limits.DECODED_LENGTH) {
                throw new LatentException(ErrorCode.BAD_TOKENIZER, "decoder: Replace makes a text of " + length
                        + " characters out of one token, at most " + Limits.DECODED_LENGTH + " are supported");
            }
            return token.replace(old, by);
        }

        @Override
        public boolean fuses() {
            return false;
        }
    }

    /** Spaces that SentencePiece made visible; those of the first token are dropped if one was put before the text. */
    record Metaspace(char replacement, boolean prefixed) implements Decoder {
        @Override
        public Run run(Consumer<String> next, boolean fused) {
            return new Run() {
                private boolean later;

                @Override
                public void push(String token) {
                    next.accept(prefixed && !later ? token.replace(String.valueOf(replacement), "")
                            : token.replace(replacement, ' '));
                    later = !fused;
                }

                @Override
                public void end() {
                    later = false;
                }
            };
        }

        @Override
        public boolean fuses() {
            return false;
        }
    }

    /** Tokens like {@code <0x0A>} as the bytes of characters. */
    record ByteFallback() implements Decoder {
        @Override
        public Run run(Consumer<String> next, boolean fused) {
            return new ByteFallbackRun(next);
        }

        @Override
        public boolean fuses() {
            return false;
        }
    }

    /** Some of a character cut off at both ends of each token. */
    record Strip(char character, int start, int stop) implements Decoder {
        @Override
        public Run run(Consumer<String> next, boolean fused) {
            return fused ? new HeldStrip(this, next) : token -> next.accept(cut(token));
        }

        private String cut(String token) {
            int from = 0;
            while (from < Math.min(start, token.length()) && token.charAt(from) == character) {
                from++;
            }
            int to = token.length();
            while (to > Math.max(0, token.length() - stop) && token.charAt(to - 1) == character) {
                to--;
            }
            return from < to ? token.substring(from, to) : "";
        }

        @Override
        public boolean fuses() {
            return false;
        }
    }

    /** GPT-2's letters as bytes, all of them one text. */
    record ByteLevel() implements Decoder {
        @Override
        public Run run(Consumer<String> next, boolean fused) {
            Utf8Text text = new Utf8Text(false);
            return new Run() {
                @Override
                public void push(String token) {
                    for (byte b : ByteLetters.bytes(token)) {
                        text.take(b & 0xFF);
                    }
                    next.accept(text.given());
                }

                @Override
                public void end() {
                    text.end();
                    next.accept(text.given());
                }
            };
        }

        @Override
        public boolean fuses() {
            return true;
        }
    }

    /** Without a decoder the tokens are put together with spaces. */
    record Spaced() implements Decoder {
        @Override
        public Run run(Consumer<String> next, boolean fused) {
            return new Run() {
                private boolean later;

                @Override
                public void push(String token) {
                    next.accept(later ? " " + token : token);
                    later = true;
                }

                @Override
                public void end() {
                    later = false;
                }
            };
        }

        @Override
        public boolean fuses() {
            return false;
        }
    }

    /** Whether the steps are GPT-2's alone, so that each token is known by its bytes. */
    static boolean isByteLevel(List<Decoder> steps) {
        return steps.size() == 1 && steps.get(0) instanceof ByteLevel;
    }
}
