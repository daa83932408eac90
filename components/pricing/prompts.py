"""The prompts whose continuation is a price."""

PROMPTS = {
    "what": "What does this cost to the nearest dollar?",
    "how-much": "How much does this cost to the nearest dollar?",
}
DEFAULT_PROMPT = "what"


def price_prompt(description: str, wording: str = DEFAULT_PROMPT) -> str:
    """The question, the description and `Price is $`, which the model continues.

    `wording` is a key of PROMPTS: the two wordings that published price experiments use.
    """
    return f"{PROMPTS[wording]}\n\n{description.strip()}\n\nPrice is $"
