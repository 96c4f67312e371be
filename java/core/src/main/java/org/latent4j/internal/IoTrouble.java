package org.latent4j.internal;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** What the file system said, for a message: of most failures the JDK tells no more than the path. */
public final class IoTrouble {
    private static final String UNKNOWN = "the system does not say why";

    private IoTrouble() {}

    /** Why it failed, in words and without the name of a class. */
    public static String text(Exception e) {
        if (e instanceof FileSystemException of) {
            String file = of.getFile();
            return file == null || LocalPath.mayBeLost(file) ? "it " + reason(of) : file + " " + reason(of);
        }
        String message = e.getMessage();
        return message == null || message.isBlank() ? UNKNOWN : message;
    }

    private static String reason(FileSystemException e) {
        if (e instanceof FileAlreadyExistsException) {
            return "is there and is no folder";
        } else if (e instanceof NotDirectoryException) {
            return "is no folder";
        } else if (e instanceof AccessDeniedException) {
            return "may not be read or written";
        } else if (e instanceof NoSuchFileException) {
            return "is not there and cannot be made";
        } else if (e instanceof FileSystemLoopException) {
            return "leads back to itself";
        }
        return e.getReason() == null || e.getReason().isBlank() ? "failed, and " + UNKNOWN : "failed: " + e.getReason();
    }
}
