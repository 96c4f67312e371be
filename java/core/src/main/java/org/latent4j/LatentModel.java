package org.latent4j;

import java.nio.file.Path;
import java.util.List;
import org.latent4j.latent.Alignment;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutListener;
import org.latent4j.latent.RolloutResult;
import org.latent4j.memory.Memory;
import org.latent4j.memory.Span;
import org.latent4j.model.ModelInfo;
import org.latent4j.model.ModelOptions;
import org.latent4j.text.ChatTemplate;
import org.latent4j.text.GenerationConfig;
import org.latent4j.text.Tokenizer;

/**
 * A model instance: weights shared with other instances of the same files in this process, and a page pool of its own. It may be used
 * from any thread; only a memory is one thread's at a time.
 */
public final class LatentModel implements AutoCloseable {
    private LatentModel() {
    }

    public static LatentModel open(String pathOrId) {
        return open(pathOrId, ModelOptions.defaults());
    }

    public static LatentModel open(Path path) {
        return open(path.toString());
    }

    public static LatentModel open(String pathOrId, ModelOptions options) {
        throw notBuilt();
    }

    public ModelInfo info() {
        throw notBuilt();
    }

    public Tokenizer tokenizer() {
        throw notBuilt();
    }

    public ChatTemplate chatTemplate() {
        throw notBuilt();
    }

    public GenerationConfig generation() {
        throw notBuilt();
    }

    public Memory newMemory() {
        throw notBuilt();
    }

    public RolloutResult rollout(Rollout rollout) {
        throw notBuilt();
    }

    public RolloutResult rollout(Rollout rollout, RolloutListener listener) {
        throw notBuilt();
    }

    public Memory assemble(List<Span> spans, boolean rotateKeys) {
        throw notBuilt();
    }

    public Memory merge(List<Memory> memories) {
        throw notBuilt();
    }

    public Memory adopt(Memory other) {
        throw notBuilt();
    }

    public Alignment alignment(AlignmentKind kind) {
        throw notBuilt();
    }

    public float[] align(AlignmentKind kind, float[] hidden) {
        throw notBuilt();
    }

    public long freePages() {
        throw notBuilt();
    }

    public boolean isClosed() {
        throw notBuilt();
    }

    @Override
    public void close() {
    }

    private static LatentException notBuilt() {
        return new LatentException(ErrorCode.INTERNAL, "the native library is not built yet");
    }
}
