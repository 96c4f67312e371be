"""Writes differential.jsonl: what Python's jinja2 3.1, set up as transformers does, makes of the templates here.

    pip install jinja2==3.1.6 && python make_templates.py > differential.jsonl
"""
import datetime
import json

import jinja2
import jinja2.ext
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from chat_templates import CHATS, TEMPLATES


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


ENV = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
ENV.filters["tojson"] = tojson
ENV.globals["raise_exception"] = raise_exception
ENV.globals["strftime_now"] = datetime.datetime(2025, 3, 7, 9, 5, 6).strftime

GIVEN = {
    "s": "Hello, World", "u": "añ🙂b", "n": None, "i": 7, "f": 2.5, "big": 10**22, "t": True,
    "l": [3, 1, 2], "w": ["b", "A", "c"], "d": {"b": 1, "a": {"x": [1, None, True]}, "items": "own"}, "e": [], "ed": {},
    "p": [{"n": "x", "g": 1, "o": {"k": 2}}, {"n": "Y", "g": 2, "o": {"k": 1}}, {"n": "z", "g": 1, "o": {"k": 3}}],
    "tree": [{"v": 1, "c": [{"v": 2, "c": [{"v": 3, "c": []}]}, {"v": 4, "c": []}]}, {"v": 5, "c": []}],
    "text": "one two\nthree\n\n  four-five six\tseven\r\neight", "m": [{"role": "user", "content": " hi "},
                                                                  {"role": "assistant", "content": "yo"}],
}

