"""Writes beside.json: what transformers 5 makes of small files beside a tokenizer.json.

usage: make_beside.py FOLDER_WITH_TOKENIZER_JSON OUT.json
"""

import json
import sys
import tempfile
from pathlib import Path

from transformers import AutoTokenizer

TEMPLATE = (
    "{{ bos_token }}|{{ eos_token }}|{{ mask_token }}|{{ image_token }}|"
    "{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}"
)
TEXTS = [
    "a <|im_end|> b", "a <|im_start|> b", "<extra1>z<extra2>", "<newbos>z", "a <M> b", "<A>z<B>",
    "<x>a <y> a <z><w>", "<k>z<j>a <j>b", "<img>z<aud><b><Q>", "the other <tool>", "<think>q</think>",
]


def flags(content, lstrip=False, **more):
    return dict(content=content, lstrip=lstrip, rstrip=False, normalized=False, single_word=False, **more)


def config(**more):
    return dict(tokenizer_class="PreTrainedTokenizerFast", chat_template=TEMPLATE, **more)


# name: the files, and "tokens": what is added to tokenizer.json as tokens that are not special
CASES = {
    "named only in the special tokens map": {
        "tokenizer_config.json": config(),
        "special_tokens_map.json": {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"},
    },
    "flags of the configuration win": {
        "tokenizer_config.json": config(
            eos_token="<|im_end|>", added_tokens_decoder={"2": flags("<|im_end|>", lstrip=True, special=True)}
        ),
    },
    "a token becomes special": {
        "tokenizer_config.json": config(
            eos_token="<|im_end|>",
            added_tokens_decoder={"477": flags("<tool>", special=True), "1": flags("<|im_start|>", special=False)},
        ),
        "tokens": ["<tool>"],
    },
    "additional tokens and a new one by name": {
        "tokenizer_config.json": config(
            additional_special_tokens=["<extra1>", "<extra2>"], bos_token="<newbos>", eos_token="<|im_end|>"
        ),
    },
    "flags of a new token from the map": {
        "tokenizer_config.json": config(),
        "special_tokens_map.json": {
            "bos_token": "<|im_start|>",
            "eos_token": flags("<|im_end|>", lstrip=True),
            "mask_token": flags("<M>", lstrip=True),
            "additional_special_tokens": ["<extra1>", "<extra2>"],
        },
    },
    "the map goes before the configuration": {
        "tokenizer_config.json": config(bos_token="<A>", extra_special_tokens=["<x>"], eos_token=None),
        "special_tokens_map.json": {
            "bos_token": "<B>",
            "extra_special_tokens": ["<y>", flags("<z>", lstrip=True)],
            "additional_special_tokens": ["<w>"],
        },
    },
    "the map is not read beside added_tokens_decoder": {
        "tokenizer_config.json": config(added_tokens_decoder={}),
        "special_tokens_map.json": {"bos_token": "<B>"},
        "added_tokens.json": {"<k>": 475},
    },
    "added_tokens.json in the order of its ids": {
        "tokenizer_config.json": config(bos_token="<k>"),
        "added_tokens.json": {"<k>": 475, "<j>": 473, "<|im_end|>": 2},
    },
    "names of one kind of model": {
        "tokenizer_config.json": config(
            image_token="<img>", extra_special_tokens={"audio_token": "<aud>", "bos_token": "<Q>"}, bos_token="<b>"
        ),
    },
    "a named token of the decoder is special": {
        "tokenizer_config.json": config(
            eos_token="<j>",
            added_tokens_decoder={
                "477": dict(flags("<j>", lstrip=True, special=False), normalized=True),
                "270": flags("Ġthe", special=True),
            },
        ),
    },
    "extra tokens go before additional ones": {
        "tokenizer_config.json": config(extra_special_tokens=["<x>"], additional_special_tokens=["<y>"]),
    },
    "no extra tokens are none": {
        "tokenizer_config.json": config(extra_special_tokens=[], additional_special_tokens=["<y>"]),
    },
    "named pieces of the vocabulary": {
        "tokenizer_config.json": config(bos_token="th", pad_token="Ġthe"),
    },
}


def row(name, files, tokenizer):
    tokens = files.pop("tokens", [])
    added = [dict(flags(token, special=False), id=471 + i) for i, token in enumerate(tokens)]
    with tempfile.TemporaryDirectory() as folder:
        file = dict(tokenizer, added_tokens=tokenizer["added_tokens"] + added)
        Path(folder, "tokenizer.json").write_text(json.dumps(file), encoding="utf-8")
        for path, content in files.items():
            Path(folder, path).write_text(json.dumps(content), encoding="utf-8")
        loaded = AutoTokenizer.from_pretrained(folder)
    rendered = loaded.apply_chat_template([{"role": "user", "content": "q"}], tokenize=False)
    cases = []
    for text in TEXTS:
        ids = loaded.encode(text, add_special_tokens=False)
        cases.append([text, ids, loaded.decode(ids, skip_special_tokens=True)])
    return {"name": name, "tokens": added, "files": files, "rendered": rendered, "cases": cases}


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1], "tokenizer.json").read_text(encoding="utf-8"))
    rows = [row(name, files, source) for name, files in CASES.items()]
    Path(sys.argv[2]).write_text(json.dumps(rows, ensure_ascii=False) + "\n", encoding="utf-8")
