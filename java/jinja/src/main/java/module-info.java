/** Chat templates with the meaning of Python's Jinja2, within fixed limits of time and memory. */
module org.latent4j.jinja {
    exports org.latent4j.jinja;
}