EXPRESSIONS = r"""
1_000 + 0x1F + 0b101 + 0o17
1e-5
1.5e3
2e22
1e16
123456789012345678901234567890
-7 // 2
-7 % 3
7 % -3
7.5 // 2
-7.5 % 2
7 / 2
6 / 3
2 ** 10
2 ** -1
2 ** 0.5
(-2) ** 3
-2 ** 2
2 ** 3 ** 2
2 ** 200
9223372036854775807 + 1
-9223372036854775808 - 1
9223372036854775807 * 3 // 2
1 / 0
1 // 0
1 % 0
1.0 // 0
0.1 + 0.2
1e308 * 10
-(1e308 * 10)
100000000000000000.0
0.0001
0.00001
-0.0
5e-324
1.7976931348623157e308
2.5e-8
1 + true
true + true
not 1
+true
1 < 2 < 3
1 < 3 < 2
1 == 1.0
true == 1
'1' == 1
'a' < 'b'
'a' < 1
none < 1
[1, 2] < [1, 3]
(1, 2) == [1, 2]
{'a': 1} == {'a': 1.0}
1 in [1.0]
'a' in 'abc'
1 in 'abc'
'a' not in ['b']
'b' in d
none in [none]
1 and 0
0 or 'x'
'' or none
not none and true
'x' if true
'x' if false
('x' if false) is undefined
'a' if 0 else 'b' if 0 else 'c'
'a' ~ 1 ~ none ~ 1.0 ~ [1, 'b'] ~ nothing
'a' 'b' "c"
'\x41\u00e9\U0001F642\n\t\\\'\"\q\101\N{BULLET}'
"a\
b"
'%s' % 'x'
'%s %r %d %5.2f|%-5s|%05d|%+d|%x|%X|%o|%e|%g|%c|%%' % ('a', 'b', 3.7, 2.345, 'l', 42, 5, 255, 255, 8, 12345.678, 0.0001, 'z')
'%(a)s-%(b)03d' % {'a': 1, 'b': 2}
'%s %s' % 'x'
'%d' % 'x'
'%s' % (1, 2)
'%*d' % (5, 3)
'%#x %#o' % (255, 8)
'%.3s|%10.3s' % ('abcdef', 'abcdef')
'%g %g %g' % (1e10, 1e-5, 123456789.0)
'%5s|%-5s|' | format('a', 'b')
'%(x)s' | format(x=3)
'{} {}'.format(1, 'a')
'{0}{1}{0}'.format('a', 'b')
'{a[k]} {b[0]} {c}'.format(a={'k': 1}, b=[2], c=3)
'{:>5}|{:<5}|{:^5}|{:*^7}|{:05d}|{:+d}|{:,}|{:.2f}|{:e}|{:x}|{:#x}|{:b}|{:%}|{!r}'.format('a', 'b', 'c', 'd', 42, 5, 1234567, 2.345, 1234.5, 255, 255, 5, 0.25, 'q')
'{:{}}|'.format('a', 4)
'{{}}'.format()
'{}'.format()
'{:d}'.format('a')
'{:s}'.format(1)
'{:.3}|{:10.2}|{:g}|{:_}'.format('abcdef', 'xyz', 1e10, 1234567)
'{:010,}|{:,.2f}'.format(1234567, 1234567.891)
'{'.format()
'{x}'.format(y=1)
'{:.3}'.format(1234.5678)
s.upper() ~ s.lower() ~ s.title() ~ s.capitalize() ~ s.swapcase() ~ s.casefold()
'they\'re bill\'s'.title()
'ß'.upper() ~ 'ǆ'.title()
u[1] ~ u[2] ~ u[-1] ~ u | length
u[1:3] ~ u[::-1]
u[9]
u[9] is defined
u.find('b') ~ u.rfind('b') ~ u.index('b')
s.find('o') ~ s.find('o', 5) ~ s.find('o', 5, 6) ~ s.find('zz') ~ s.rfind('o') ~ s.rfind('o', 0, 5) ~ s.find('') ~ s.find('', 99)
s.index('zz')
s.rindex('o')
s.count('o') ~ s.count('') ~ s.count('l', 4) ~ 'aaaa'.count('aa')
s.startswith('He') ~ s.startswith('e', 1) ~ s.startswith(('x', 'H')) ~ s.endswith('ld') ~ s.endswith('lo', 0, 5) ~ s.endswith(('a', 'd'))
s.startswith(1)
s.replace('o', '0') ~ s.replace('o', '0', 1) ~ 'ab'.replace('', '-') ~ 'ab'.replace('', '-', 2)
s.split(', ') ~ s.split('o', 1) ~ s.rsplit('o', 1) ~ ' a  b '.split() ~ ' a  b c '.split(none, 1) ~ ' a  b c '.rsplit(none, 1) ~ ''.split() ~ ''.split(',')
'abc'.split('')
'a,b,c'.rsplit(',', maxsplit=1)
'a,b,c'.split(sep=',')
s.partition(', ') ~ s.rpartition('o') ~ s.partition('zz') ~ s.rpartition('zz')
text.splitlines() ~ text.splitlines(true)
'a\x0bb\x1cc\x85d\u2028e'.splitlines()
'  x '.strip() ~ 'xxaxx'.strip('x') ~ 'xxaxx'.lstrip('x') ~ 'xyaxy'.rstrip('yx') ~ '\u00a0a\u3000'.strip() ~ ' a '.strip(none)
'42'.zfill(5) ~ '-42'.zfill(5) ~ '+1'.zfill(2)
'a'.center(4) ~ '|' ~ 'ab'.center(5, '*') ~ 'a'.ljust(3, '.') ~ 'a'.rjust(3)
'a'.center(4, 'xx')
'abc'.removeprefix('a') ~ 'abc'.removesuffix('c') ~ 'abc'.removeprefix('x')
'12'.isdigit() ~ ''.isdigit() ~ '1a'.isdigit() ~ 'ab'.isalpha() ~ 'a1'.isalnum() ~ ' '.isspace() ~ 'ab'.islower() ~ 'AB'.isupper() ~ 'Ab'.istitle() ~ 'a'.isascii() ~ 'é'.isascii() ~ 'a_1'.isidentifier() ~ '½'.isnumeric() ~ '12'.isdecimal()
'²'.isdigit() ~ '①⁹₀'.isdigit() ~ '𐩀🄊'.isdigit() ~ '½'.isdigit() ~ '⑩'.isdigit() ~ '²'.isdecimal() ~ '²½Ⅷ'.isnumeric() ~ '²a½Ⅷ'.isalnum() ~ '₀.'.isalnum()
'a\tb'.expandtabs(4)
','.join(['a', 'b']) ~ '-'.join('abc')
','.join([1])
s.nosuch
s.nosuch()
s['upper']()
[1, 2, 3].index(2) ~ [1, 2, 2].count(2)
[1].index(5)
[1].append(2)
d.update({'x': 1})
d.pop('a')
l.sort()
d['items']
d.keys() ~ d.values() ~ d.items() | list
d.get('b') ~ d.get('zz') ~ d.get('zz', 3)
d.copy().b
d.zz
d.zz.y
d['a']['x'][0]
d.a.x[-1]
nothing
nothing.x
nothing['x']
nothing()
nothing + 1
nothing == other
nothing == ''
nothing | length
nothing | list
nothing | default('x') ~ '' | default('y', true) ~ none | d('z') ~ nothing | d
n.x
n['x']
[1, 2, 3][1:] ~ [1, 2, 3][:-1] ~ [1, 2, 3][::2] ~ [1, 2, 3][::-1] ~ [1, 2, 3][5:] ~ [1, 2, 3][-2:10] ~ (1, 2, 3)[1:]
[1, 2][::0]
[1, 2]['a']
[1, 2][1.0]
[1, 2][true]
'abc'[1:none]
(1,) ~ () ~ (1, 2) ~ [] ~ {} ~ {'a': (1,)}
{'a': 1, 'a': 2}
{1: 'a', 1.0: 'b', true: 'c'}
{[1]: 2}
{(1, 2): 3}[(1, 2)]
['it\'s', 'say "x"', 'both \' "', 'tab\t', 'é', '\x00', '\u200b', none, true, 1.0, 1e22]
l + [4] ~ [1] * 2 ~ 2 * 'ab' ~ 'a' * -1 ~ (1,) + (2,)
'a' + 1
[1] + (2,)
'a' * 'b'
-'a'
range(3) ~ range(3) | list ~ range(1, 7, 2) | list ~ range(3, 0, -1) | list ~ range(5)[1] ~ range(5)[1:3] | list ~ range(0) | list
range(3) | length
range(0, 3, 0)
range(1000000)
range('a')
dict(a=1, b=2) ~ dict({'x': 1}, y=2) ~ dict([('k', 1)])
namespace(a=1).a ~ namespace({'b': 2}).b
namespace(a=1).zz
cycler('a', 'b').next()
raise_exception('no ' ~ 'way')
strftime_now('%d %b %Y %H:%M:%S %B %A %a %y %j %p %I %-d %-m %%')
l | sort ~ l | sort(reverse=true) ~ w | sort ~ w | sort(case_sensitive=true) ~ p | sort(attribute='n') | map(attribute='n') | list
p | sort(attribute='g,n') | map(attribute='n') | join
p | sort(attribute='o.k', reverse=true) | map(attribute='o.k') | list
[1, 'a'] | sort
[none, 1] | sort
d | dictsort
{'b': 1, 'A': 2, 'c': 0} | dictsort ~ {'b': 1, 'A': 2} | dictsort(true) ~ {'b': 1, 'A': 2} | dictsort(by='value', reverse=true)
p | groupby('g') | list
w | unique | list ~ [1, 1.0, true, 2] | unique | list ~ ['a', 'A'] | unique(true) | list
l | min ~ l | max ~ w | min ~ w | max ~ p | max(attribute='g') ~ e | max
l | sum ~ l | sum(start=10) ~ p | sum(attribute='g') ~ [0.1, 0.2] | sum
['a'] | sum
l | first ~ l | last ~ s | first ~ s | last ~ e | first ~ d | first
l | reverse | list ~ s | reverse
l | batch(2) | list ~ l | batch(2, 'x') | list
range(7) | slice(3) | list ~ range(7) | slice(3, 'f') | list
l | map('string') | list ~ w | map('upper') | join(',') ~ p | map(attribute='o.k') | list ~ p | map(attribute='q', default='?') | list ~ p | map(attribute='n') | map('lower') | list
l | map | list
l | map('nosuch') | list
l | select('odd') | list ~ l | reject('odd') | list ~ [0, 1, '', 'a'] | select | list ~ l | select('>', 1) | list ~ l | select('in', [1, 2]) | list
p | selectattr('g', 'equalto', 1) | map(attribute='n') | list ~ p | rejectattr('g', 'eq', 1) | list | length ~ p | selectattr('q', 'defined') | list ~ p | selectattr('g') | list | length
l | join ~ l | join(', ') ~ p | join('-', attribute='n') ~ [none, 1.5] | join(' ')
d | items | list
l | items | list
s | length ~ l | count ~ d | length
5 | length
l | map('int') | length
'42' | int ~ '42.9' | int ~ 'x' | int ~ 'x' | int(5) ~ 'ff' | int(0, 16) ~ 3.9 | int ~ none | int ~ ' 7 ' | int ~ '1_0' | int ~ true | int
'1.5' | float ~ 'x' | float ~ 'x' | float(2.0) ~ 3 | float ~ '1e3' | float ~ 'inf' | float
2.5 | round ~ 3.5 | round ~ 2.675 | round(2) ~ 2.1 | round(method='ceil') ~ 2.9 | round(0, 'floor') ~ 5 | round ~ 1234 | round(-2) ~ 2.55 | round(1, 'floor')
-3 | abs ~ -2.5 | abs
'x' | abs
s | upper ~ s | lower ~ s | title ~ 'foo bar-baz (qux) x[y' | title ~ 'hELLO' | capitalize
' x ' | trim ~ 'xax' | trim('x') ~ 3 | trim
'a' | center(5) ~ '|' ~ 'ab' | center(5)
s | replace('l', 'L') ~ s | replace('l', 'L', 1) ~ 1121 | replace(1, 3)
text | indent ~ '#' ~ text | indent(2, true) ~ '#' ~ text | indent('> ', blank=true) ~ '#' ~ text | indent(width=1, first=true)
5 | indent
text | wordcount ~ 'a-b c_d é' | wordcount
text | wordwrap(5)
'a verylongwordindeed and more text to wrap' | wordwrap(8)
'a verylongword b' | wordwrap(6, false)
'well-known up-to-date words' | wordwrap(10) ~ '#' ~ 'aa bb cc' | wordwrap(5, wrapstring='|')
'foo bar baz qux' | truncate(9) ~ 'foo bar baz qux' | truncate(9, true) ~ 'foo bar baz qux' | truncate(11) ~ 'foo bar baz qux' | truncate(11, false, '..', 0)
'abcdef' | truncate(2)
'<a href="x">&\'</a>' | e ~ '<b>x</b>  <!-- c --> y &amp; z' | striptags
'a b/c?d=é&' | urlencode ~ {'a': 1, 'b c': 'd e'} | urlencode ~ [('x', 'y/z')] | urlencode
{'b': [1, 2.0, none, true, 'é"\n\u2028'], 'a': {}} | tojson
{'b': [1, 2], 'a': {}, 'c': []} | tojson(indent=2)
{'b': [1, {'x': 'y'}]} | tojson(indent=4, sort_keys=true)
[1, [2]] | tojson(indent=0) ~ [1] | tojson(indent='--')
{'b': 1, 'a': 'é🙂\x7f'} | tojson(ensure_ascii=true, sort_keys=true)
{'a': [1, 2]} | tojson(separators=(',', ':'))
{1: 2, none: 3, true: 4, 1.5: 5} | tojson
nothing | tojson
range(2) | tojson
(1, 2) | tojson ~ big | tojson ~ 1e100 | tojson ~ '<>&\'' | tojson
l | map('string') | tojson
1 is defined ~ nothing is defined ~ nothing is undefined ~ none is none ~ none is defined
s is string ~ i is string ~ i is number ~ t is number ~ f is number ~ i is integer ~ t is integer ~ f is float ~ t is boolean ~ i is boolean
l is iterable ~ s is iterable ~ i is iterable ~ d is iterable ~ nothing is iterable ~ l is sequence ~ s is sequence ~ d is sequence ~ i is sequence ~ (l | map('int')) is sequence ~ d is mapping ~ l is mapping ~ range(2) is sequence ~ d.items() is sequence
true is true ~ 1 is true ~ false is false ~ 0 is false ~ 3 is odd ~ 4 is even ~ 9 is divisibleby 3 ~ 9 is divisibleby(4)
1 is eq 1 ~ 1 is equalto(2) ~ 1 is ne 2 ~ 2 is gt 1 ~ 2 is ge 2 ~ 1 is lt 2 ~ 1 is le 0 ~ 2 is greaterthan(1) ~ 1 is lessthan 2 ~ 1 is sameas 1 ~ none is sameas none ~ [] is sameas [] ~ 1 is in [1] ~ 'a' is in 'abc' ~ 5 is not in [1]
'a' is lower ~ 'A' is upper ~ 'aB' is lower ~ range is callable ~ 1 is callable ~ 'x' is escaped ~ 'upper' is filter ~ 'zz' is filter ~ 'odd' is test
1 is not none
1 is odd is even
x is nosuch
x | nosuch
'a' is odd
none is odd
1 is defined and 2 is defined
s | length > 3 and not e
m[0].content | trim | upper
m | map(attribute='role') | unique | join('/')
(l | sort)[0]
(m | first).role
m[-1]['role']
m[1:] | map(attribute='content') | first
loop is defined
'a'.b.c
1 +
(1
[1, 2
{'a' 1}
'open
1 2
a b
x.
x[
f(a=1, 2)
f(**x, y)
@
$x
a ? b
1.2.3
1..2
[1,,2]
{,}
(1,)[0]
[1, 2,] ~ {'a': 1,}
3.0 is integer
10 ** 20 == 1e20
10 ** 20 % 7
1e16 ~ '' ~ 123456789.123456789 ~ 1e15 ~ 0.1e-6
'%s' % none ~ '%s' % true ~ '%s' % [1]
import
none.x
true.x is defined
's' * 3 ~ [none] * 2
d | list ~ d | length
'abc' | list ~ 'abc' | join('.')
'a' ~ ('b' if t else 'c') ~ 'd'
not (1 == 2) == true
-1 | abs
2 + 3 | string ~ 'x'
'é' | upper ~ 'É'.lower() ~ 'ΑΣ'.lower()
""".strip("\n").split("\n")

