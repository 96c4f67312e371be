package org.latent4j.jinja;

import java.util.List;

/** A place in a template's tokens, how deep it is nested, and whether what is unknown there fails only when reached. */
class TokenStream {
    private final List<Token> tokens;
    private int at;
    private int depth;
    boolean optional;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    Token after() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = current();
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    boolean at(String type) {
        return current().is(type);
    }

    boolean atName(String... names) {
        for (String name : names) {
            if (current().isName(name)) {
                return true;
            }
        }
        return false;
    }

    boolean skip(String type) {
        boolean found = at(type);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipName(String name) {
        boolean found = atName(name);
        if (found) {
            next();
        }
        return found;
    }

    Token expect(String type) {
        if (!at(type)) {
            throw error("expected " + (type.endsWith("_end") ? "the tag's end" : type.equals("name") ? "a name"
                    : "'" + type + "'") + ", got " + current().described());
        }
        return next();
    }

    String name() {
        return (String) expect("name").value();
    }

    void enter() {
        if (++depth > Limits.PARSE_DEPTH) {
            throw error("it is nested too deeply, at most " + Limits.PARSE_DEPTH + " deep");
        }
    }

    void leave() {
        depth--;
    }

    TemplateException error(String message) {
        return error(current(), message);
    }

    static TemplateException error(Token token, String message) {
        return new TemplateException(token.line(), message);
    }
}
