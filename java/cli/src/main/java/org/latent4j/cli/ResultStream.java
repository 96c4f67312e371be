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

    ResultStream(OutputStream to) {
        this(new Watched(to));
    }

    private ResultStream(Watched watched) {
        super(watched, false, StandardCharsets.UTF_8);
        this.watched = watched;
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
