"""The prose of a built report, for checks of its words."""

import re

PAGE = 850  # words of prose on a page of the report, about
FLOATS = re.compile(r"\\begin\{(table\*?|figure\*?|equation)\}.*?\\end\{\1\}", re.DOTALL)


def prose(latex: str) -> str:
    """What a reader reads of the main text, from the abstract to the references; floats aside."""
    main = latex[latex.index(r"\begin{abstract}") : latex.index(r"\bibliography{")]
    text = re.sub(r"(?<!\\)%.*", "", FLOATS.sub(" ", main))
    text = re.sub(r"\\traced\{[^{}]*\}\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1", text)
    text = re.sub(r"\\(?:ref|cite|label|input|hypertarget|section\*?|subsection)\{[^{}]*\}(?:\{\})?", " ", text)
    return re.sub(r"\\(?:texttt|textit|textbf|named|mbox)\b|\\[a-zA-Z]+|[{}$~]", " ", text)


def repeated(text: str, length: int = 5, within: int = PAGE) -> list[str]:
    """Runs of so many words that stand twice within so many, each once, in the order of their second place.

    No run goes on beyond a numeral or the end of a clause: in lists of results, words are alike and numbers are not.
    """
    words = re.findall(r"[a-z][a-z'-]*|\d|[.;:()]", text.lower())
    last: dict[tuple[str, ...], int] = {}
    found: dict[str, None] = {}
    for at in range(len(words) - length + 1):
        run = tuple(words[at : at + length])
        if not all(word[0].isalpha() for word in run):
            continue
        if at - last.get(run, -within) < within:
            found[" ".join(run)] = None
        last[run] = at
    return list(found)
