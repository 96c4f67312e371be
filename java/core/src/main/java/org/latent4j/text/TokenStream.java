package org.latent4j.text;

import org.latent4j.LatentException;

/**
 * Turns tokens into text one at a time: what {@link #push} and the final {@link #flush} return, put together, is
 * {@link Tokenizer#decode} of all the ids. A character whose bytes are spread over several tokens appears whole with
 * the last of them. For one thread; made by {@link Tokenizer#newStream}.
 */
public sealed interface TokenStream permits ByteTokenStream, DecoderStream {
    /**
     * Takes the next token.
     *
     * @param id the token's id; a special token gives no text
     * @return the text that is complete by now, often empty
     * @throws LatentException BAD_TOKEN if the id is outside the vocabulary
     */
    String push(int id);

    /**
     * Ends the text; bytes that never became a character appear as U+FFFD. The stream can then be used for another
     * text.
     *
     * @return the rest of the text, mostly empty
     */
    String flush();
}
