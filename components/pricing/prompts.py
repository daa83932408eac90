"""The prompts whose continuation is a price."""

PROMPTS = {
    "what": "What does this cost to the nearest dollar?",
    "how-much": "How much does this cost to the nearest dollar?",
}
DEFAULT_PROMPT = "what"


def price_prompt(description: str, question: str = PROMPTS[DEFAULT_PROMPT]) -> str:
    """The question, the description and `Price is $`, which the model continues.

    PROMPTS has the two questions that published price experiments use.
    """
    return f"{question.strip()}\n\n{description.strip()}\n\nPrice is $"


def prompt_description(prompt: str) -> str:
    """The description in a prompt of `price_prompt`; any other prompt as it is."""
    question, _, rest = prompt.partition("\n\n")
    description, end, after = rest.rpartition("\n\nPrice is $")
    return description if question and end and not after else prompt
