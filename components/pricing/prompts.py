"""The prompts whose continuation is a price."""

PROMPTS = {
    "What does this cost": "What does this cost to the nearest dollar?",
    "How much does this cost": "How much does this cost to the nearest dollar?",
}
DEFAULT_PROMPT = "What does this cost"


def price_prompt(description: str, wording: str = DEFAULT_PROMPT) -> str:
    """The question, the description and `Price is $`, which the model continues.

    `wording` is a key of PROMPTS: the two wordings that published price experiments use.
    """
    return f"{PROMPTS[wording]}\n\n{description.strip()}\n\nPrice is $"
