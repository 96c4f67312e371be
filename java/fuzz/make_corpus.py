#!/usr/bin/env python3
"""Writes corpus/: what the fuzzers begin with, every input once known to end or stall the process included.

    make_corpus.py FOLDER   FOLDER: where the hostile tokenizer.json files are that HostileTokenizerTest's hostile.json holds, unpacked
"""
import json
import pathlib
import sys

here = pathlib.Path(__file__).parent
root = here.parent.parent
golden = root / "native/tests/data/golden"


def put(target, name, content):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


for file in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    if file.stat().st_size < 50_000:
        put("TokenizerFileFuzzer", file.name, file.read_bytes())
tiny = json.loads((golden / "tiny-llama3/tokenizer.json").read_text())
tiny["model"]["merges"] = tiny["model"]["merges"][:20]
put("TokenizerFileFuzzer", "honest.json", json.dumps(tiny))

for name, text in {"spaces": "What is this?" + " " * 3000 + "x", "chat": "<|im_start|>user\nhi<|im_end|>\n", "mixed":
                   "naïve 🙂‍🙂 été e\u0301 ﬁ 你好 \u202e abc 1234567890 don't HELLO'S\r\n\r\n\tx"}.items():
    put("TextFuzzer", name, text)

templates = {
    "loops": "{% for a in range(1000000) %}{% for b in range(1000000) %}{% for c in range(1000000) %}x{% endfor %}{% endfor %}{% endfor %}",
    "macro": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
    "doubling": "{% set n = namespace(x=[1]) %}" + "{% set n.x = [n.x, n.x] %}" * 60 + "{{ n.x }}",
    "split": "{{ 'abc'.split('') }}", "range": "{{ range(9223372036854775807) | list }}", "wide": "{{ '%999999999d' | format(1) }}",
    "include": "A{% set a\\\"%}B{% endset %}{% include 'META-INF/MANIFEST.MF' %}\" %}C", "escape": "{{ '\\xZZ' }}",
    "deep": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "power": "{{ 9 ** 9 ** 9 }}", "times": "{{ 'x' * 10 ** 9 }}"}
for name, text in templates.items():
    put("TemplateFuzzer", name, text)
for file in sorted((root / "java/core/src/test/resources/org/latent4j/text/templates").glob("*.jinja")):
    put("TemplateFuzzer", file.name, file.read_bytes())

prompts = {
    "alias": "planner:\n  system: &s Be brief.\ncritic:\n  system: *s\n", "two": "planner:\n  system: a\n---\ncritic:\n  system: b\n",
    "twice": "planner:\n  system: a\n  system: b\n", "bomb": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
    "tag": "planner:\n  system: !!java.net.URL 'http://a'\n", "good": "critic:\n  system: Be strict.\n  latent: |\n    Doubt {question}\n",
    "json": '{"single": {"text": "Q: {question}\\nA:"}}'}
for name, text in prompts.items():
    put("PromptsFuzzer", name, text)

ok = "HTTP/1.1 200 OK\r\nConnection: close\r\n"
for request, name, text in [
        (0, "names", ok + "Content-Length: 80\r\n\r\n" + '{"sha":"0123456789abcdef","siblings":[{"rfilename":"../x"},{"rfilename":"/y"}]}'),
        (0, "redirect", "HTTP/1.1 302 Found\r\nLocation: http://localhost:1/a\r\nContent-Length: 0\r\n\r\n"),
        (1, "size", ok + 'ETag: "a"\r\nContent-Length: 99999999999999999999\r\n\r\n'), (4, "short", ok + "Content-Length: 2\r\n\r\n{"),
        (4, "long", ok + "\r\n{}{}{}{}"), (6, "range", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nabcde"),
        (6, "unsatisfiable", "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n"),
        (5, "gzip", ok + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
        # From 8 on a part of the model is in the cache.
        (8, "revision", ok + "Content-Length: 78\r\n\r\n" + '{"sha":"0123456789abcdef","siblings":[{"rfilename":"generation_config.json"}]}'),
        (9, "partial-size", ok + 'ETag: "a"\r\nContent-Length: 9999999999\r\n\r\n'), (11, "partial-short", ok + "Content-Length: 2\r\n\r\n{")]:
    put("HubFuzzer", name, bytes([request]) + text.encode())

put("ConfigFuzzer", "honest", (golden / "tiny-qwen3/config.json").read_bytes())
put("ConfigFuzzer", "rope", (golden / "tiny-llama3/config.json").read_bytes())
put("ConfigFuzzer", "large", '{"model_type":"qwen3","hidden_size":1000000000000,"num_hidden_layers":2147483648,"vocab_size":-1}')
put("SideFilesFuzzer", "honest", (golden / "tiny-qwen3/tokenizer_config.json").read_bytes())
put("SideFilesFuzzer", "generation", (golden / "tiny-qwen3/generation_config.json").read_bytes())
put("SideFilesFuzzer", "added", '{"added_tokens_decoder":{"2":{"content":"<x>","special":true,"lstrip":true}},"eos_token":{"content":"<x>"}}')
put("SideFilesFuzzer", "parts", '{"model_max_length":9}\0{"eos_token":"<x>","u_token":"<u>","additional_special_tokens":["<v>"]}'
    '\0{"<x>":512,"<u>":513,"<w>":514}\0{"top_k":3,"suppress_tokens":[1,2],"no_repeat_ngram_size":2,"eos_token_id":[2]}')
for name, text in {"boxed": "so \\boxed{\\frac{1}{2}} = 0.5", "choice": "The answer is (c). **B**", "nested": "\\boxed{" * 50 + "}" * 50,
                   "code": "```python\nprint(1)\n```", "letters": "A B C ", "number": "1,200.5e3", "groups": "12,00000"}.items():
    put("AnswerFuzzer", name, text)
