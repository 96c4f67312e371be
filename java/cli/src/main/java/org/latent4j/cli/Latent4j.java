package org.latent4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.latent4j.LatentException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line. Exit codes: 0 done, 1 failed, 2 used wrongly. */
@Command(name = "latent4j", mixinStandardHelpOptions = true, versionProvider = Latent4j.Version.class,
    usageHelpWidth = 110, synopsisSubcommandLabel = "COMMAND", scope = ScopeType.LOCAL,
    description = {"", "Teams of LLM agents that think in latent space: each runs latent steps instead of writing "
        + "text, hands its memory to the next, and only "
        + "the last one writes the answer (arXiv 2511.20639).", ""},
    commandListHeading = "%nCommands:%n",
    footerHeading = "%nBegin with:%n",
    footer = {
        "  latent4j ask " + Examples.QUOTED + "       ask a team on the embedded model",
        "  latent4j compare " + Examples.QUOTED + "   the same of one agent, a text team and a latent team",
        "  latent4j info                                         the model, this machine, the folders that are filled",
        "",
        "Exit codes: 0 done, 1 failed (one line on standard error says why), 2 used wrongly.",
        "Environment: LATENT4J_CACHE (where unpacked files and, unless HF_HOME or HF_HUB_CACHE is set, downloads go),",
        "  HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE, LATENT4J_DEBUG (as --debug), NO_COLOR."})
public final class Latent4j implements Runnable {
    static final int FAILED = 1;

    /** What the library logs is said by the commands themselves, on one line. Kept, or its level would be forgotten. */
    private static final Logger LIBRARY = Logger.getLogger("org.latent4j");

    private static final int LONGEST_COMMAND = 60;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Print the stack trace of an error.")
    private boolean debug;

    private Latent4j() {
    }

    /** Runs the command line and ends the process with its exit code. */
    public static void main(String[] args) {
        LIBRARY.setLevel(Level.OFF);
        Terminal terminal = Terminal.system();
        String[] typed;
        try {
            typed = Utf8Arguments.of(args);
        } catch (LatentException e) {
            System.exit(failed(terminal, e, false));
            return;
        }
        System.exit(run(terminal, typed));
    }

    /** Runs the command line and returns its exit code. */
    static int run(Terminal terminal, String... args) {
        Latent4j root = new Latent4j();
        CommandLine line = new CommandLine(root)
            .addSubcommand(new AskCommand(terminal))
            .addSubcommand(new CompareCommand(terminal))
            .addSubcommand(new InfoCommand(terminal));
        Words.register(line);
        line.setOverwrittenOptionsAllowed(true);  // the last one counts, as scripts that append options expect
        line.setExpandAtFiles(false);  // @FILE is a question's file, not a file of arguments
        line.setOut(new PrintWriter(new OutputStreamWriter(terminal.out(), StandardCharsets.UTF_8), true));
        line.setErr(new PrintWriter(terminal.err(), true));
        line.setColorScheme(Help.defaultColorScheme(terminal.colours() ? Help.Ansi.ON : Help.Ansi.OFF));
        line.setParameterExceptionHandler((e, unused) -> used(terminal, e));
        line.setExecutionExceptionHandler((e, unused, result) -> failed(terminal, e, root.debug));
        try {
            int exitCode = line.execute(args);
            if (exitCode == CommandLine.ExitCode.OK) {
                new Output(terminal).check();  // help and versions are written past it
            }
            return exitCode;
        } catch (Exception | Error e) {  // no memory, no native library: still one line and no trace
            return failed(terminal, e, root.debug);
        }
    }

    /** Without a command. */
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(),
            "a command is missing, one of " + commands(spec.commandLine()));
    }

    private static int failed(Terminal terminal, Throwable error, boolean debug) {
        if (error instanceof OutputClosed) {
            return FAILED;
        }
        new Output(terminal).error(error);
        if (debug || terminal.isSet("LATENT4J_DEBUG")) {
            error.printStackTrace(terminal.err());
        }
        return FAILED;
    }

    private static int used(Terminal terminal, ParameterException e) {
        CommandLine command = e.getCommandLine();
        if (command.getParent() == null && e instanceof UnmatchedArgumentException unmatched
            && !unmatched.isUnknownOption()) {
            String typed = unmatched.getUnmatched().get(0);
            terminal.err().println("latent4j: " + Output.printable(noCommand(command, typed)));
        } else {
            terminal.err().println("latent4j: " + Output.printable(e.getMessage()));
            if (e.getMessage().equals(Output.printable(e.getMessage()))) {  // suggestions repeat what was typed
                UnmatchedArgumentException.printSuggestions(e, command.getErr());
            }
        }
        terminal.err().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return CommandLine.ExitCode.USAGE;
    }

    /** Someone mistyped a command, or typed a question without one. */
    private static String noCommand(CommandLine root, String typed) {
        String start = typed.length() <= LONGEST_COMMAND ? typed : typed.substring(0, LONGEST_COMMAND) + "…";
        Optional<String> meant = root.getSubcommands().keySet().stream()
            .filter(name -> Words.distance(name, start) <= Math.max(2, name.length() / 3))
            .min(Comparator.comparingInt(name -> Words.distance(name, start)));
        return "no command '" + start + "'; the commands are " + commands(root)
            + meant.map(name -> "; did you mean " + name + "?")
                .orElse(typed.contains(" ") ? "; a question is asked by: latent4j ask \"" + start + "\"" : "");
    }

    private static String commands(CommandLine root) {
        List<String> names = List.copyOf(root.getSubcommands().keySet());
        return String.join(", ", names.subList(0, names.size() - 1)) + " and " + names.get(names.size() - 1);
    }

    /** The version that the build wrote down. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            Properties build = new Properties();
            try (InputStream in = Latent4j.class.getResourceAsStream("build.properties")) {
                build.load(in);
            } catch (IOException e) {
                throw new UncheckedIOException("build.properties", e);
            }
            String java = System.getProperty("java.version");
            return new String[] {"latent4j " + build.getProperty("version"), "Java " + java};
        }
    }
}