STATEMENTS = r"""
{% if i > 5 %}a{% elif i > 3 %}b{% else %}c{% endif %}
{% if n %}a{% elif e %}b{% elif t %}c{% endif %}
{% if i == 7: %}colon{% endif %}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}
{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }}{{ loop.previtem is defined }} {% endfor %}
{% for x in l %}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }}{{ loop.changed() }} {% endfor %}
{% for x in l %}{{ loop.cycle() }}{% endfor %}
{% for x in l %}{{ loop }}{{ loop.nosuch }}{% endfor %}
{% for x in l if x > 1 %}{{ x }}{{ loop.length }}{{ loop.last }}{% else %}none{% endfor %}
{% for x in l if x > 9 %}{{ x }}{% else %}none{% endfor %}
{% for x in e %}{{ x }}{% else %}empty{{ loop is defined }}{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }}{% endfor %}
{% for a, (b, c) in [(1, (2, 3)), (4, (5, 6))] %}{{ a }}{{ b }}{{ c }} {% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% for a, b in [(1,)] %}{% endfor %}
{% for a, b in [1] %}{% endfor %}
{% for x in 'aé🙂' %}[{{ x }}]{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% for x in nothing %}a{% else %}b{% endfor %}
{% for node in tree recursive %}{{ node.v }}@{{ loop.depth }}{{ loop.depth0 }}({{ loop(node.c) }}){% endfor %}
{% for x in l %}{{ loop(l) }}{% endfor %}
{% for x in l %}{% for y in w %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}
{% for x in l %}{% set outer = loop %}{% for y in w %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}
{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in l %}{% for y in l %}{% break %}{% endfor %}{{ x }}{% endfor %}
{% break %}
{% for x in l %}{% macro m2() %}{% break %}{% endmacro %}{% endfor %}
{% for x in range(3) recursive %}{{ x }}{% endfor %}
{% for x in l | map('string') %}{{ loop.length }}{{ x }}{{ loop.last }} {% endfor %}
{% for x, y in l | zip %}{% endfor %}
{% for x in 1, 2, 3 %}{{ x }}{% endfor %}
{% for x in (1, 2), %}{{ x }}{% endfor %}
{% set ns = namespace(stop=false) %}{% for x in l if not ns.stop %}{{ x }}{% set ns.stop = true %}{% endfor %}
{% set x = 1 %}{% for y in l %}{{ x }}{% set x = y %}{{ x }} {% endfor %}{{ x }}
{% for y in l %}{% if y == 1 %}{% set z = 'Z' %}{% endif %}[{{ z }}]{% endfor %}{{ z is defined }}
{% if t %}{% set z = 1 %}{% endif %}{{ z }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}
{% set (a, b) = [1, 2] %}{{ a }}{{ b }}
{% set x = 1, %}{{ x }}
{% set x %}a{{ i }}b{% endset %}{{ x }}{{ x | length }}
{% set x | upper | replace('A', 'z') %}a{{ i }}b{% endset %}{{ x }}
{% set x %}{% set inner = 1 %}{% endset %}{{ inner is defined }}
{% set ns = namespace(a=1, b=[]) %}{% set ns.a = ns.a + 1 %}{% set ns.c = 'n' %}{{ ns.a }}{{ ns.c }}{{ ns.zz is defined }}
{% set ns = namespace() %}{% set ns.x %}blk{% endset %}{{ ns.x }}{{ ns }}
{% set ns = namespace() %}{% set ns.x, y = 1, 2 %}{{ ns.x }}{{ y }}
{% set d.x = 1 %}
{% set q.x = 1 %}
{% set true = 1 %}
{% set x.y.z = 1 %}
{% set 5 = 1 %}
{% set x = %}
{% set %}
{% with %}a{% endwith %}
{% with a = 1, b = i %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
{% set a = 5 %}{% with a = 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% with x, y = (1, 2) %}{{ x }}{{ y }}{% endwith %}
{% filter upper %}a{{ s }}{% set z = 1 %}{% endfilter %}{{ z is defined }}
{% filter replace('a', 'b') | upper %}aXa{% endfilter %}
{% filter nosuch %}a{% endfilter %}
{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }} {{ f(1, 3) }} {{ f(b=5, a=4) }} {{ f() }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(z=2) }}
{% macro f(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, z=4) }}
{% macro f(a) %}{{ a }}{% for x in varargs %}<{{ x }}>{% endfor %}{% endmacro %}{{ f(*[1, 2, 3]) }}
{% macro f(a, b) %}{{ a }}-{{ b }}{% endmacro %}{{ f(**{'a': 1, 'b': 2}) }}{{ f(*[1], **{'b': 3}) }}
{% macro f() %}[{{ caller() }}]{% endmacro %}{% call f() %}body{{ i }}{% endcall %}
{% macro f() %}[{{ caller(1, 2) }}]{% endmacro %}{% call(a, b) f() %}{{ a }}{{ b }}{% endcall %}
{% macro f() %}x{% endmacro %}{% call f() %}body{% endcall %}
{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}
{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}
{% macro f(a=1, b) %}{% endmacro %}
{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}
{% macro f() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f() }}
{% macro f() %}{{ y is defined }}{% endmacro %}{% for y in l %}{{ f() }}{% endfor %}
{% for y in l %}{% macro f() %}{{ y }}{% endmacro %}{{ f() }}{% endfor %}{{ f is defined }}
{% macro f() %}{% set v = 1 %}{% endmacro %}{{ f() }}{{ v is defined }}
{% macro f() %}a{% endmacro %}{{ f }}{{ f.name }}{{ f.arguments }}
{% macro f() %}{{ self_name }}{% endmacro %}{% set self_name = 'x' %}{{ f() | upper }}
{% generation %}said {{ i }}{% endgeneration %}
{% generation %}{% set g = 1 %}{% endgeneration %}{{ g is defined }}
{% raw %}{{ x }}{% if %}{# #}{% endraw %}
a  {%- raw -%}  {{ x }}  {%- endraw -%}  b
  {% raw %}  x  {% endraw %}  b
{% raw %}never closed
{# comment #}a{#- x -#} b {#+ y +#} c
a  {#- c -#}  b
  {# c #}  b
{# open
{% print 1, 'a' %}
{% print %}x
{% include 'x' %}
{% import 'x' as y %}
{% from 'x' import y %}
{% extends 'x' %}
{% nosuch %}
{% endif %}
{% if %}{% endif %}
{% if true %}
{% for x in l %}{% endif %}
{% for x %}{% endfor %}
{% for in l %}{% endfor %}
{% macro %}{% endmacro %}
{% call x %}{% endcall %}
{% if false %}{{ x | nosuch }}{{ x is nosuch }}{% endif %}ok
{{ (x | nosuch) if false else 'ok' }}
{% if true %}{{ x | nosuch }}{% endif %}
{% if false %}{% for x in l %}{{ x | nosuch }}{% endfor %}{% endif %}ok
{% set j = joiner('; ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}
{% set c = cycler('a', 'b') %}{% for x in l %}{{ c.next() }}{{ c.current }}{% endfor %}{{ c.reset() }}{{ c.current }}
{% set g = l | map('string') %}{{ g | list }}{{ g | list }}
{%- if t -%}  a  {%- endif -%}  b
  {%+ if t %}  a  {% endif +%}  b
x {{- ' a ' -}} y
x {{+ i }} y
{{ i -}}   z
{%if t%}a{%endif%}{{i}}{#c#}
{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a': 1}}}
{{ '}}' }}{{ "{%" }}{% set x = '%}' %}{{ x }}
{{ { } }}{{ [ ] }}{{ {} | length }}
{ { x } } {% raw %}{%{% endraw %} { % } # }
{{ raise_exception('Conversation roles must alternate') if i == 7 }}
{% do l.append(1) %}
{{ i }}{{ caller }}{{ varargs }}
{% set x = 5 %}{% macro f(x=x) %}{{ x }}{% endmacro %}{{ f() }}{{ f(1) }}
{% for x in l -%} {{ x }} {%- if not loop.last -%} , {%- endif -%} {%- endfor %}
{% for g in p | groupby('g') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}{% for k, v in p | groupby('g') %}{{ k }}:{{ v | map(attribute='n') | join }} {% endfor %}
{% for row in l | batch(2, '-') %}{{ row | join('+') }};{% endfor %}
{% set x = namespace(v=1) %}{% macro f(o) %}{% set o.v = 9 %}{% endmacro %}{{ f(x) }}{{ x.v }}
{% if i is defined and i is not none and i is number %}y{% endif %}
{% if 'a' in s or 'H' in s and not n %}y{% else %}z{% endif %}
{% if i > 5 and
      i < 9 %}multi
line{% endif %}
""".strip("\n")

