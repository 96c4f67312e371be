package org.latent4j.model;

import java.nio.file.Path;
import java.util.List;
import org.latent4j.internal.LocalPath;
import org.latent4j.internal.Log;

/** Hears how far the download of a checkpoint is. Called from the thread that opens the model. */
@FunctionalInterface
public interface DownloadListener {
    /** Hears nothing. */
    DownloadListener NONE = (file, done, total) -> { };

    /**
     * Called now and then.
     *
     * @param file the file being brought
     * @param done bytes of all files of this checkpoint that are here by now, those of an earlier, broken run included
     * @param total bytes of all files of this checkpoint
     */
    void onProgress(String file, long done, long total);

    /**
     * Called where a checkpoint is opened from the cache though files of it may be missing there. Without another
     * doing it is logged as a warning.
     *
     * @param snapshot the folder that is opened
     * @param files those that are not there and that the Hub may have
     * @param why why the Hub was not asked, or did not answer
     */
    default void onPartial(Path snapshot, List<String> files, String why) {
        Log.warning(DownloadListener.class, LocalPath.text(snapshot) + " is opened without " + String.join(", ", files)
                + ", which the Hub may have: " + why, null);
    }
}
