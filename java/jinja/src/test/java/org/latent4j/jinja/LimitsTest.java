package org.latent4j.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a template asks for, it is rendered or refused, soon and within little memory. */
@Timeout(120)
class LimitsTest {
    private static final String TWICE = "{% set n = namespace(x=1) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}"
            + "{% endfor %}";
    private static final String PAIRS = "{% set n = namespace(x=1) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}"
            + "{% endfor %}";
    private static final String DOUBLED = "{% set n = namespace(s='x', l=[1]) %}";
    private static final String LONG = "{% set s = 'ab' * 5000000 %}";

    @ParameterizedTest(name = "{index}")
    @MethodSource({"hostile", "nested"})
    void refusesWhatWouldTakeTooMuch(String template) {
        assertThatThrownBy(() -> Template.parse(template).render(Map.of(), DifferentialTest.CLOCK))
                .isInstanceOf(TemplateException.class).isNotInstanceOf(TemplateException.Interrupted.class);
    }

    static List<String> hostile() {
        return List.of(
                "{% for a in range(1000000) %}{% for b in range(1000000) %}{% for c in range(1000000) %}{% endfor %}"
                        + "{% endfor %}{% endfor %}",
                "{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}{% endfor %}"
                        + "{% endfor %}{% endfor %}",
                "{% for a in range(100000) if false %}{% endfor %}".repeat(400),
                "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
                "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                "{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}"
                        + "{% endmacro %}{{ g() }}",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                TWICE + "{{ n.x }}", TWICE + "{{ n.x | tojson }}",
                TWICE + TWICE.replace("n.x", "n.y").replace("set n = namespace(x=1)", "set n.y = 1")
                        + "{{ n.x == n.y }}",
                TWICE + "{{ n.x | string | length }}", TWICE + "{{ n.x | sort }}", TWICE + "{{ n.x ~ 'a' }}",
                TWICE + "{{ '%s' % (n.x,) }}", TWICE + "{{ '{}'.format(n.x) }}", TWICE + "{{ [n.x] | join }}",
                TWICE + "{{ n }}", PAIRS + "{{ {n.x: 1} }}", PAIRS + "{{ [n.x] | unique | list }}",
                PAIRS + "{{ n.x < (n.x, n.x) }}", PAIRS + "{{ n.x in {} }}",
                "{% set n = namespace() %}{% set n.x = [n] %}{{ n }}",
                "{% set n = namespace() %}{% set n.x = n %}{{ n }}",
                "{{ range(9223372036854775807) }}", "{{ range(-9223372036854775808, 9223372036854775807) }}",
                "{{ range(0, 9223372036854775807, 9223372036854775807 // 2) | list | length / 0 }}",
                "{{ range(10 ** 30) }}", "{{ '%999999999d' | format(1) }}", "{{ '%.999999999f' | format(1.5) }}",
                "{{ '%.999999999d' | format(1) }}", "{{ '%999999999s' | format('a') }}", "{{ '%*d' % (999999999, 1) }}",
                "{{ '%99999999999999999999d' | format(1) }}", "{{ '{:>999999999}'.format('a') }}",
                "{{ '{:999999999}'.format(1) }}",
                "{{ '{:0999999999,}'.format(1) }}", "{{ '{:.999999999f}'.format(1.5) }}",
                "{{ '{:^999999999}'.format('a') }}", "{{ '{:{}}'.format('a', 999999999) }}",
                "{{ '{99999999999}'.format('a') }}", "{{ '{:.999999999e}'.format(1.5) }}",
                "{{ 'x' * 10 ** 9 }}", "{{ 10 ** 9 * 'x' }}", "{{ 'x' * 10 ** 20 }}", "{{ [1] * 10 ** 9 }}",
                "{{ (1,) * 10 ** 9 }}",
                DOUBLED + "{% for i in range(64) %}{% set n.s = n.s + n.s %}{% endfor %}",
                DOUBLED + "{% for i in range(64) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
                DOUBLED + "{% for i in range(64) %}{% set n.l = n.l + n.l %}{% endfor %}",
                DOUBLED + "{% for i in range(64) %}{% set n.s = n.s | replace('x', 'xx') %}{% endfor %}",
                DOUBLED + "{% for i in range(64) %}{% set n.s %}{{ n.s }}{{ n.s }}{% endset %}{% endfor %}",
                DOUBLED + "{% for i in range(64) %}{% set n.s = n.s.join(['', n.s, n.s, '']) %}{% endfor %}",
                "{{ 'a' | center(999999999) }}", "{{ 'a'.ljust(999999999) }}", "{{ 'a'.rjust(2 ** 40) }}",
                "{{ 'a'.center(999999999) }}", "{{ 'a'.zfill(999999999) }}", "{{ 'a' | indent(999999999, true) }}",
                "{{ [1] | batch(999999999, 0) | list }}", "{{ [1] | slice(999999999) | list }}",
                "{{ 'a\tb'.expandtabs(999999999) }}", "{{ [[1]] | tojson(indent=999999999) }}",
                "{{ 10 ** (10 ** 10) }}", "{{ 2 ** 999999999 }}", "{{ 99999 ** 99999 }}",
                "{% set n = namespace(x=7) %}{% for i in range(64) %}{% set n.x = n.x * n.x %}{% endfor %}",
                "{% for i in range(100000) %}{% set x = 'ab' * 1000 %}{% endfor %}",
                LONG + "{{ s.replace('', 'yyyyyyyy') }}", LONG + "{{ s.split('a') | length / 0 }}",
                LONG + "{% for i in range(1000) %}{{ s.find('ba' * 1000) }}{% endfor %}",
                LONG + "{% for i in range(1000) %}{{ s.count('aa') }}{% endfor %}",
                LONG + "{% for i in range(1000) %}{% if 'zz' in s %}{% endif %}{% endfor %}",
                LONG + "{% for i in range(100000) %}{{ s[i] }}{% endfor %}",
                LONG + "{% for i in range(100000) %}{{ s | length }}{% endfor %}",
                LONG + "{% for i in range(100000) %}{% if s == s ~ '' %}{% endif %}{% endfor %}",
                LONG + "{{ s | wordwrap(1) }}", LONG + "{{ s | list }}", LONG + "{{ s | urlencode }}",
                LONG + "{{ s.strip(s) }}", LONG + "{{ [s] * 1000000 }}",
                "{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}", "{{ 'abc'.split('') }}",
                "{% set n = namespace(x='') %}{% for i in range(100000) %}{% set n.x = n.x ~ 'abc' %}{% endfor %}",
                "{% set n = namespace(x=[]) %}{% for i in range(100000) %}{% set n.x = n.x + [i] %}{% endfor %}",
                "{% set n = namespace(x=[1]) %}{% for i in range(1000) %}{% set n.x = n.x | map('int') %}{% endfor %}"
                        + "{{ n.x | list }}",
                "{% set n = namespace(x=[1]) %}{% for i in range(100000) %}{% set n.x = n.x | select %}{% endfor %}"
                        + "{{ n.x | list }}",
                "{% set n = namespace(x=[1]) %}{% for i in range(100000) %}{% set n.x = n.x | unique %}{% endfor %}"
                        + "{{ n.x | list }}");
    }

