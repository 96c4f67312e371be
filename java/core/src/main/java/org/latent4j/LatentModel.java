package org.latent4j;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.latent4j.internal.NativeModel;
import org.latent4j.internal.NonNull;
import org.latent4j.latent.Alignment;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutListener;
import org.latent4j.latent.RolloutResult;
import org.latent4j.memory.Memory;
import org.latent4j.memory.Span;
import org.latent4j.model.CheckpointFiles;
import org.latent4j.model.DownloadListener;
import org.latent4j.model.ModelInfo;
import org.latent4j.model.ModelOptions;
import org.latent4j.text.ChatTemplate;
import org.latent4j.text.GenerationConfig;
import org.latent4j.text.Tokenizer;

/**
 * A model instance: weights shared with other instances of the same files in this process, and a page pool of its own.
 * It may be used from any thread; only a memory is one thread's at a time.
 *
 * <p>Whatever needs native code throws {@link LatentException} with code {@code CLOSED} after close. The model's
 * memories live on until they are closed themselves.
 */
public final class LatentModel implements AutoCloseable {
    private final Path path;
    private final ModelOptions options;
    private final NativeModel model;
    private Tokenizer tokenizer;
    private ChatTemplate chatTemplate;
    private GenerationConfig generation;

    private LatentModel(Path path, ModelOptions options, NativeModel model) {
        this.path = path;
        this.options = options;
        this.model = model;
        model.watch(this);
    }

    /**
     * Opens a checkpoint with default options, on the best device present; {@link #info()} says which.
     *
     * @param pathOrId a Hugging Face folder, a {@code .gguf} file, or an id such as {@code Qwen/Qwen3-0.6B}, which is
     *     looked up in the local cache and then downloaded
     * @throws LatentException {@code FILE_NOT_FOUND}, {@code BAD_CHECKPOINT}, {@code UNSUPPORTED}, {@code
     *     DOWNLOAD_FAILED}, {@code BAD_CACHE} (no safe folder to unpack the native library to), {@code CANCELLED},
     *     {@code BAD_ARGUMENT} or {@code OUT_OF_MEMORY}
     */
    public static LatentModel open(String pathOrId) {
        return open(pathOrId, ModelOptions.defaults());
    }

    /**
     * Opens a checkpoint with default options, on the best device present; {@link #info()} says which.
     *
     * @param path a Hugging Face folder or a {@code .gguf} file
     * @throws LatentException as {@link #open(String)}
     */
    public static LatentModel open(Path path) {
        return open(path, ModelOptions.defaults());
    }

    /**
     * Opens a checkpoint on a device.
     *
     * @param pathOrId as in {@link #open(String)}
     * @param device where it computes and keeps its memories
     * @throws LatentException as {@link #open(Path, ModelOptions)}
     */
    public static LatentModel open(String pathOrId, Device device) {
        return open(pathOrId, on(device));
    }

    /**
     * Opens a checkpoint on a device.
     *
     * @param path a Hugging Face folder or a {@code .gguf} file
     * @param device where it computes and keeps its memories
     * @throws LatentException as {@link #open(Path, ModelOptions)}
     */
    public static LatentModel open(Path path, Device device) {
        return open(path, on(device));
    }

    private static ModelOptions on(Device device) {
        return ModelOptions.builder().device(Objects.requireNonNull(device, "device")).build();
    }

    /**
     * Opens a checkpoint.
     *
     * @param path a Hugging Face folder or a {@code .gguf} file
     * @param options device, threads, memory, instruction set
     * @throws LatentException as {@link #open(String)}; {@code UNSUPPORTED} also if this machine lacks the instruction
     *     set asked for; {@code NO_DEVICE} if it lacks the device asked for, {@code DEVICE_LOST} if that failed before
     */
    public static LatentModel open(Path path, ModelOptions options) {
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(options, "options");
        return new LatentModel(path, options, NativeModel.open(path, options));
    }

    /**
     * Opens a checkpoint.
     *
     * @param pathOrId as in {@link #open(String)}
     * @param options device, threads, memory, instruction set
     * @throws LatentException as {@link #open(Path, ModelOptions)}
     */
    public static LatentModel open(String pathOrId, ModelOptions options) {
        return open(pathOrId, options, DownloadListener.NONE);
    }

