package org.latent4j.text;

import com.hubspot.jinjava.lib.fn.MacroFunction;
import java.time.Clock;

/** An expression of a chat template, ready to be evaluated. */
@FunctionalInterface
interface TemplateExpression {
    /** What an expression sees while a template is rendered. */
    interface Scope {
        /** A variable's value; null if it is not defined. */
        Object variable(String name);

        /** A macro of the template, or null. */
        MacroFunction macro(String name);

        Clock clock();
    }

    /** The value in Python's terms ({@link PythonValues}); null if undefined. Throws TemplateError. */
    Object value(Scope scope);
}
