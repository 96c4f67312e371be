"""Writes reference.json.gz: small tokenizers of every supported kind, and what Hugging Face's library makes of nasty texts.

pip install tokenizers; python make_reference.py
"""
import copy
import gzip
import itertools
import json
import random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

CORPUS = ["The quick brown fox jumps over the lazy dog. It's what we've seen, isn't it? They'll say I'm done.",
          "def main(args):\n    for i in range(10):\n        print(i, args[i])\n\n    return None\r\n", "1234567890 12 345 2026-11-27",
          "Grüße aus München, straße naïve café", "世界 你好 こんにちは 안녕하세요", "Привет, мир! Γειά σου κόσμε", "שלום עולם مرحبا",
          "        \t\t\n\n\n   spaces", "<|im_start|>user hello<|im_end|>", "don't can't won't DON'T THE END", "🚀👩‍🚀 ok"]
PIECES = ["a", "the ", " the", "The", "it's", "IT'S", "we'VE", "'ſ", "don't", " ", "  ", "     ", "\t", "\n", "\n\n", "\r\n", "\r", " \n ", "\u00a0", "\u3000", "\u2028",
          "\u0085", "\x0b", "\x1c", "\0", "\x7f", "1", "12", "1234567", "½", "Ⅷ", "٣٤", "²", "é", "e\u0301", "ß", "İ", "Σ", "ς", "ﬁ", "Å", "\u0301", "\u0301\u0316", "世界", "世",
          "こんにちは", "ｶﾞ", "안녕", "\u1112\u1161\u11ab", "שלום", "مرحبا", "हिन्दी", "ไทย", "🚀", "👩‍🚀", "🏳️‍🌈", "🇩🇪", "𝐀𝐛", "𠀀", "\ufffd", "\u200b", "\u200d", "\ufeff", "_", "-", "--", "...",
          "!", "$", "+", "=", "{", "}", "(a)", "</s>", "<s>", "<unk>", "<0x41>", "▁", "▁▁", "Ġ", "<|im_start|>", "<|im_end|>", "<tool>", "<Tool>", "word", " mask ", "mask", "x = y*2;", "/", "//\n",
          "foo_bar", "camelCaseWord", "ABCdef", "ZZZ", "aaaaaaaa", "'", "''", "\"", "``", "'s", "'S", "’s", "ǅ", "ʰ", "中文ABC123", "#version", "qu", "zq"]
ADDED = [("<|im_start|>", {}), ("<|im_end|>", {"lstrip": True, "rstrip": True}), ("<tool>", {"special": False}), ("<Tool>", {"special": False, "normalized": True}),
         ("mask", {"special": False, "single_word": True}), ("camelCase", {"special": False, "normalized": True}), ("camelCaseW", {"special": False}), ("  ", {"special": False, "normalized": True})]

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
            r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""]


