package org.latent4j.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.latent4j.Device;
import org.latent4j.ErrorCode;
import org.latent4j.LatentException;
import org.latent4j.latent.Alignment;
import org.latent4j.latent.AlignmentChoice;
import org.latent4j.latent.AlignmentKind;
import org.latent4j.latent.Rollout;
import org.latent4j.latent.RolloutListener;
import org.latent4j.latent.RolloutResult;
import org.latent4j.memory.Memory;
import org.latent4j.memory.Span;
import org.latent4j.model.ModelInfo;
import org.latent4j.model.ModelOptions;

/** A native model instance: what {@link org.latent4j.LatentModel} does, less text and the finding of files. */
public final class NativeModel {
    private static final int MAX_KEPT_ARENAS = 16;

    private final Handle<Native.l4j_model> handle;
    private final ModelInfo info;
    private final ConcurrentLinkedDeque<Arena> arenas = new ConcurrentLinkedDeque<>();
    private volatile AlignmentChoice autoAlignment;  // null: not asked for yet
    private final Set<AlignmentKind> solved = ConcurrentHashMap.newKeySet();

    private NativeModel(Handle<Native.l4j_model> handle, ModelInfo info) {
        this.handle = handle;
        this.info = info;
    }

    private static NativeModel of(Native.l4j_model pointer) {
        Handle<Native.l4j_model> handle = new Handle<>("model", pointer, Native::l4j_model_close);
        try {
            return new NativeModel(handle, described(handle.call(Native::l4j_model_info)));
        } catch (RuntimeException e) {
            handle.close();
            throw e;
        }
    }

    private static ModelInfo described(String json) {
        JsonNode shape = Bridge.json(json);
        return new ModelInfo(shape.path("family").asText(), number(shape, "n_layers"), number(shape, "d_model"),
                number(shape, "n_heads"), number(shape, "n_kv_heads"), number(shape, "head_dim"),
                number(shape, "d_ff"), number(shape, "vocab"), number(shape, "max_positions"),
                shape.path("tied_embeddings").asBoolean(),
                Device.of(shape.path("device").asText()), shape.path("device_name").asText(), json);
    }

    private static int number(JsonNode json, String key) {
        JsonNode value = json.get(key);
        if (value == null || !value.isInt()) {
            throw new LatentException(ErrorCode.INTERNAL, "native code gives no number for " + key + ": " + value);
        }
        return value.intValue();
    }

