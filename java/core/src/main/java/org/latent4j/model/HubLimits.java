package org.latent4j.model;

import java.text.Normalizer;
import java.util.Locale;

/** What a server, or a cache that others write too, may ask of this process; {@link CheckpointFiles} lists it all. */
final class HubLimits {
    static final int REDIRECTS = 8;
    /** Bytes of an answer that is not a file: the description of a model. */
    static final int METADATA_BYTES = 16 << 20;
    /** Files that a description may list, or an index of shards name. */
    static final int FILES = 20_000;
    static final int NAME_CHARACTERS = 1000;
    static final int NAME_PART_CHARACTERS = 200;
    static final int ID_CHARACTERS = 96;
    /** Bytes of a file that holds no weights. */
    static final long SMALL_FILE_BYTES = 256L << 20;
    static final long INDEX_BYTES = 64L << 20;
    static final long FILE_BYTES = 4L << 40;
    /** Bytes that a file's body must bring in each {@link Patience#stalled}, its last ones excepted. */
    static final long SLOWEST_BYTES = 4 << 10;
    /** Bytes that make a broken attempt one that came further. */
    static final long PROGRESS_BYTES = 64 << 10;
    static final int ATTEMPTS_PER_FILE = 1000;
    static final long TOKEN_BYTES = 64 << 10;
    static final long REF_BYTES = 1 << 10;
    /** Things of one kind that a message names. */
    static final int NAMED = 10;

    private HubLimits() {}

    /** Whether a file's name from elsewhere stays inside the folder it is put into, on every file system. */
    static boolean isInside(String name) {
        boolean inside = !name.isEmpty() && name.length() <= NAME_CHARACTERS && !name.contains("\\")
                && !name.contains(":") && name.chars().noneMatch(c -> c < ' ' || c == 127);
        for (String part : name.split("/", -1)) {
            inside &= !part.isEmpty() && part.length() <= NAME_PART_CHARACTERS && !part.equals(".")
                    && !part.equals("..");
        }
        return inside;
    }

    /** Names of which this is the same are one file where case or the form of accents does not count. */
    static String folded(String name) {
        return Normalizer.normalize(name, Normalizer.Form.NFC).toLowerCase(Locale.ROOT);
    }
}
