package org.latent4j.internal;

import java.util.Arrays;
import org.latent4j.memory.KeysAndValues;
import org.latent4j.memory.Memory;
import org.latent4j.memory.Span;

/** A {@link Memory} of a {@link NativeModel}. */
final class NativeMemory implements Memory {
    private final NativeModel model;
    private final Handle<Native.l4j_memory> handle;

    NativeMemory(NativeModel model, Native.l4j_memory pointer) {
        this.model = model;
        this.handle = new Handle<>("memory", pointer, Native::l4j_memory_close);
        handle.watch(this);
    }

    /** The memory behind a public one. */
    static NativeMemory of(Memory memory) {
        if (memory instanceof NativeMemory known) {
            return known;
        }
        throw new IllegalArgumentException("a memory of " + memory.getClass().getName()
                + " was not made by a LatentModel");
    }

    NativeModel model() {
        return model;
    }

    Handle<Native.l4j_memory> handle() {
        return handle;
    }

    @Override
    public int length() {
        return handle.call(Native::l4j_memory_length);
    }

    @Override
    public long bytes() {
        return handle.call(Native::l4j_memory_bytes);
    }

    @Override
    public Memory fork() {
        return new NativeMemory(model, handle.call(Native::l4j_memory_fork));
    }

    @Override
    public void truncate(int length) {
        int now = length();
        if (length < 0 || length > now) {
            throw new IllegalArgumentException("cannot truncate to " + length + " positions, the memory holds " + now);
        }
        handle.call(pointer -> {
            Native.l4j_memory_truncate(pointer, length);
            return null;
        });
    }

    @Override
    public float[] hidden() {
        return handle.call(pointer -> {
            float[] hidden = new float[model.info().dModel()];
            Native.l4j_memory_hidden(pointer, hidden, hidden.length);
            return hidden;
        });
    }

    @Override
    public KeysAndValues readLayer(int layer) {
        if (layer < 0 || layer >= model.info().nLayers()) {
            throw new IllegalArgumentException("layer " + layer + ", the model has 0 to "
                    + (model.info().nLayers() - 1));
        }
        return handle.call(pointer -> readLayer(pointer, layer));
    }

    /** Arrays for the length it has now; another thread may have changed that once native code holds the memory. */
    private KeysAndValues readLayer(Native.l4j_memory pointer, int layer) {
        int heads = model.info().nKvHeads();
        int dim = model.info().headDim();
        int length = Native.l4j_memory_length(pointer);
        while (true) {
            int numbers = Bridge.arrayLength((long) heads * length * dim);
            float[] keys = new float[numbers];
            float[] values = new float[numbers];
            int read = Native.l4j_memory_read(pointer, layer, keys, values, numbers);
            if (read <= length) {
                int filled = heads * read * dim;
                return new KeysAndValues(heads, read, dim, filled == numbers ? keys : Arrays.copyOf(keys, filled),
                        filled == numbers ? values : Arrays.copyOf(values, filled));
            }
            length = read;
        }
    }

    @Override
    public String ticket() {
        return handle.call(Native::l4j_memory_export);
    }

    @Override
    public Span span(int begin, int end) {
        int length = length();
        if (begin < 0 || end < begin || end > length) {
            throw new IllegalArgumentException("span [" + begin + ", " + end + ") of a memory of " + length
                    + " positions");
        }
        return new Span(this, begin, end);
    }

    @Override
    public Span all() {
        return new Span(this, 0, length());
    }

    @Override
    public boolean isClosed() {
        return handle.isClosed();
    }

    @Override
    public void close() {
        handle.close();
    }

    @Override
    public String toString() {
        return isClosed() ? "Memory[closed]" : "Memory[" + length() + " positions, " + bytes() + " bytes]";
    }
}