    /**
     * Opens a checkpoint.
     *
     * @param pathOrId as in {@link #open(String)}
     * @param options device, threads, memory, instruction set
     * @param listener hears of a download
     * @throws LatentException as {@link #open(Path, ModelOptions)}
     */
    public static LatentModel open(String pathOrId, ModelOptions options, DownloadListener listener) {
        Objects.requireNonNull(options, "options");  // before a download
        return open(CheckpointFiles.resolve(pathOrId, listener), options);
    }

    /** Where the checkpoint lies. */
    public Path path() {
        return path;
    }

    /** What it was opened with, defaults not filled in. */
    public ModelOptions options() {
        return options;
    }

    /** What the checkpoint is. */
    public ModelInfo info() {
        return model.info();
    }

    /**
     * The checkpoint's tokenizer, read on first use.
     *
     * @throws LatentException {@code FILE_NOT_FOUND}, {@code BAD_TOKENIZER}, {@code BAD_CHECKPOINT}, {@code
     *     OUT_OF_MEMORY} or {@code CANCELLED}
     */
    public synchronized Tokenizer tokenizer() {
        if (tokenizer == null) {
            tokenizer = Tokenizer.from(path, model.metadata(), model.info().vocabularySize());
        }
        return tokenizer;
    }

    /**
     * The checkpoint's chat template, read on first use.
     *
     * @throws LatentException {@code FILE_NOT_FOUND} or {@code BAD_TEMPLATE}
     */
    public synchronized ChatTemplate chatTemplate() {
        if (chatTemplate == null) {
            chatTemplate = ChatTemplate.from(path, model.metadata());
        }
        return chatTemplate;
    }

    /** How the checkpoint wants to be sampled, read on first use. */
    public synchronized GenerationConfig generation() {
        if (generation == null) {
            generation = GenerationConfig.from(path, model.metadata(), tokenizer(),
                    model.info().vocabularySize());
        }
        return generation;
    }

    /** An empty memory in this model's pool. */
    public Memory newMemory() {
        return model.newMemory();
    }

    /** {@link #rollout(Rollout, RolloutListener)} without a listener. */
    public RolloutResult rollout(Rollout rollout) {
        return rollout(rollout, null);
    }

    /**
     * Prefill, latent steps and decode of a ragged batch, in one native call. Interrupting the calling thread ends it
     * within one layer of one step on the CPU, after at most three steps or passes over the prompts on a GPU: {@code
     * CANCELLED} is thrown and the thread's interrupt flag stays set. Whatever is thrown, the memories hold what they
     * held before. If the pool has too few pages free, a rollout fails at once, whoever holds them; only a {@link Team}
     * waits.
     *
     * @param rollout what to do
     * @param listener hears of it while it runs, and may stop members; null: nobody
     * @throws IllegalArgumentException if a token is outside the vocabulary, a memory is of another model instance, or
     *     arguments and captures take more than 2 GiB
     * @throws LatentException {@code CONTEXT_EXCEEDED}, {@code OUT_OF_PAGES}, {@code NO_HIDDEN_STATE} (no prompt, and
     *     nothing to go on from), {@code MEMORY_BUSY}, {@code CANCELLED}, {@code NOT_FINITE}, {@code OUT_OF_MEMORY},
     *     {@code DEVICE_LOST} or {@code CLOSED}
     */
    public RolloutResult rollout(Rollout rollout, RolloutListener listener) {
        return model.rollout(Objects.requireNonNull(rollout, "rollout"), listener);
    }

    /**
     * A new memory of this instance: the spans end to end. They may be of other instances, of another page size and
     * memory type, on another device. The result has no last hidden state: the next rollout on it needs a prompt.
     *
     * @param spans in the order they shall have; may be empty
     * @param rotateKeys whether keys are rotated from their old positions to their new ones. Without, they keep the old
     *     rotation: the fault of the paper's code, for comparing with it
     * @throws IllegalArgumentException if a span ends beyond its memory
     * @throws LatentException {@code INCOMPATIBLE_MEMORY}, {@code OUT_OF_PAGES}, {@code CONTEXT_EXCEEDED}, {@code
     *     MEMORY_BUSY}, {@code OUT_OF_MEMORY}, {@code DEVICE_LOST} or {@code CLOSED}
     */
    public Memory assemble(List<Span> spans, boolean rotateKeys) {
        return model.assemble(NonNull.list(spans, "spans"), rotateKeys);
    }

