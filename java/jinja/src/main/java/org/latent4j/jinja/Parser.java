package org.latent4j.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads statements. */
final class Parser extends ExpressionParser {
    private static final Set<String> OTHER_FILES = Set.of("include", "import", "from", "extends", "block");
    private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");

    private int loops;
    private Set<String> seen = new HashSet<>(); // names in the macro that is being read

    Parser(List<Token> tokens) {
        super(tokens);
    }

    List<Statement> template() {
        List<Statement> body = statements();
        if (unknown != null) {
            throw unknown;
        }
        return body;
    }

    @Override
    Token next() {
        Token token = super.next();
        if (token.is("name")) {
            seen.add((String) token.value());
        }
        return token;
    }

    /** Up to the end of the template or one of the tags; the tag's name is next. */
    private List<Statement> statements(String... ends) {
        List<Statement> body = new ArrayList<>();
        while (!at("eof")) {
            Token token = next();
            if (token.is("data")) {
                body.add(new Statement.Data((String) token.value(), token.line()));
            } else if (token.is("variable_begin")) {
                body.add(new Statement.Print(tuple(true, false), token.line()));
                expect("variable_end");
            } else {
                if (ends.length > 0 && atName(ends)) {
                    return body;
                }
                body.add(statement());
                expect("block_end");
            }
        }
        if (ends.length > 0) {
            throw error("the template ends where '" + String.join("' or '", ends) + "' is expected");
        }
        return body;
    }

    /** A tag's body after the tag. */
    private List<Statement> body(String... ends) {
        skip(":");
        expect("block_end");
        return statements(ends);
    }

    /** A body in a scope of its own, with its end tag. */
    private List<Statement> scoped(String end) {
        boolean outer = optional;
        optional = false;
        List<Statement> body = body(end);
        next();
        optional = outer;
        return body;
    }

    private Statement statement() {
        enter();
        Token token = current();
        String tag = name();
        int line = token.line();
        Statement statement = switch (tag) {
            case "if" -> condition(line);
            case "for" -> loop(line);
            case "set" -> set(line);
            case "with" -> with(line);
            case "macro" -> macro(line);
            case "call" -> callBlock(line);
            case "filter" -> filterBlock(line);
            case "generation" -> new Statement.CallBlock(new Expression.Call(new Expression.Literal(
                    (Callable) (a, r) -> ((Callable) a.named().get("caller")).call(Arguments.NONE, r)),
                    Expression.Given.NOTHING, line), body(null, new Parameters(), "endgeneration"), line);
            case "print" -> new Statement.Print(printed(), line);
            case "break", "continue" -> jump(token, tag);
            default -> throw error(token, OTHER_FILES.contains(tag)
                    ? "'{% " + tag + " %}' is refused: a chat template stands alone"
                    : "Encountered unknown tag '" + tag + "'.");
        };
        leave();
        return statement;
    }

    private Expression printed() {
        List<Expression> parts = new ArrayList<>();
        while (!at("block_end")) {
            if (!parts.isEmpty()) {
                expect(",");
            }
            parts.add(expression());
        }
        return new Expression.Concat(parts);
    }

    private Statement jump(Token token, String tag) {
        if (loops == 0) {
            throw error(token, "'" + tag + "' outside loop");
        }
        return new Statement.Jump(tag.equals("break") ? Statement.Flow.BREAK : Statement.Flow.CONTINUE, token.line());
    }

    private record Branch(Expression test, List<Statement> body, int line) { }

    private Statement condition(int line) {
        boolean outer = optional;
        optional = true;
        List<Branch> branches = new ArrayList<>();
        int from = line;
        do {
            branches.add(new Branch(tuple(false, false), body("elif", "else", "endif"), from));
            from = current().line();
        } while (skipName("elif"));
        List<Statement> otherwise = List.of();
        if (((String) next().value()).equals("else")) {
            otherwise = body("endif");
            next();
        }
        optional = outer;
        if (branches.size() > Limits.RENDER_DEPTH / 2) {
            throw error("has " + branches.size() + " branches, at most " + Limits.RENDER_DEPTH / 2);
        }
        for (int i = branches.size() - 1; i > 0; i--) {
            Branch each = branches.get(i);
            otherwise = List.of(new Statement.If(each.test, each.body, otherwise, each.line));
        }
        return new Statement.If(branches.get(0).test, branches.get(0).body, otherwise, line);
    }

