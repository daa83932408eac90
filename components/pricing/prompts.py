"""The prompts whose continuation is a price."""

import re

PROMPTS = {
    "what": "What does this cost to the nearest dollar?",
    "how-much": "How much does this cost to the nearest dollar?",
}
DEFAULT_PROMPT = "what"

# The answer may have been pasted too, from a file of prompts for training: it would give the
# price away.
_OPENING = re.compile(r"(?:\A|\s)price is \$[ \t]*[\d.,]*\s*\Z", re.IGNORECASE)
_COURSE_QUESTION = re.compile(r"(?:what|how much) does (?:this|it) cost\b[^\n?]*\?", re.IGNORECASE)


def clean_description(description: str, question: str = "") -> str:
    """The description alone, of a whole prompt that may have been pasted.

    Left out are a question about the cost (or `question`) before it, and `Price is $` after it,
    with the price.
    """
    text = description.strip()
    if question.strip() and text.startswith(question.strip()):
        text = text.removeprefix(question.strip()).lstrip()
    elif asked := _COURSE_QUESTION.match(text):
        text = text[asked.end() :].lstrip()
    return _OPENING.sub("", text).strip()


def price_prompt(description: str, question: str = PROMPTS[DEFAULT_PROMPT]) -> str:
    """The question, the description and `Price is $`, which the model continues.

    PROMPTS has the two questions that published price experiments use. A whole prompt given as
    the description is not doubled.
    """
    return f"{question.strip()}\n\n{clean_description(description, question)}\n\nPrice is $"
