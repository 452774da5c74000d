"""OpenRouter's lists, as this package reaches them: by its own calls and by plain ones."""

import openai

HI = [{"role": "user", "content": "hi"}]


def lists(client, _, path, provider):
    """models are listed by OpenRouter's filters, a page at a time"""

    def shown(**query):
        return [model.id for model in client.models.list(extra_query=query)]

    assert shown(q="eye", sort="newest") == ["test/eye-2", "~test/eye-latest", "test/eye-1"]
    assert shown(q="eye", offset=1, limit=1) == ["test/eye-2"]
    assert client.get("/models/count?zdr=true", cast_to=object) == {"data": {"count": 1}}
    assert client.models.retrieve("~test/eye-latest").object == "model"
    assert [one["slug"] for one in client.get("/providers", cast_to=object)["data"]] == ["actor"]
    try:
        shown(limit=0)
    except openai.BadRequestError as error:
        assert "limit" in str(error), error
    else:
        raise AssertionError("a limit of 0 was taken")


def metadata(client, _, path, provider):
    """the plan explains itself to who asks"""
    headers = {"X-OpenRouter-Metadata": "enabled"}
    ask = client.chat.completions.create
    answer = ask(model="test/eye-1", messages=HI, extra_headers=headers)
    assert answer.openrouter_metadata["requested"] == "test/eye-1", answer
    *chunks, last = ask(model="test/eye-1", messages=HI, stream=True, extra_headers=headers)
    assert last.openrouter_metadata["summary"] == "available=1, selected=Actor", last
    assert not any("openrouter_metadata" in chunk.model_fields_set for chunk in chunks)


CHECKS = [lists, metadata]
