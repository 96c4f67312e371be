package org.latent4j.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Standard output that remembers why it could not be written: a {@link PrintStream} only says that it could not. */
final class ResultStream extends PrintStream {
    private final Watched watched;
    private final boolean pipe;

    /** @param pipe whether another process reads it, so that a failure to write means that the reader went away */
    ResultStream(OutputStream to, boolean pipe) {
        this(new Watched(to), pipe);
    }

    private ResultStream(Watched watched, boolean pipe) {
        super(watched, false, StandardCharsets.UTF_8);
        this.watched = watched;
        this.pipe = pipe;
    }

    /** By what it is, for what goes wrong is told in the user's language. */
    boolean isPipe() {
        return pipe;
    }

    /** Flushes; what has gone wrong so far, if anything has. */
    Optional<IOException> failure() {
        flush();
        return Optional.ofNullable(watched.failure);
    }

    private static final class Watched extends FilterOutputStream {
        private volatile IOException failure;

        Watched(OutputStream to) {
            super(to);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }
    }
}