    private Statement loop(int line) {
        Statement.Target target = target(false, "in");
        if (!skipName("in")) {
            throw error("expected 'in', got " + current().described());
        }
        Expression items = tuple(false, false, "recursive");
        Expression test = skipName("if") ? expression() : null;
        boolean recursive = skipName("recursive");
        boolean outer = optional;
        optional = false;
        loops++;
        List<Statement> body = body("endfor", "else");
        loops--;
        List<Statement> otherwise = List.of();
        if (((String) next().value()).equals("else")) {
            otherwise = body("endfor");
            next();
        }
        optional = outer;
        return new Statement.For(target, items, test, recursive, body, otherwise, line);
    }

    /** A name, an attribute of a namespace where allowed, or several of them with commas. */
    private Statement.Target target(boolean attributes, String... ends) {
        List<Statement.Target> parts = new ArrayList<>();
        boolean tuple = false;
        while (!(at("block_end") || at(")") || at("=") || atName(ends))) {
            parts.add(part(attributes));
            if (!skip(",")) {
                break;
            }
            tuple = true;
        }
        if (parts.isEmpty()) {
            throw error("expected a name to assign to, got " + current().described());
        }
        return tuple ? new Statement.Target(null, null, parts) : parts.get(0);
    }

    private Statement.Target part(boolean attributes) {
        if (skip("(")) {
            enter();
            Statement.Target inner = target(attributes);
            expect(")");
            leave();
            return inner;
        }
        Token token = expect("name");
        String name = (String) token.value();
        if (CONSTANTS.contains(name)) {
            throw error(token, "can't assign to '" + name + "'");
        }
        return new Statement.Target(name, attributes && skip(".") ? name() : null, null);
    }

    private Statement set(int line) {
        Statement.Target target = target(true);
        if (skip("=")) {
            return new Statement.Set(target, tuple(true, false), line);
        }
        Expression filters = at("|") ? filterChain() : null;
        return new Statement.Capture(target, filters, scoped("endset"), line);
    }

    private Expression filterChain() {
        Expression chain = filter(new Expression.Name(Statement.BLOCK));
        while (at("|")) {
            chain = filter(chain);
        }
        return chain;
    }

    private Statement filterBlock(int line) {
        Expression filters = filterChain();
        return new Statement.Capture(null, filters, scoped("endfilter"), line);
    }

    private Statement with(int line) {
        List<Statement.Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!at("block_end")) {
            if (!targets.isEmpty()) {
                expect(",");
            }
            targets.add(target(false));
            expect("=");
            values.add(expression());
        }
        return new Statement.With(targets, values, scoped("endwith"), line);
    }

    private static final class Parameters {
        private final List<String> names = new ArrayList<>();
        private final List<Expression> defaults = new ArrayList<>();
    }

    private Parameters parameters() {
        Parameters parameters = new Parameters();
        expect("(");
        while (!at(")")) {
            if (!parameters.names.isEmpty()) {
                expect(",");
            }
            parameters.names.add(name());
            if (skip("=")) {
                parameters.defaults.add(expression());
            } else if (!parameters.defaults.isEmpty()) {
                throw error("non-default argument follows default argument");
            }
        }
        expect(")");
        return parameters;
    }

    private Statement.MacroBody body(String name, Parameters parameters, String end) {
        int outerLoops = loops;
        Set<String> outerSeen = seen;
        loops = 0;
        seen = new HashSet<>();
        List<Statement> body = scoped(end);
        Statement.MacroBody macro = new Statement.MacroBody(name, parameters.names, parameters.defaults, body,
                seen.contains("caller"), seen.contains("kwargs"), seen.contains("varargs"));
        outerSeen.addAll(seen);
        seen = outerSeen;
        loops = outerLoops;
        return macro;
    }

    private Statement macro(int line) {
        String name = name();
        Parameters parameters = parameters();
        return new Statement.DefineMacro(body(name, parameters, "endmacro"), line);
    }

    private Statement callBlock(int line) {
        Parameters parameters = at("(") ? parameters() : new Parameters();
        if (!(expression() instanceof Expression.Call call)) {
            throw error("expected call");
        }
        return new Statement.CallBlock(call, body(null, parameters, "endcall"), line);
    }
}
