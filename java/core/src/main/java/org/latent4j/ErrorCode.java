package org.latent4j;

/** What went wrong, as a stable code: the part of a {@link LatentException} that a program may decide by. */
public enum ErrorCode {
    /** A path names no file, or a file that the checkpoint needs is missing. */
    FILE_NOT_FOUND,
    /** A checkpoint's file is truncated, contradicts itself, or holds values that are no numbers. */
    BAD_CHECKPOINT,
    /** An architecture, tensor type, rope type or instruction set that cannot run here; the message lists what can. */
    UNSUPPORTED,
    /** An argument that only native code could judge. */
    BAD_ARGUMENT,
    /** A token id outside the vocabulary, in decoding to text. */
    BAD_TOKEN,
    /** More positions than the model's context holds. */
    CONTEXT_EXCEEDED,
    /** More positions than the model's page pool has free; for a team also after waiting for others. */
    OUT_OF_PAGES,
    /** The machine, or the device, gave no more memory. */
    OUT_OF_MEMORY,
    /** Another thread works on the same memory. */
    MEMORY_BUSY,
    /** The thread was interrupted: a rollout, opening, tokenizing, a template, a download. Nothing has changed. */
    CANCELLED,
    /** A hidden state or logit became infinite or NaN. */
    NOT_FINITE,
    /** A memory of a model of another shape. */
    INCOMPATIBLE_MEMORY,
    /** The memory's last hidden state is not known (after truncate, assemble, merge or adopt). */
    NO_HIDDEN_STATE,
    /** The device asked for is not there, or cannot be used; the message lists those that can. */
    NO_DEVICE,
    /** A device failed for good: models and memories on it are dead and can only be closed, all others work on. */
    DEVICE_LOST,
    /** A fault of this library. */
    INTERNAL,
    /** A model or memory was used after it was closed. */
    CLOSED,
    /** The folder for unpacked files is not this user's alone, cannot be written to or forbids running programs. */
    BAD_CACHE,
    /** A checkpoint could not be downloaded. */
    DOWNLOAD_FAILED,
    /** The tokenizer's file or metadata cannot be used. */
    BAD_TOKENIZER,
    /** The chat template cannot be rendered. */
    BAD_TEMPLATE,
    /** A file of prompts cannot be used. */
    BAD_PROMPTS
}