BLOCKS = ["{% for x in l %}{{ x }}{% break %}{% else %}else{% endfor %}", "{% for x in l %}{% continue %}{% else %}else{% endfor %}",
          "{% for x in l %}{% if loop.last %}{% continue %}{% endif %}{{ x }}{% else %}else{% endfor %}", "{{ range(5)[::2] }}",
          "{% raw %}\na\n{% endraw %}\nb", r"""
{% for x in l %}
    {{ x }}
{% endfor %}
end
""", r"""
  {% if t %}
    a
  {%- endif %}

  b
    {%- if t %}

c
    {% endif -%}

 d
""", "a\n{%- if t %}\nb\n{%- endif %}\n\n", "\n\n{{ i }}\n\n", "{% if t %}\r\na\r\n{% endif %}\r\nb\rc", "   {{ i }}   \n   {% set x = 1 %}   \n{{ x }}",
          "{% if t %}\n\n{% endif %}\n|", "  {#- c #}\n  x\n  {# c #}\n  y\n{# a\nb #}\nz", "{% if t -%}\n\n  a {% endif %}\n", "a {% if t +%}\n b{% endif %}\n\n",
          "{% set x %}\n  a\n  {% endset %}\n[{{ x }}]", "{% macro f() %}\n  m\n{% endmacro %}\n[{{ f() }}]", "\t{% if t %}\ta\t{% endif %}\tb", "a\u00a0{{- i -}}\u00a0b",
          "{{ i }}\n", "{{ i }}\n\n", "", "\n", "{{ '\\n' }}\n", "{% for x in l %}{{ x }}\n{% endfor %}\n.", "{{ 'a\nb' }}{{ 'a\r\nb' }}",
          "line1\n{{ 1 +\n2 }}\n{%\nif\nt\n%}x{% endif %}", "a\n  {%+ if t %}b{% endif %}", "{% if t %}a{% endif %}   \n   {% if t %}b{% endif %}",
          "{{ i }}   {%- set x = 1 %}  {{ x }}", "{% raw -%}\n a \n{%- endraw %}\nb", "{%- raw %}\n a{% endraw -%}\n b", "x{% raw %} a {%+ endraw +%}\n b"]


def rows():
    for e in EXPRESSIONS:
        yield "{{ " + e + " }}", GIVEN
    statement = ""
    for line in STATEMENTS.split("\n"):
        yield line, GIVEN
    for block in BLOCKS:
        yield block, GIVEN
    for template in TEMPLATES.values():
        for chat in CHATS:
            yield template, chat


def main():
    for template, variables in rows():
        row = {"template": template} if variables is GIVEN else {"template": template, "variables": variables}
        try:
            row["text"] = ENV.from_string(template).render(**variables)
        except Exception as e:
            row["error"] = type(e).__name__ + ": " + str(e)
        print(json.dumps(row, ensure_ascii=False))


print(json.dumps({"variables": GIVEN}, ensure_ascii=False))
main()
