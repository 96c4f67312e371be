package org.latent4j.agent;

/** How an agent's prompt follows on the thoughts in the memory that it is handed. */
public enum Turns {
    /**
     * As the next turn of one chat: the thinker's turn is ended, then comes the prompt. What a chat model was trained
     * to read. Taken where the whole memory is handed over and there are thoughts in it, and the chat template can say
     * what follows an answer; else as {@link #SEPARATE}.
     */
    CHAT,
    /** As a chat of its own, system message and all, behind an unended turn: what the paper's code does. */
    SEPARATE
}