    /**
     * Whole memories end to end, keys rotated to their new positions: what side by side experts hand to the judger.
     *
     * @throws LatentException as {@link #assemble}
     */
    public Memory merge(List<Memory> memories) {
        return assemble(NonNull.<Memory>list(memories, "memories").stream().map(Memory::all).toList(), true);
    }

    /**
     * A hand-off into this instance's pool: a new memory with the content of {@code other}. In one pool the pages are
     * shared; from another instance they are copied straight, and converted if the memory types differ.
     *
     * @throws LatentException as {@link #assemble}
     */
    public Memory adopt(Memory other) {
        return assemble(List.of(Objects.requireNonNull(other, "other").all()), true);
    }

    /**
     * A hand-off from another process of this machine: a new memory with the content that its {@link Memory#ticket()}
     * names, copied from device memory to device memory. Accept tickets only of processes that you trust.
     *
     * @throws LatentException {@code BAD_ARGUMENT} (not a ticket, or its memory is gone), {@code NO_DEVICE} (this
     *     instance's device cannot read the other's memory), {@code UNSUPPORTED} (this instance is on the CPU), or as
     *     {@link #assemble}
     */
    public Memory adopt(String ticket) {
        return model.adopt(Objects.requireNonNull(ticket, "ticket"));
    }

    /**
     * An alignment as solved for this model, on first use. Interrupting the calling thread ends the solving as it ends
     * a rollout.
     *
     * @param kind {@link AlignmentKind#IDENTITY}, {@code RIDGE}, {@code RANDOM} or {@code NONE}
     * @throws IllegalArgumentException of another kind, which is no map of a hidden state
     * @throws LatentException {@code CANCELLED}, {@code CLOSED} or {@code OUT_OF_MEMORY}
     */
    public Alignment alignment(AlignmentKind kind) {
        return model.alignment(Objects.requireNonNull(kind, "kind"));
    }

    /**
     * What {@code kind} is on this model, and why, solved: rollouts that think by it find it there.
     *
     * @param kind {@link AlignmentKind#AUTO}, or one that then is {@code as asked}
     * @param solving is run before something is solved, which may take many seconds; not at all if nothing is left to
     *     solve. Interrupting the calling thread ends the solving
     * @throws LatentException {@code CANCELLED}, {@code CLOSED} or {@code OUT_OF_MEMORY}
     */
    public AlignmentChoice resolve(AlignmentKind kind, Runnable solving) {
        return model.resolve(Objects.requireNonNull(kind, "kind"), Objects.requireNonNull(solving, "solving"));
    }

    /**
     * What {@link AlignmentKind#AUTO} is on this model, and why. Solves ridge for it, once, where the embeddings are
     * untied; interrupting the calling thread ends that.
     *
     * @throws LatentException {@code CANCELLED}, {@code CLOSED} or {@code OUT_OF_MEMORY}
     */
    public AlignmentChoice autoAlignment() {
        return model.resolve(AlignmentKind.AUTO, () -> { });
    }

    /**
     * Aligned rows: what a latent step feeds back. Solves the alignment on first use, as {@link #alignment}.
     *
     * @param kind which alignment, as {@link #alignment}
     * @param hidden {@code [n, dModel]}, row-major
     * @return {@code [n, dModel]}
     * @throws IllegalArgumentException if {@code hidden} is not a whole number of rows, or of another kind
     */
    public float[] align(AlignmentKind kind, float[] hidden) {
        return model.align(Objects.requireNonNull(kind, "kind"), Objects.requireNonNull(hidden, "hidden"));
    }

    /** Pages of the pool that no memory holds. */
    public long freePages() {
        return model.freePages();
    }

    /** Most bytes of keys and values that the pool ever held at once, whole pages counted. */
    public long peakMemoryBytes() {
        return model.peakMemoryBytes();
    }

    /** Whether it was closed. */
    public boolean isClosed() {
        return model.isClosed();
    }

    /**
     * Lets go of weights and pool, once running calls and living memories are done with them. Closing twice is fine.
     */
    @Override
    public void close() {
        model.close();
    }

    @Override
    public String toString() {
        return "LatentModel[" + path + (isClosed() ? ", closed]" : "]");
    }
}
