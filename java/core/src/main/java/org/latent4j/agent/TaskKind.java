package org.latent4j.agent;

/** What kind of answer a question wants: it chooses the prompts' wording and how the answer is found in the text. */
public enum TaskKind {
    /** A number or an expression, asked for in {@code \boxed{}}. */
    MATH,
    /** The letter of one of the choices that the question lists. */
    CHOICE,
    /** A program, asked for in a block of Python. */
    CODE,
    /** Anything else: the whole text is the answer. */
    OPEN
}
