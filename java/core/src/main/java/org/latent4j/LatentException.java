package org.latent4j;

import java.util.Objects;

/**
 * The one exception of this library beside {@link IllegalArgumentException} and {@link IllegalStateException}, which
 * report what Java could see before any work began. Its message starts with the code in brackets, {@code [OUT_OF_PAGES]
 * need 12, free 3}; whoever throws it has freed what the call took and left every memory as it was.
 */
public final class LatentException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final ErrorCode code;

    /**
     * @param code what went wrong
     * @param message what and where, without the code
     */
    public LatentException(ErrorCode code, String message) {
        this(code, message, null);
    }

    /**
     * @param code what went wrong
     * @param message what and where, without the code
     * @param cause what led to it, or null
     */
    public LatentException(ErrorCode code, String message, Throwable cause) {
        super("[" + Objects.requireNonNull(code, "code") + "] " + message, cause);
        this.code = code;
    }

    /** What went wrong, as a stable code. */
    public ErrorCode code() {
        return code;
    }
}
