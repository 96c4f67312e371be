/** Hugging Face chat templates, rendered as transformers renders them with Python's Jinja2, and never without end. */
package org.latent4j.jinja;
