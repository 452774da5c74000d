"""Tools go to the provider as they are, and its calls come back; so do vectors."""

import json

from provider import CALLS, VECTORS

MODEL = "test/calls"
HI = [{"role": "user", "content": "hi"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
CHOICE = {"type": "function", "function": {"name": "weather"}}


def called(answer):
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls" and not choice.message.content, answer
    return [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls]


def called_with_text(answer):
    message = answer.choices[0].message
    assert message.role == "assistant", message
    return message.content or None, [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls]


def untouched(provider):
    for name, value in (("tools", TOOLS), ("tool_choice", CHOICE)):
        sent = json.dumps(value, separators=(",", ":"))
        assert f'"{name}":{sent}'.encode() in provider.seen, (name, provider.seen)


def tools(client, _, path, provider):
    """tools go through untouched, and their calls come back"""
    answer = client.chat.completions.create(model=MODEL, messages=HI, tools=TOOLS, tool_choice=CHOICE)
    assert called(answer) == CALLS, answer
    untouched(provider)


def streamed_tools(client, _, path, provider):
    """streamed calls of tools are put together by the package's accumulator"""
    with client.chat.completions.stream(model=MODEL, messages=HI, tools=TOOLS, tool_choice=CHOICE) as events:
        done = [event.arguments for event in events if event.type == "tool_calls.function.arguments.done"]
        assert called(events.get_final_completion()) == CALLS
    assert done == [arguments for _, _, arguments in CALLS], done


def mumbled(client, _, path, provider):
    """what a provider spells loosely is mended, in a stream as well"""
    asked = {"model": "test/mumbles", "messages": HI, "tools": TOOLS}
    answer = client.chat.completions.create(**asked)
    assert called_with_text(answer) == ("Half", CALLS[:1]), answer
    with client.chat.completions.stream(**asked) as events:
        answer = events.get_final_completion()
    assert called_with_text(answer) == (None, CALLS[:1]), answer


def embeddings(client, _, path, provider):
    """texts are embedded, as floats and as base64"""
    # The package asks for base64 by itself, and decodes it.
    answer = client.embeddings.create(model="test/says", input=["one", "two"])
    assert json.loads(provider.seen)["encoding_format"] == "base64", provider.seen
    assert [one.embedding for one in answer.data] == VECTORS, answer
    answer = client.embeddings.create(model="test/says", input=["one", "two"], encoding_format="float")
    assert [one.embedding for one in answer.data] == VECTORS, answer
    assert answer.usage.prompt_tokens == 7, answer.usage


CHECKS = [tools, streamed_tools, mumbled, embeddings]
