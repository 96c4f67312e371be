package org.latent4j.internal;

/** What the library says to the program's log, of the name of the class that says it. */
public final class Log {
    private Log() {
    }

    /**
     * Logs a warning. Java 17 cannot make its loggers where the locale has no name for the working folder; the warning
     * then goes to standard error.
     *
     * @param source the class that says it
     * @param message as it is to be read
     * @param cause null if there is none
     */
    public static void warning(Class<?> source, String message, Throwable cause) {
        System.Logger logger;
        try {
            logger = System.getLogger(source.getName());
        } catch (LinkageError e) { // asked for late, and each time: loggers that are fields would fail their class
            System.err.println("WARNING: " + message);
            if (cause != null) {
                cause.printStackTrace();
            }
            return;
        }
        logger.log(System.Logger.Level.WARNING, message, cause);
    }
}