    /** Each pass is cheap, or is paid for: either way it ends soon. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"1 if s", "s is sequence", "s is iterable", "s[10 ** 9]", "s.center(1)", "s.zfill(1)",
        "s[:1]", "s[-1]", "s | first", "s | last", "s.strip()", "s.strip('ab')", "s.startswith('b', 1)",
        "s | trim | length",
        "s is defined and s is string", "s == s", "s < s", "{s: 1}", "s in s", "s.partition('b')", "s | int",
        "5e-324", "[1e300]", "5e-324 | tojson", "3 ** 10000 > 1", "3 ** 10000 // 3 ** 9000 > 1", "'%.900f' % 1e300",
        "1e300 | round(300)", "('1' * 4000) | int > 1", "('9' * 15000) | float", "10 ** 308 == 1e308", "'%e' % 5e-324",
        "strftime_now('%A%B%c')", "range(100000) | list", "range(100000) | sum", "range(100000)[::2] | length",
        "'{:.3f}'.format(1e300)", "('a-b ' * 1000) | wordwrap(3)", "([3, 1] * 1000) | sort", "('ß' * 10000) | upper"})
    void everyOperationPaysForItsWork(String expression) {
        String template = LONG + "{% for i in range(100000) %}{% for j in range(100) %}{% set x = " + expression
                + " %}{% endfor %}{% endfor %}";
        assertThatThrownBy(() -> Template.parse(template).render(Map.of(), DifferentialTest.CLOCK))
                .isInstanceOf(TemplateException.class).hasMessageContaining("more than");
    }

    static List<String> nested() {
        List<String> all = new ArrayList<>();
        for (int depth : new int[] {5_000, 100_000}) {
            all.add("{{ " + "(".repeat(depth) + "1" + ")".repeat(depth) + " }}");
            all.add("{{ " + "[".repeat(depth) + "]".repeat(depth) + " }}");
            all.add("{{ " + "{1:".repeat(depth) + "1" + "}".repeat(depth) + " }}");
            all.add("{{ " + "not ".repeat(depth) + "1 }}");
            all.add("{{ " + "-".repeat(depth) + "1 }}");
            all.add("{{ 1" + " + 1".repeat(depth) + " }}");
            all.add("{{ 1" + " or 1".repeat(depth) + " }}");
            all.add("{{ 1" + " ** 1".repeat(depth) + " }}");
            all.add("{{ a" + ".b".repeat(depth) + " }}");
            all.add("{{ a" + "[0]".repeat(depth) + " }}");
            all.add("{{ a" + "()".repeat(depth) + " }}");
            all.add("{{ a" + "|trim".repeat(depth) + " }}");
            all.add("{{ 1" + " if 0 else 1".repeat(depth) + " }}");
            all.add("{% set " + "(".repeat(depth) + "a" + ")".repeat(depth) + " = 1 %}");
        }
        for (int depth : new int[] {5_000, 30_000}) {
            all.add("{% if 1 %}".repeat(depth) + "{% endif %}".repeat(depth));
            all.add("{% if 0 %}" + "{% elif 0 %}".repeat(depth) + "{% endif %}");
            all.add("{% for i in a %}".repeat(depth) + "{% endfor %}".repeat(depth));
            all.add("{% filter trim %}".repeat(depth) + "{% endfilter %}".repeat(depth));
        }
        all.add("x".repeat(50_000_000));
        return all;
    }

    @Test
    void givenValuesMayNotBeNestedWithoutEnd() {
        Object deep = List.of();
        for (int i = 0; i < 100_000; i++) {
            deep = i % 2 == 0 ? List.of(deep) : Map.of("a", deep);
        }
        Map<String, Object> given = Map.of("x", deep);
        assertThatThrownBy(() -> Template.parse("{{ 1 }}").render(given, DifferentialTest.CLOCK))
                .isInstanceOf(TemplateException.class).hasMessageContaining("nested");
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"include 'META-INF/MANIFEST.MF'", "import 'a' as b", "from 'a' import b", "extends 'a'",
        "block a"})
    void readsNoOtherTemplate(String tag) {
        assertThatThrownBy(() -> Template.parse("a\n{% " + tag + " %}")).isInstanceOf(TemplateException.class)
                .hasMessageContaining("{% " + tag.split(" ")[0] + " %}").hasMessageContaining("refused")
                .extracting(e -> ((TemplateException) e).line()).isEqualTo(2);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"'\\xZZ'", "'\\u12'", "'\\U00110000'", "'\\N{no such name}'", "'\\N'", "'a\\x'"})
    void namesTheEscapeThatIsNone(String text) {
        assertThatThrownBy(() -> Template.parse("a\n{{ " + text + " }}")).isInstanceOf(TemplateException.class)
                .hasMessageContaining("the escape '\\" + text.charAt(text.indexOf('\\') + 1))
                .extracting(e -> ((TemplateException) e).line()).isEqualTo(2);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"''.__class__", "''.__class__.__mro__", "[].append", "{}.update", "messages.getClass()",
        "range.__globals__", "'{0.__class__}'.format(1)"})
    void reachesNothingOutside(String expression) {
        String text;
        try {
            text = Template.parse("{{ " + expression + " }}").render(Map.of("messages", List.of()),
                    DifferentialTest.CLOCK);
        } catch (TemplateException e) {
            text = "";
        }
        assertThat(text).isEmpty();
    }

    @Test
    void anInterruptEndsIt() throws InterruptedException {
        AtomicReference<TemplateException> thrown = new AtomicReference<>();
        boolean[] flag = new boolean[1];
        Thread thread = new Thread(() -> {
            Thread.currentThread().interrupt();
            try {
                Template.parse("{% for a in range(100000) %}{% endfor %}").render(Map.of(), DifferentialTest.CLOCK);
            } catch (TemplateException e) {
                thrown.set(e);
                flag[0] = Thread.currentThread().isInterrupted();
            }
        });
        thread.start();
        thread.join();
        assertThat(thrown.get()).isInstanceOf(TemplateException.Interrupted.class);
        assertThat(flag[0]).isTrue();
    }

    @Test
    void anHonestPromptIsFarBelow() {
        List<Object> messages = new ArrayList<>();
        for (int i = 0; i < 4000; i++) {
            messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", ("<think>thought " + i
                    + "</think>\n\n" + "word ".repeat(200)).repeat(2)));
        }
        String template = "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
                + "{{ raise_exception('alternate') }}{% endif %}{% set content = m.content %}"
                + "{% if '</think>' in content %}{% set content = content.split('</think>')[-1].lstrip('\\n') %}"
                + "{% endif %}{{ '<|im_start|>' + m.role + '\\n' + content | trim + '<|im_end|>\\n' }}"
                + "{{ m | tojson }}{% endfor %}";
        String text = Template.parse(template).render(Map.of("messages", messages), DifferentialTest.CLOCK);
        assertThat(text.length()).isGreaterThan(8_000_000);
    }
}
