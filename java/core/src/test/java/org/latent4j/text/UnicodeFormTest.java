package org.latent4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.Normalizer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class UnicodeFormTest {
    private static final String[] UNITS = {"a", "e", "\u0301", "\u0316", "\u00e9", "\u4e16", "\uac00", "\u1112",
        "\u1161", "\u11ab", "\u0915", "\u093c", "\u0e01", "\u0e33", "\uff76", "\uff9e", "\u3131", "\u304b", "\u3099",
        "\ufdfa", "\ufb01", "\ud83d\ude80", "\ud834\udd57", "\ud834\udd65", "\u212b", "\u05d0", "\u05b8", "\u0644",
        "\u0653", "\u0627", "\u2126", "\u00bd", "\u0410", "\u0308"};

    @Test
    void isTheFormOfTheWholeTextHoweverItIsCut() {
        Random random = new Random(5);
        for (Normalizer.Form form : Normalizer.Form.values()) {
            for (int round = 0; round < 40; round++) {
                int ascii = 1 + random.nextInt(3); // without ASCII the text is cut elsewhere
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < 12_000; i++) {
                    text.append(UNITS[ascii == 1 ? 2 + random.nextInt(UNITS.length - 2)
                            : random.nextInt(UNITS.length)]);
                }
                String whole = text.toString();
                assertThat(new UnicodeForm(form, whole, new WorkLimit(whole.length())).text().equals(
                        Normalizer.normalize(whole, form))).as("%s, round %s", form, round).isTrue();
            }
        }
    }
}
