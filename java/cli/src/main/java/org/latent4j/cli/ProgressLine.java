package org.latent4j.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.latent4j.Figures;
import org.latent4j.TeamListener;
import org.latent4j.internal.LocalPath;
import org.latent4j.latent.Phase;
import org.latent4j.model.DownloadListener;

/** One line on the terminal that says who works on what; nothing where there is no terminal. */
final class ProgressLine implements TeamListener, DownloadListener, AutoCloseable {
    private static final int BAR = 24;
    private static final String ERASE = "\r\u001b[K";

    private final Terminal terminal;
    private final Thread atExit = new Thread(this::end, "latent4j-progress");
    private String label = "";
    private String shown = "";
    private boolean ended;

    /** Nothing of the line is left on the terminal after {@link #close} or when the process is interrupted. */
    ProgressLine(Terminal terminal) {
        this.terminal = terminal;
        if (terminal.errIsTerminal()) {
            Runtime.getRuntime().addShutdownHook(atExit);
        }
    }

    /** Puts a word before what follows, such as the method that is at work. */
    void label(String text) {
        label = text.isEmpty() ? "" : text + ": ";
    }

    @Override
    public void onProgress(List<String> agents, Phase phase, int step, int steps) {
        String who = String.join(" + ", agents);
        switch (phase) {
            case PREFILL -> show(who + ", reading, token " + step + " of " + steps);
            case THINK -> show(who + ", latent step " + step + " of " + steps);
            case DECODE -> show(who + ", writing, token " + step);
            case ALIGN -> show("solving the alignment, once");
            case IDLE -> { }
        }
    }

    /** A bar of a download. */
    @Override
    public void onProgress(String file, long done, long total) {
        int filled = total <= 0 ? 0 : (int) (BAR * done / total);
        show(String.format(Locale.ROOT, "downloading [%s%s] %s of %s, %s", "#".repeat(filled), "-".repeat(BAR - filled),
            Figures.bytes(done),
            Figures.bytes(total), file));
    }

    @Override
    public synchronized void onPartial(Path snapshot, List<String> files, String why) {
        erase();
        terminal.err().println("latent4j: warning: " + Output.printable(LocalPath.text(snapshot) + " has no "
            + String.join(", ", files) + ", which the hub may have (" + why + ")"));
    }

    synchronized void show(String text) {
        String line = label + text;
        if (!terminal.errIsTerminal() || ended || line.equals(shown)) {
            return;
        }
        shown = line;
        terminal.err().print(terminal.colours() ? ERASE + "\u001b[2m" + line + "\u001b[0m" : ERASE + line);
        terminal.err().flush();
    }

    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            return;  // the process is on its way out: the hook has nothing left to do
        }
    }

    private synchronized void end() {
        ended = true;
        erase();
    }

    /** Takes the line away; progress told later draws a new one. */
    synchronized void erase() {
        if (!shown.isEmpty()) {
            terminal.err().print(ERASE);
            terminal.err().flush();
            shown = "";
        }
    }
}
