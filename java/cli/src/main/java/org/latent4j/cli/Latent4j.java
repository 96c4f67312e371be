package org.latent4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Properties;
import org.latent4j.LatentException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The command line. Exit codes: 0 done, 1 failed, 2 used wrongly. */
@Command(name = "latent4j", mixinStandardHelpOptions = true, versionProvider = Latent4j.Version.class,
    usageHelpWidth = 110, synopsisSubcommandLabel = "COMMAND", scope = ScopeType.LOCAL,
    description = {"", "Teams of LLM agents that think in latent space: each runs latent steps instead of writing "
        + "text, hands its memory to the next, and only "
        + "the last one writes the answer (arXiv 2511.20639).", ""},
    commandListHeading = "%nCommands:%n",
    footerHeading = "%nBegin with:%n",
    footer = {
        "  latent4j ask \"What is 17 * 24?\"       ask a team on the embedded model",
        "  latent4j compare \"What is 17 * 24?\"   the same of one agent, a text team and a latent team",
        "  latent4j info                         the model, this machine, the alignment",
        "",
        "Exit codes: 0 done, 1 failed (one line on standard error says why), 2 used wrongly.",
        "Environment: NO_COLOR, LATENT4J_DEBUG (as --debug), HF_HOME, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE."})
public final class Latent4j implements Runnable {
    private static final int FAILED = 1;
    private static final int LONGEST_LINE = 500;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Print the stack trace of an error.")
    private boolean debug;

    private Latent4j() {
    }

    /** Runs the command line and ends the process with its exit code. */
    public static void main(String[] args) {
        System.exit(run(Terminal.system(), Utf8Arguments.of(args)));
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
        line.setOut(new PrintWriter(terminal.out(), true)).setErr(new PrintWriter(terminal.err(), true));
        line.setColorScheme(Help.defaultColorScheme(terminal.colours() ? Help.Ansi.ON : Help.Ansi.OFF));
        line.setParameterExceptionHandler((e, unused) -> used(terminal, e));
        line.setExecutionExceptionHandler((e, unused, result) -> failed(terminal, e, root.debug));
        int exitCode;
        try {
            exitCode = line.execute(args);
        } catch (Error e) {  // no memory, no native library: still one line and no trace
            exitCode = failed(terminal, e, root.debug);
        }
        return exitCode == CommandLine.ExitCode.OK ? written(terminal, root.debug) : exitCode;
    }

    /** What the parser prints itself, such as help, goes past the commands' own look at the output. */
    private static int written(Terminal terminal, boolean debug) {
        try {
            new Output(terminal).print("");
            return CommandLine.ExitCode.OK;
        } catch (OutputClosed | LatentException e) {
            return failed(terminal, e, debug);
        }
    }

    /** Without a command. */
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing, one of ask, compare and info");
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
        boolean unknown = e instanceof CommandLine.UnmatchedArgumentException
            && command.getCommandSpec().userObject() instanceof Latent4j;
        terminal.err().println("latent4j: " + (unknown
            ? "no command '" + shortened(((CommandLine.UnmatchedArgumentException) e).getUnmatched().get(0))
                + "', there are " + String.join(", ", command.getSubcommands().keySet())
            : shortened(e.getMessage())));
        CommandLine.UnmatchedArgumentException.printSuggestions(e, command.getErr());
        terminal.err().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return CommandLine.ExitCode.USAGE;
    }

    /** An argument may be of any size, a line that someone reads is not. */
    private static String shortened(String text) {
        return text.length() <= LONGEST_LINE ? text : text.substring(0, LONGEST_LINE) + " … (" + text.length()
            + " characters)";
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
