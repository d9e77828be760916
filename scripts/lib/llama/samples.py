"""Texts and token sequences that both implementations are given."""

import importlib
import inspect
import random
import re
import sys

TEXTS = 200


def texts(seed):
    """200 texts: scripts, emoji, code, white space, digits, special tokens, and random mixtures."""
    fixed = [
        "", " ", "  ", "\n", "\n\n\n", "\t", "\r\n", " \n \n", "a", " a", "a ", "\u00a0x\u3000y",
        "Hello, world!", "The quick brown fox jumps over the lazy dog.",
        "I'm sure they'd've said it's fine, we'll see; you're THE'RE O'Neill 'sup 'Twas",
        "don't DON'T Don’t ‘quoted’ “double” — dash … ellipsis",
        "1234567890", "3.14159 1,000,000 0x7fff 1e-9 12:34:56 2026-11-21", "½ ² ③ Ⅷ ৩ ४५ ٣٤",
        "Größe, naïve café, Ærøskøbing, İstanbul, ſtraße, e\u0301 vs é, ﬁ ligature",
        "Ελληνικά και πολυτονικό: ἀρχή", "Русский текст, ёлка; Українська їжак", "עברית עם ניקוד: שָׁלוֹם",
        "العربية مع تشكيل: السَّلامُ عليكم", "हिन्दी में लिखा हुआ वाक्य।", "ไทยไม่มีเว้นวรรค", "中文没有空格，标点不同。",
        "日本語のテキスト、カタカナとひらがな。", "한국어 문장입니다.", "Tiếng Việt có dấu thanh", "ქართული ენა", "አማርኛ",
        "😀😃 👩‍👩‍👧‍👦 🇺🇳 👍🏽 ❤️‍🔥", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙𝟚 𐍈 🂡", "\u200bzero\u200dwidth\ufeffmarks\u2028line\u2029para",
        "combining: Z\u0351\u036b\u0343a\u0363\u036cl\u034bg\u0303o", "\ufffd\ufffe\U0010fffd",
        "def f(x):\n\treturn x**2 if x > 0 else -x  # comment\n\n\nclass A:\n    pass\n",
        "fn main() -> Result<(), Box<dyn Error>> {\n\tlet v: Vec<_> = (0..10).collect();\n}\n",
        "#include <stdio.h>\nint main(void){printf(\"%d\\n\", 1<<3);return 0;}",
        "SELECT a.id, COUNT(*) FROM a LEFT JOIN b ON a.id=b.id WHERE x IS NOT NULL GROUP BY 1;",
        "<html><body class=\"a b\">&nbsp;&lt;tag/&gt;</body></html>", "{\"a\": [1, 2.5, null], \"b\": {}}",
        "$ grep -rn 'x\\s+y' ./src | awk '{print $1}' && echo \"done\"", "\\frac{\\partial f}{\\partial x} = \\sum_{i=1}^{n} x_i^2",
        "https://example.org/a/b?c=d&e=%20f#g user@example.org C:\\Users\\x /usr/bin/env",
        "    four spaces\n        eight\n\ttab\n \t mixed \t \n", "a" * 300, "ab " * 120, " " * 200 + "x", "\n" * 150,
        "!!!???...,,,;;;:::---___===+++***///", "CamelCaseAndsnake_case_and-kebab-case.dotted", "ALLCAPS lower MiXeD",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "<|endoftext|>", "text<|endoftext|>text", "<|im_start", "<|im_end|><|im_end|>",
        "<repo_name>x<file_sep>y<filename>z", "<jupyter_code> 1+1 <jupyter_output>", "<s></s> [INST] <unk> <pad>",
    ]
    generator = random.Random(seed)
    ranges = [
        (0x20, 0x7E), (0xA1, 0x17F), (0x370, 0x3FF), (0x400, 0x45F), (0x5D0, 0x5EA), (0x621, 0x64A),
        (0x905, 0x939), (0xE01, 0xE30), (0x3041, 0x3096), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3),
        (0x2190, 0x22FF), (0x1F300, 0x1F64F),
    ]
    spaces = [" ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", " \n", "\n    ", "\u00a0", "\u2003"]
    sources = documentation()
    made = []
    while len(fixed) + len(made) < TEXTS:
        kind = len(made) % 3
        if kind == 0:
            start = generator.randrange(len(sources) - 400)
            made.append(sources[start : start + generator.randrange(20, 400)])
        elif kind == 1:
            words = []
            for _ in range(generator.randrange(5, 40)):
                low, high = generator.choice(ranges)
                words.append("".join(chr(generator.randint(low, high)) for _ in range(generator.randint(1, 8))))
                words.append(generator.choice(spaces))
            made.append("".join(words))
        else:
            alphabet = "abcXYZ019 '.,-_()\n\t\"" + "éß中🙂\u0301"
            made.append("".join(generator.choice(alphabet) for _ in range(generator.randrange(1, 200))))
    return (fixed + made)[:TEXTS]


def documentation():
    """Prose and code that every Python brings along, the same for one version of Python."""
    names = "json argparse logging difflib textwrap random statistics heapq bisect decimal".split()
    return "\n\n".join(inspect.getsource(importlib.import_module(name)) for name in names)


def prose():
    """Running English from the same sources, without code and markers."""
    docstrings = re.findall(r'"""(.+?)"""', documentation(), re.DOTALL)
    return re.sub(r"\s+", " ", " ".join(docstrings))


def sequences(llama, count, length):
    """Token sequences to score: half of them running English, half Python code."""
    english, code = llama.tokenize(prose()), llama.tokenize(documentation())
    half = count // 2
    starts = [i * length for i in range(count - half)]
    result = [english[at : at + length] for at in starts]
    result += [code[at : at + length] for at in starts[:half]]
    if any(len(tokens) < length for tokens in result):
        sys.exit("the sources of this Python are too short for the comparison")
    return result


def random_sequences(vocabulary, count, length, seed):
    generator = random.Random(seed)
    return [[generator.randrange(vocabulary) for _ in range(length)] for _ in range(count)]
