package org.latent4j.jinja;

/** The one kind of value whose attributes a template may set. */
final class Namespace {
    final Dict attributes = new Dict();
}
