package org.latent4j.model;

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
}