    /** Opens a Hugging Face folder or a GGUF file, and ends that when this thread is interrupted: {@code CANCELLED}. */
    public static NativeModel open(Path path, ModelOptions options) {
        NativeLibrary.load();
        byte[] name = LocalPath.bytes(path);
        byte[] level = utf8(options.cpuLevel() == null ? "" : options.cpuLevel());
        byte[] device = utf8(options.device() == null ? "" : options.device().id());
        int size = Pointer.sizeof(Native.l4j_model_options.class);
        Arena arena = new Arena(Arena.padded(size) + Arena.padded(name.length + 1L) + Arena.padded(level.length + 1L)
                + Arena.padded(device.length + 1L) + Control.bytes(0));
        Native.l4j_model_options to = new Native.l4j_model_options(new BytePointer(arena.take(size)));
        to.n_threads(options.threads()).page_size(options.pageSize()).memory_type(options.memoryType().ordinal())
                .memory_positions(options.memoryPositions());
        if (options.cpuLevel() != null) {
            to.cpu_level(text(arena, level));
        }
        if (options.device() != null) {
            to.device(text(arena, device));
        }
        BytePointer place = text(arena, name);
        Control control = new Control(arena, 0);
        Native.l4j_model[] opened = new Native.l4j_model[1];
        try {
            new Cancellation(control::cancel).run(() -> opened[0] = Native.l4j_model_open(place, to, control.struct()));
            return of(opened[0]);
        } catch (RuntimeException e) {
            throw Bridge.error(e);
        } finally {
            Reference.reachabilityFence(arena);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static BytePointer text(Arena arena, byte[] utf8) {
        ByteBuffer buffer = arena.take(utf8.length + 1L);
        buffer.put(0, utf8);
        return new BytePointer(buffer);
    }

    /** Closes the native model when {@code owner} is forgotten. */
    public void watch(Object owner) {
        handle.watch(owner);
    }

    public ModelInfo info() {
        return info;
    }

    /** Pages held at once, at most, in bytes. */
    public long peakMemoryBytes() {
        JsonNode now = Bridge.json(handle.call(Native::l4j_model_info));
        return now.path("peak_pages").asLong() * now.path("page_bytes").asLong();
    }

    /** The keys of a GGUF file; an empty object for a folder. */
    public JsonNode metadata() {
        try {
            return Bridge.json(handle.call(Native::l4j_model_metadata));
        } catch (OutOfMemoryError e) {  // one text, as large as the file's header
            throw new LatentException(ErrorCode.OUT_OF_MEMORY,
                    "the Java heap has no room for the keys of this GGUF file", e);
        }
    }

    public Memory newMemory() {
        return new NativeMemory(this, handle.call(Native::l4j_memory_create));
    }

    public RolloutResult rollout(Rollout rollout, RolloutListener listener) {
        return new RolloutCall(this, rollout).run(listener);
    }

    public Memory assemble(List<Span> spans, boolean rotateKeys) {
        Span[] given = spans.toArray(new Span[0]);
        int size = Pointer.sizeof(Native.l4j_range.class);
        List<Handle<Native.l4j_memory>> held = new ArrayList<>();
        Arena arena = arena(Arena.padded((long) size * given.length));
        try {
            Native.l4j_range ranges = new Native.l4j_range(new BytePointer(arena.take((long) size * given.length)));
            for (int i = 0; i < given.length; i++) {
                Handle<Native.l4j_memory> memory = NativeMemory.of(given[i].memory()).handle();
                Native.l4j_memory pointer = memory.acquire();
                held.add(memory);
                check(given[i], i, Native.l4j_memory_length(pointer));
                ranges.getPointer(i).memory(pointer).begin(given[i].begin()).end(given[i].end());
            }
            return new NativeMemory(this,
                    handle.call(model -> Native.l4j_memory_assemble(model, ranges, given.length, rotateKeys)));
        } finally {
            held.forEach(Handle::release);
            recycle(arena);
        }
    }

    /** Takes over a memory of another process. */
    public Memory adopt(String ticket) {
        byte[] text = utf8(ticket);
        Arena arena = arena(Arena.padded(text.length + 1L));
        try {
            BytePointer pointer = text(arena, text);
            return new NativeMemory(this, handle.call(model -> Native.l4j_memory_import(model, pointer)));
        } finally {
            recycle(arena);
        }
    }

    private static void check(Span span, int index, int length) {
        if (span.end() > length) {
            throw new IllegalArgumentException(
                    "span " + index + " is [" + span.begin() + ", " + span.end() + ") of a memory of " + length
                            + " positions");
        }
    }

    /** Solves on first use, and ends that when this thread is interrupted: {@code CANCELLED}. */
    private void solve(AlignmentKind kind, Runnable solving) {
        if (solved.contains(kind)) {
            return;
        }
        solving.run();
        Arena arena = arena(Control.bytes(0));
        try {
            Control control = new Control(arena, 0);
            handle.call(model -> {
                new Cancellation(control::cancel).run(() -> Native.l4j_model_alignment(model, kind.ordinal(),
                        (FloatPointer) null, 0, null, control.struct()));
                return solved.add(kind);
            });
        } finally {
            recycle(arena);
        }
    }

    /** What a kind is here, and why; solves what it needs, once, and runs {@code solving} before that. */
    public AlignmentChoice resolve(AlignmentKind kind, Runnable solving) {
        if (kind != AlignmentKind.AUTO) {
            if (kind.compareTo(AlignmentKind.NONE) <= 0) {
                solve(kind, solving);
            }
            return new AlignmentChoice(kind, "as asked");
        }
        AlignmentChoice known = autoAlignment;
        if (known == null) {
            known = chosenAlignment(solving);
            autoAlignment = known;
        }
        return known;
    }

    private AlignmentChoice chosenAlignment(Runnable solving) {
        if (info.tiedEmbeddings()) {
            return new AlignmentChoice(AlignmentKind.SOFT, "embeddings are tied");
        }
        solve(AlignmentKind.RIDGE, solving);
        double distance = handle.call(model ->
                Native.l4j_model_alignment_distance(model, AlignmentKind.RIDGE.ordinal()));
        int kind = handle.call(model -> Native.l4j_model_resolve_alignment(model, null));
        return new AlignmentChoice(AlignmentKind.values()[kind], String.format(Locale.ROOT,
                "output weights of their own, ridge is %.3g from identity", distance));
    }

    /** @throws IllegalArgumentException of a kind that is no map of one hidden state */
    private static void requireMap(AlignmentKind kind) {
        if (kind.compareTo(AlignmentKind.NONE) > 0) {
            throw new IllegalArgumentException("the alignment " + kind + " is no map of a hidden state, expected one of"
                    + " IDENTITY, RIDGE, RANDOM, NONE");
        }
    }

    public Alignment alignment(AlignmentKind kind) {
        requireMap(kind);
        solve(kind, () -> { });
        int d = info.dModel();
        return handle.call(model -> {
            float[] matrix = new float[Bridge.arrayLength((long) d * d)];
            float[] norm = new float[1];
            Native.l4j_model_alignment(model, kind.ordinal(), matrix, matrix.length, norm, null);
            return new Alignment(kind, d, matrix, norm[0], Native.l4j_model_alignment_distance(model, kind.ordinal()));
        });
    }

    public float[] align(AlignmentKind kind, float[] hidden) {
        requireMap(kind);
        int d = info.dModel();
        if (hidden.length % d != 0) {
            throw new IllegalArgumentException("hidden has " + hidden.length + " numbers, not a multiple of d_model "
                    + d);
        }
        solve(kind, () -> { });
        return handle.call(model -> {
            float[] aligned = new float[hidden.length];
            Native.l4j_model_align(model, kind.ordinal(), hidden, hidden.length / d, aligned, aligned.length);
            return aligned;
        });
    }

    public long freePages() {
        return handle.call(Native::l4j_model_free_pages);
    }

    public boolean isClosed() {
        return handle.isClosed();
    }

    public void close() {
        handle.close();
        arenas.clear();
    }

    Handle<Native.l4j_model> handle() {
        return handle;
    }

    /** Off-heap memory for one call; {@link #recycle} it after. */
    Arena arena(long bytes) {
        Arena kept = arenas.poll();
        return kept != null && kept.fits(bytes) ? kept : new Arena(Math.max(bytes, 4096));
    }

    void recycle(Arena arena) {
        if (arena.worthKeeping() && arenas.size() < MAX_KEPT_ARENAS && !isClosed()) {
            arena.reset();
            arenas.push(arena);
        }
    }
}