def sequence(kind, *parts):
    return {"type": "Sequence", kind: list(parts)}


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def byte_level(regex, prefix=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def metaspace(scheme, splits=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": splits}


def replace(old, new, kind="String"):
    return {"type": "Replace", "pattern": {kind: old}, "content": new}


def trained(size, **options):
    tokenizer = Tokenizer(models.BPE(**options.pop("model", {})))
    tokenizer.pre_tokenizer = options.pop("pre")
    tokenizer.train_from_iterator(CORPUS * 3, trainers.BpeTrainer(vocab_size=size, show_progress=False, **options))
    return json.loads(tokenizer.to_str())["model"]


def models_of_all_kinds():
    gpt = trained(420, pre=pre_tokenizers.ByteLevel(add_prefix_space=False), initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    ignoring = dict(copy.deepcopy(gpt), ignore_merges=True)
    ignoring["vocab"]["ĠTheĠlazy"] = len(ignoring["vocab"])
    ignoring["vocab"]["zq"] = len(ignoring["vocab"])
    old = dict(copy.deepcopy(gpt), merges=[" ".join(m) for m in gpt["merges"]])
    bytes_of = ["<0x%02X>" % b for b in range(256)]
    fallback = trained(430, pre=pre_tokenizers.Metaspace(), special_tokens=["<unk>", "<s>", "</s>"] + bytes_of, model={"unk_token": "<unk>"})
    fallback.update(byte_fallback=True, fuse_unk=True)
    plain = trained(200, pre=pre_tokenizers.Metaspace(), special_tokens=["<unk>"], model={"unk_token": "<unk>"}, limit_alphabet=60)
    half = copy.deepcopy(plain)
    for text in ("<0xC3>", "<0xA9>", "<0xE4>"):
        half["vocab"][text] = len(half["vocab"])
    return {"gpt": gpt, "ignoring": ignoring, "old": old, "fallback": fallback, "plain": plain, "fused": dict(copy.deepcopy(plain), fuse_unk=True),
            "dropping": dict(copy.deepcopy(plain), unk_token=None), "half": dict(half, byte_fallback=True)}


def tokenizers():
    level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    llama = sequence("decoders", replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0})
    gemma = sequence("decoders", replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"})
    yield "gpt2", "gpt", None, byte_level(True), level, []
    yield "gpt2 prefix", "old", None, byte_level(True, True), level, ADDED
    for name, pattern in [("qwen2", QWEN2), ("llama3", LLAMA3), ("cl100k", CL100K), ("tekken", TEKKEN), ("o200k", O200K)]:
        yield name, "gpt", {"type": "NFC"} if name == "qwen2" else None, sequence("pretokenizers", split(pattern), byte_level(False)), level, ADDED
        yield name + " whole", "ignoring", None, sequence("pretokenizers", split(pattern, "Removed", True), byte_level(False)), level, ADDED[:1]
    yield "deepseek", "gpt", sequence("normalizers"), sequence("pretokenizers", *map(split, DEEPSEEK), byte_level(False)), level, ADDED
    yield "smollm", "gpt", None, sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, byte_level(True)), level, ADDED[:2]
    yield "digits", "gpt", None, sequence("pretokenizers", {"type": "Digits", "individual_digits": False}, {"type": "Punctuation"}, byte_level(False)), level, ADDED
    for behavior, invert in itertools.product(["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"], [False, True]):
        for kind, pattern in [("Regex", r"\s|\p{P}"), ("String", "a"), ("Regex", "[^a-z\\n]+$|^x|\\w\\b")]:
            yield f"split {behavior} {invert} {pattern}", "gpt", None, sequence("pretokenizers", split(pattern, behavior, invert, kind), byte_level(False)), level, []
        yield f"punctuation {behavior}", "gpt", None, sequence("pretokenizers", {"type": "Punctuation", "behavior": behavior}, byte_level(False)), level, []
    for form in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase"]:
        yield form, "gpt", {"type": form}, byte_level(True), level, ADDED
    yield "replaced", "gpt", sequence("normalizers", replace("a", "the"), replace(r"\s+", " ", "Regex"), {"type": "Prepend", "prepend": ">"}), byte_level(True), level, ADDED
    prepend = sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, replace(" ", "▁"))
    yield "llama2", "fallback", prepend, None, llama, [("<s>", {}), ("</s>", {})]
    yield "phi3", "fallback", prepend, None, llama, [("<s>", {}), ("</s>", {"rstrip": True}), ("<|im_start|>", {"rstrip": True})]
    yield "gemma", "fallback", replace(" ", "▁"), split(" ", "MergedWithPrevious", False, "String"), gemma, [("<s>", {}), ("▁▁", {"special": False})]
    for scheme, splits in itertools.product(["always", "first", "never"], [False, True]):
        decoder = metaspace(scheme, splits)
        yield f"metaspace {scheme} {splits}", "fallback", None, metaspace(scheme, splits), sequence("decoders", {"type": "ByteFallback"}, decoder), ADDED
        yield f"metaspace alone {scheme} {splits}", "plain", None, metaspace(scheme, splits), decoder, ADDED[:3]
    for model in ["plain", "fused", "dropping", "half"]:
        yield model, model, None, {"type": "WhitespaceSplit"}, None, []
        yield model + " words", model, None, {"type": "Whitespace"}, sequence("decoders", replace("a", "bb"), {"type": "Strip", "content": "e", "start": 1, "stop": 0}), ADDED
        yield model + " fuse", model, None, sequence("pretokenizers"), sequence("decoders", {"type": "Fuse"}, replace("he", "HE"), {"type": "Strip", "content": "s", "start": 1, "stop": 0}), ADDED


def texts(source):
    yield from ["", " ", "a", "\n", "aaa", " " * 70 + "x", "a" * 90, "\n" * 50, "世" * 40, "'" * 40, "é" * 40]
    yield from PIECES
    for n in [2, 3, 4, 6, 9]:
        for _ in range(26):
            yield "".join(source.choice(PIECES) for _ in range(n))


def whole(text):
    return "\ufffd" not in text


def cases(tokenizer, every, chosen):
    for i in chosen:
        try:
            ids = tokenizer.encode(every[i], add_special_tokens=False).ids
        except BaseException as e:  # a panic of the library on a text that an added token shares with another
            print("left out:", tokenizer.normalizer, repr(every[i]), str(e)[:60])
            continue
        yield [i, ids, tokenizer.decode(ids)]


def main():
    source = random.Random(11)
    every = list(dict.fromkeys(texts(source)))
    models_by_name = models_of_all_kinds()
    rows = []
    for name, model, normalizer, pre, decoder, added in tokenizers():
        file = {"version": "1.0", "added_tokens": [], "normalizer": normalizer, "pre_tokenizer": pre, "post_processor": None, "decoder": decoder,
                "model": models_by_name[model]}
        for i, (content, flags) in enumerate(added):
            file["added_tokens"].append(dict({"id": len(file["model"]["vocab"]) + i, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
                                              "normalized": False, "special": True}, **flags))
        tokenizer = Tokenizer.from_str(json.dumps(file))
        chosen = sorted(source.sample(range(len(every)), 110))
        size = tokenizer.get_vocab_size()
        # A broken run of byte tokens is the one thing that is decoded in another way.
        shown = name not in ("Lowercase", "replaced")  # the library shows an added token as it was normalized
        broken = model in ("fallback", "half")
        random_ids = [[source.randrange(size) for _ in range(12)] for _ in range(12)]
        decoded = [[ids, tokenizer.decode(ids)] for ids in random_ids]
        rows.append({"name": name, "model": model, "file": {k: v for k, v in file.items() if k != "model"},
                     "cases": [c if shown else c[:2] for c in cases(tokenizer, every, chosen)],
                     "decoded": [d for d in decoded if shown and (not broken or whole(d[1]))]})
    text = json.dumps({"texts": every, "models": models_by_name, "tokenizers": rows}, ensure_ascii=False, separators=(",", ":"))
    with gzip.GzipFile("reference.json.gz", "wb", mtime=0) as out:
        out.write(text.encode())
    print(len(rows), "tokenizers,", len(every), "texts,", len(text), "bytes")


main()
