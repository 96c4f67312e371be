package org.latent4j.text;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;

/**
 * One Hugging Face {@code tokenizers} object behind DJL's binding. The binding's own front class is passed by: it
 * truncates to 512 tokens unless told otherwise, copies every offset of an encoding out of native code, and reports
 * each use to its maker's server.
 */
final class NativeTokenizer {
    private static final Cleaner CLEANER = Cleaner.create();

    private final long handle;

    /** @throws LatentException BAD_TOKENIZER if the text is no usable {@code tokenizer.json} */
    NativeTokenizer(String json, String source) {
        TokenizersLibrary library = Library.get();
        try {
            handle = library.createTokenizerFromString(json);
            library.disableTruncation(handle);
            library.disablePadding(handle);
        } catch (RuntimeException e) {
            throw new LatentException(ErrorCode.BAD_TOKENIZER, source + ": " + e.getMessage(), e);
        }
        long closing = handle;
        CLEANER.register(this, () -> library.deleteTokenizer(closing));
    }

    /** Token ids of the text; special tokens in it are recognised, none is added. */
    int[] encode(String text) {
        TokenizersLibrary library = Library.get();
        try {
            long encoding = library.encode(handle, text, false);
            try {
                long[] ids = library.getTokenIds(encoding);
                int[] narrow = new int[ids.length];
                for (int i = 0; i < ids.length; i++) {
                    narrow[i] = Math.toIntExact(ids[i]);
                }
                return narrow;
            } finally {
                library.deleteEncoding(encoding);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Text of the ids; ids of special tokens give nothing. */
    String decode(long[] ids) {
        try {
            return Library.get().decode(handle, ids, true);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Loads the native library once, from the jar. */
    private static final class Library {
        private static final String FLAVOR = "RUST_FLAVOR";
        private static final RuntimeException FAILURE = load();

        private static RuntimeException load() {
            // On a machine with CUDA the loader would download another build of the library; the jar's own serves
            // everywhere.
            boolean chosen = System.getenv(FLAVOR) != null || System.getProperty(FLAVOR) != null;
            try {
                if (!chosen) {
                    System.setProperty(FLAVOR, "cpu");
                }
                LibUtils.checkStatus();
                return null;
            } catch (RuntimeException | LinkageError e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                return new LatentException(ErrorCode.BAD_TOKENIZER, "the tokenizers library cannot be loaded: "
                        + cause, e);
            } finally {
                if (!chosen) {
                    System.clearProperty(FLAVOR);
                }
            }
        }

        static TokenizersLibrary get() {
            if (FAILURE != null) {
                throw FAILURE;
            }
            return TokenizersLibrary.LIB;
        }
    }
}
