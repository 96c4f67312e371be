package org.latent4j.text;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.JinjavaInterpreterFactory;
import com.hubspot.jinjava.lib.fn.MacroFunction;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** Jinjava's interpreter, with the expressions of {@link TemplateSource} in place of its own. One per rendering. */
final class TemplateInterpreter extends JinjavaInterpreter implements TemplateExpression.Scope {
    /** The context's key of the {@link Rendering}; no template can name it. */
    static final String RENDERING = "the rendering";

    /** What one rendering works with, and the first fault it met. */
    static final class Rendering {
        final List<TemplateSource.Entry> entries;
        final Clock clock;
        String failure;

        Rendering(List<TemplateSource.Entry> entries, Clock clock) {
            this.entries = entries;
            this.clock = clock;
        }
    }

    /** Makes these interpreters for Jinjava. */
    static final class Factory extends JinjavaInterpreterFactory {
        @Override
        public JinjavaInterpreter newInstance(Jinjava application, Context context, JinjavaConfig config) {
            return new TemplateInterpreter(application, context, config);
        }

        @Override
        public JinjavaInterpreter newInstance(JinjavaInterpreter original) {
            return new TemplateInterpreter(original);
        }
    }

    private TemplateInterpreter(Jinjava application, Context context, JinjavaConfig config) {
        super(application, context, config);
    }

    private TemplateInterpreter(JinjavaInterpreter original) {
        super(original);
    }

    @Override
    public Object resolveELExpression(String expression, int lineNumber) {
        Rendering rendering = rendering();
        if (rendering.failure != null) { // nothing after the first fault counts
            return null;
        }
        String name = expression.strip();
        if (!name.startsWith("[")) {
            return evaluate(rendering, name);
        }
        List<Object> values = new ArrayList<>(); // the set tag asks for all its values as one list
        for (String each : name.substring(1, name.length() - 1).split(",")) {
            values.add(evaluate(rendering, each.strip()));
        }
        return values;
    }

    private Object evaluate(Rendering rendering, String name) {
        TemplateSource.Entry entry = rendering.entries.get(Integer.parseInt(name.substring(1)));
        try {
            Object value = entry.expression().value(this);
            return switch (entry.use()) {
                case OUTPUT -> PythonValues.text(value);
                case TEST -> PythonValues.truth(value);
                case ITEMS -> PythonValues.list(value);
                case VALUE -> value;
            };
        } catch (TemplateError | ClassCastException | IndexOutOfBoundsException | NullPointerException e) {
            // The latter three: a method or filter got an argument of a type it does not take, or too few.
            String message = e instanceof TemplateError ? e.getMessage()
                    : "an argument is missing or of a wrong type (" + e.getMessage() + ")";
            rendering.failure = rendering.failure == null ? "line " + entry.line() + ": " + message : rendering.failure;
            return null;
        }
    }

    @Override
    public Object variable(String name) {
        Object value = getContext().get(name);
        return value == null && TemplateFunctions.isKnown(name) ? name : value;
    }

    @Override
    public MacroFunction macro(String name) {
        return getContext().getGlobalMacro(name);
    }

    @Override
    public Clock clock() {
        return rendering().clock;
    }

    private Rendering rendering() {
        return (Rendering) getContext().get(RENDERING);
    }
}
