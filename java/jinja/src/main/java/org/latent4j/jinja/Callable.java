package org.latent4j.jinja;

/** What a template can call: a function, method or macro. */
interface Callable {
    Object call(Arguments arguments, Render render);
}
