package org.latent4j.jinja;

import java.time.Clock;
import java.util.List;
import java.util.Map;

/**
 * A chat template. It can read what it is given and nothing else: no file, class or other template. Immutable; usable
 * from any thread.
 */
public final class Template {
    private final List<Statement> body;

    private Template(List<Statement> body) {
        this.body = body;
    }

    /**
     * Reads a template.
     *
     * @param text in Jinja, with the settings and additions of transformers' chat templates
     * @throws TemplateException if it cannot be parsed, or is longer or deeper than {@link Limits} allow
     */
    public static Template parse(String text) {
        try {
            return new Template(new Parser(Lexer.tokens(text)).template());
        } catch (StackOverflowError e) { // on a thread with a small stack; it was unwound whole
            throw new TemplateException("an expression is nested too deeply");
        }
    }

    /**
     * Renders the template.
     *
     * @param variables by name; values may be maps, collections, texts, enums, booleans, numbers
     *     and null (None), within each other at most {@link Limits#VALUE_DEPTH} deep
     * @param clock what {@code strftime_now} reads
     * @throws TemplateException if the template fails, refuses what it was given, or passes one of {@link Limits}
     * @throws TemplateException.Interrupted if the thread is interrupted; its interrupt flag stays set
     */
    public String render(Map<String, ?> variables, Clock clock) {
        Render render = new Render(clock);
        try {
            Scope given = new Scope(render, null);
            variables.forEach((name, value) -> given.set(name, Values.of(value, 0, render.budget)));
            TextBuilder out = new TextBuilder(render.budget);
            Statement.run(body, given.inner(), out);
            return out.toString();
        } catch (TemplateException.Interrupted e) {
            throw new TemplateException.Interrupted(render.line);
        } catch (TemplateException e) {
            throw new TemplateException(e.line() > 0 ? e.line() : render.line, e.getMessage());
        } catch (StackOverflowError e) { // on a thread with a small stack; nothing but this rendering is lost
            throw new TemplateException(render.line, "a macro calls itself without end, or it is nested too deeply");
        }
    }
}
