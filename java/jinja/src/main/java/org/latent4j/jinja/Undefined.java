package org.latent4j.jinja;

/**
 * What a name, attribute or item that does not exist evaluates to: prints nothing, is false and empty; anything else is
 * an error.
 *
 * @param why the error
 */
record Undefined(String why) {
    TemplateException error() {
        return new TemplateException(why);
    }
}
