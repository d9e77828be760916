"""The subset of YAML that the dialogue corpus is written in: a list of lists of strings, plain,
quoted or literal. Anything else is refused, so that a misread file cannot pass for a corpus."""

import re

ITEM = re.compile(r"(- - |  - )(.*)")
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/"}


def unescape(match):
    code = match.group(1)
    if code[0] in "xu":
        return chr(int(code[1:], 16))
    if code not in ESCAPES:
        raise ValueError(f"unknown escape: \\{code}")
    return ESCAPES[code]


def scalar(lines):
    """One string from its lines, the first without its list marker."""
    if lines[0] in ("|", "|-"):
        body = list(lines[1:])
        indent = min(len(line) - len(line.lstrip()) for line in body if line.strip())
        text = "\n".join(line[indent:] for line in body).rstrip("\n")
        return text if lines[0] == "|-" else text + "\n"
    # Folding: a line break is a space, a blank line is a line break.
    text = lines[0].strip()
    blank = 0
    for line in map(str.strip, lines[1:]):
        if not line:
            blank += 1
            continue
        if text.startswith('"') and text.endswith("\\"):
            text = text[:-1] + re.sub(r"^\\ ", " ", line)
        else:
            text += "\n" * blank if blank else " "
            text += line
        blank = 0
    if text.startswith("'"):
        if not re.fullmatch(r"'(?:[^']|'')*'", text):
            raise ValueError(f"unbalanced quotes: {text}")
        return text[1:-1].replace("''", "'")
    if text.startswith('"'):
        if not re.fullmatch(r'"(?:[^"\\]|\\.)*"', text, re.S):
            raise ValueError(f"unbalanced quotes: {text}")
        return re.sub(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)", unescape, text[1:-1])
    if text[:1] in "[{&*!|>%@`":
        raise ValueError(f"unsupported YAML: {text}")
    return text


def conversations(source):
    """Yields each conversation as a list of at least two strings."""
    lines = iter(source.split("\n"))
    for line in lines:
        if line.strip() == "conversations:":
            break
    else:
        raise ValueError("no conversations")
    found, pending = [], None
    for line in lines:
        item = ITEM.match(line)
        if item:
            if item.group(1) == "- - ":
                found.append([])
            elif not found:
                raise ValueError(f"a reply without a question: {line}")
            pending = [item.group(2)]
            found[-1].append(pending)
        elif line.startswith("- "):
            # A lone string is a question that nobody answered.
            found.append([])
            pending = [line[2:]]
            found[-1].append(pending)
        elif pending is not None and (not line.strip() or line.startswith("   ")):
            pending.append(line)
        elif line.strip() and not line.lstrip().startswith("#"):
            raise ValueError(f"unexpected line: {line}")
    for turns in found:
        if len(turns) > 1:
            yield [scalar(turn) for turn in turns]
