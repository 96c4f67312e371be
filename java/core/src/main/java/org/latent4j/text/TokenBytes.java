package org.latent4j.text;

/** The bytes of every token of a byte-level vocabulary that decoded text shows, packed. */
final class TokenBytes {
    private final byte[] bytes;
    private final int[] offsets;

    TokenBytes(AddedTokens tokens) {
        byte[][] each = new byte[tokens.size()][];
        offsets = new int[each.length + 1];
        for (int id = 0; id < each.length; id++) {
            String text = tokens.isSpecial(id) ? null : tokens.text(id);
            each[id] = text == null ? new byte[0] : ByteLetters.bytes(text);
            offsets[id + 1] = offsets[id] + each[id].length;
        }
        bytes = new byte[offsets[each.length]];
        for (int id = 0; id < each.length; id++) {
            System.arraycopy(each[id], 0, bytes, offsets[id], each[id].length);
        }
    }

    void give(int id, Utf8Text text) {
        if (id + 1 < offsets.length) { // the model may have more ids than the tokenizer
            for (int i = offsets[id]; i < offsets[id + 1]; i++) {
                text.take(bytes[i] & 0xFF);
            }
        }
    }
}
