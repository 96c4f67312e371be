package org.latent4j.jinja;

import java.time.Clock;

/** One rendering: its budget, its clock and where it is. */
final class Render {
    final Budget budget = new Budget();
    final Clock clock;
    int line = 1;

    Render(Clock clock) {
        this.clock = clock;
    }
}
