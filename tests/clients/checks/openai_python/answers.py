"""What the demo providers answer, one of them flaky: texts, streams, models."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

MODEL = "anthropic/claude"
SERVED = "anthropic/claude-sonnet-5.5"
HI = [{"role": "user", "content": "hi"}]


def chat(client, _, path):
    """a chat is answered"""
    answer = client.chat.completions.create(model=MODEL, messages=HI)
    assert answer.id.startswith("gen-"), answer.id
    assert answer.object == "chat.completion", answer.object
    assert answer.model == SERVED, answer.model
    assert answer.choices[0].message.role == "assistant", answer
    assert answer.choices[0].message.content.startswith("Hello!"), answer
    assert answer.choices[0].finish_reason == "stop", answer
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 1, answer.usage
    assert answer.usage.cost > 0, "OpenRouter's usage.cost is there"
    assert answer.provider in ("Thrift", "Brisk", "Whimsy"), "OpenRouter's provider is there"


def read(stream):
    """The text, the finish reasons, the usages, the ids and the providers of a stream."""
    text, finishes, usages, ids, providers = "", [], [], set(), set()
    for chunk in stream:
        ids.add(chunk.id)
        providers.add(chunk.provider)
        if chunk.usage is not None:
            usages.append(chunk.usage)
        for choice in chunk.choices:
            text += choice.delta.content or ""
            if choice.finish_reason:
                finishes.append(choice.finish_reason)
    return text, finishes, usages, ids, providers


def whole(got):
    text, finishes, usages, ids, providers = got
    assert text.startswith("Hello!") and text.endswith("token."), f"a whole answer: {text!r}"
    assert finishes == ["stop"], finishes
    assert len(usages) == 1, f"exactly one usage chunk: {usages}"
    assert usages[0].completion_tokens > 1 and usages[0].cost > 0, usages
    assert len(ids) == 1 and ids.pop().startswith("gen-"), ids
    assert len(providers) == 1, f"no trace of who failed: {providers}"
    return providers.pop()


def stream(client, _, path):
    """a stream is whole, with one usage chunk"""
    whole(read(client.chat.completions.create(model=MODEL, messages=HI, stream=True)))


def stream_with_usage(client, _, path):
    """a stream that asked for usage is the same"""
    options = {"include_usage": True}
    whole(read(client.chat.completions.create(model=MODEL, messages=HI, stream=True, stream_options=options)))


def stream_without_usage(client, _, path):
    """a stream that wanted no usage parses as well"""
    options = {"include_usage": False}
    whole(read(client.chat.completions.create(model=MODEL, messages=HI, stream=True, stream_options=options)))


def stream_helper(client, _, path):
    """the package's own accumulator of streams is content"""
    with client.chat.completions.stream(model=MODEL, messages=HI) as events:
        for _event in events:
            pass
        answer = events.get_final_completion()
    assert answer.choices[0].message.content.startswith("Hello!"), answer
    assert answer.choices[0].finish_reason == "stop", answer


def preferences(client, _, path):
    """OpenRouter's preferences go by extra_body"""
    for name in ("Thrift", "Brisk"):
        body = {"provider": {"only": [name.lower()]}}
        answer = client.chat.completions.create(model=MODEL, messages=HI, extra_body=body)
        assert answer.provider == name, (answer.provider, name)


def models(client, _, path):
    """the models are listed"""
    listed = {model.id: model for model in client.models.list()}
    retrieved = client.models.retrieve(next(iter(listed)))
    assert retrieved.id in listed, retrieved
    assert set(listed) == {SERVED, "openai/gpt-4o-mini"}, listed
    assert listed[SERVED].owned_by == "anthropic" and listed[SERVED].object == "model", listed


def operations(client, _, path):
    """a text is completed, and texts are embedded"""
    completed = client.completions.create(model=MODEL, prompt="Once upon")
    assert completed.choices[0].text and completed.usage.total_tokens > 0, completed
    embedded = client.embeddings.create(model=MODEL, input=["one", "two"])
    assert len(embedded.data) == 2 and embedded.usage.prompt_tokens > 0, embedded


def generation(client, _, path):
    """what remains of a call can be looked up"""
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=HI)
    answer = raw.parse()
    assert raw.headers["x-generation-id"] == answer.id, raw.headers
    data = client.get(f"/generation?id={answer.id}", cast_to=object)["data"]
    assert data["id"] == answer.id and data["total_cost"] == answer.usage.cost, data
    assert data["provider_name"] == answer.provider, data


def many(client, _, path):
    """60 calls over a flaky provider, and no failure is seen"""

    def one(number):
        # Whimsy first: four of its six manners are failures.
        asked = {"model": MODEL, "messages": HI, "extra_body": {"provider": {"order": ["whimsy", "brisk"]}}}
        if number % 2:
            got = read(client.chat.completions.create(stream=True, **asked))
            (id,) = got[3]
            return id, whole(got)
        answer = client.chat.completions.create(**asked)
        assert answer.choices[0].finish_reason == "stop", answer
        return answer.id, answer.provider

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(one, range(60)))
    # Soon Whimsy is left alone, so that it may have given no answer at all; but it was asked, and failed.
    assert {provider for _, provider in answers} <= {"Whimsy", "Brisk"}, answers
    lookups = [client.get(f"/generation?id={id}", cast_to=object)["data"] for id, _ in answers]
    asked = [response["provider_name"] for data in lookups for response in data["provider_responses"]]
    assert "Whimsy" in asked and len(asked) > 60, f"the flaky one was asked: {asked}"


def at_once(_, client, path):
    """the async client, 40 calls at a time"""

    async def one(number):
        if number % 2:
            answer = await client.chat.completions.create(model=MODEL, messages=HI)
            return answer.choices[0].message.content
        text = ""
        async for chunk in await client.chat.completions.create(model=MODEL, messages=HI, stream=True):
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
        return text

    async def all_of_them():
        async with client:
            return await asyncio.gather(*(one(number) for number in range(40)))

    for text in asyncio.run(all_of_them()):
        assert text.startswith("Hello!") and text.endswith("token."), text


CHECKS = [
    chat, stream, stream_with_usage, stream_without_usage, stream_helper, preferences, models, operations, generation,
    many, at_once,
]
