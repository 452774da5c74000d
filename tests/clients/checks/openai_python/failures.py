"""Each failure is the package's own typed error, whole in message and code."""

import asyncio
import time

import openai

HI = [{"role": "user", "content": "hi"}]


def raises(path, call, error, status, code, message):
    """`code` is what stands under /v1: under /api/v1 it is the status, as OpenRouter's clients want it."""
    try:
        call()
    except error as got:
        assert type(got) is error, f"{type(got).__name__}, not {error.__name__}"
        assert got.status_code == status, got.status_code
        assert got.body["code"] == (code if path == "/v1" else status), got.body
        assert message in got.body["message"], got.body
        return got
    raise AssertionError(f"{error.__name__} was not raised")


def ask(client, model="says", **more):
    return lambda: client.chat.completions.create(**{"model": f"test/{model}", "messages": HI, **more})


def wrong_key(client, _, path, provider):
    """a wrong key is an AuthenticationError"""
    other = client.with_options(api_key="sk-or-v1-another")
    expected = (openai.AuthenticationError, 401, "invalid_api_key", "key")
    raises(path, ask(other), *expected)
    raises(path, other.models.list, *expected)


def bad_parameters(client, _, path, provider):
    """bad parameters are a BadRequestError that names them"""
    for bad, param in [
        ({"messages": []}, "messages"),
        ({"extra_body": {"models": "one"}}, "models"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"extra_body": {"provider": {"onyl": ["actor"]}}}, "provider"),
    ]:
        got = raises(path, ask(client, **bad), openai.BadRequestError, 400, None, param)
        if path == "/v1":
            assert got.body["param"].startswith(param), (param, got.body)


def unknown(client, _, path, provider):
    """what is unknown is a NotFoundError, a model under /api/v1 a BadRequestError; the nearest are named"""
    error, status = (openai.NotFoundError, 404) if path == "/v1" else (openai.BadRequestError, 400)
    got = raises(path, ask(client, "syas"), error, status, "model_not_found", "test/says")
    assert got.body.get("param") == ("model" if path == "/v1" else None), got.body
    raises(path, lambda: client.get("/nothing", cast_to=object), openai.NotFoundError, 404, None, "no such route")
    raises(path, lambda: client.models.retrieve("test/none"), openai.NotFoundError, 404, None, "no such model")


def too_large(client, _, path, provider):
    """a body that is too large is a 413"""
    large = ask(client, messages=[{"role": "user", "content": "x" * (33 << 20)}])
    raises(path, large, openai.APIStatusError, 413, "payload_too_large", "larger than")


def refused(client, _, path, provider):
    """a provider's refusals of the request come through in its words"""
    for status, error in [
        (400, openai.BadRequestError), (413, openai.APIStatusError), (422, openai.UnprocessableEntityError),
    ]:
        raises(path, ask(client, status), error, status, None, "as you wish")


def provider_fails(client, _, path, provider):
    """a provider's own failures are typed errors as well"""
    for model, error, status, code, message in [
        (401, openai.APIStatusError, 424, "upstream_auth", "key"),
        (402, openai.RateLimitError, 429, "insufficient_quota", "quota"),
        (404, openai.NotFoundError, 404, "model_not_found", "model"),
        (429, openai.RateLimitError, 429, "rate_limit_exceeded", "rate-limiting"),
        (500, openai.InternalServerError, 502, "unavailable", "error"),
        (503, openai.InternalServerError, 503, "overloaded", "overloaded"),
    ]:
        got = raises(path, ask(client, model), error, status, code, message)
        if model == 429:
            assert got.response.headers["retry-after"] == "7", got.response.headers


def no_hammering(client, _, path, provider):
    """nothing is asked again that x-should-retry forbids"""
    for model in (500, 503):
        raw = client.with_options(max_retries=2).chat.completions.with_raw_response
        try:
            raw.create(model=f"test/{model}", messages=HI)
        except openai.InternalServerError as got:
            assert got.response.headers["x-should-retry"] == "false", got.response.headers
            assert got.request.headers["x-stainless-retry-count"] == "0", got.request.headers
        else:
            raise AssertionError("InternalServerError was not raised")


def breaks_off(client, _, path, provider):
    """a stream that is cut, or that says an error, raises after what was delivered"""
    for model in ("breaks", "fails"):
        text = ""
        try:
            for chunk in ask(client, model, stream=True)():
                text += "".join(choice.delta.content or "" for choice in chunk.choices)
                assert all(choice.finish_reason != "stop" for choice in chunk.choices), "it looks complete"
        except openai.APIError as got:
            assert text == "Half a sen" and got.message, (text, got)
        else:
            raise AssertionError(f"APIError was not raised after {text!r}")


def booked(client, provider, id):
    """The provider has been let go, and the call is booked as cancelled, at an estimated cost."""
    assert provider.left.acquire(timeout=10), "the provider was not let go"
    late = time.monotonic() + 10
    while True:
        try:
            data = client.get(f"/generation?id={id}", cast_to=object)["data"]
            break
        except openai.NotFoundError:
            # It is booked a moment after the provider sees that nobody listens.
            assert time.monotonic() < late, "there is no record"
            time.sleep(0.01)
    assert data["cancelled"] is True and data["total_cost"] > 0, data
    assert data["provider_responses"][-1]["cost_certainty"] == "estimated", data
    ask(client)()


def hang_up(client, _, path, provider):
    """a stream that is closed early lets the provider go, and the gateway lives on"""
    stream = ask(client, "drones", stream=True)()
    for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    stream.close()
    booked(client, provider, chunk.id)


def cancel(client, asynchronous, path, provider):
    """so does a task that is cancelled"""

    async def read(heard):
        async for chunk in await ask(asynchronous, "drones", stream=True)():
            if chunk.choices[0].delta.content:
                heard.set_result(chunk.id)

    async def leave():
        async with asynchronous:
            heard = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(read(heard))
            id = await asyncio.wait_for(heard, 10)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled(), task
            return id

    booked(client, provider, asyncio.run(leave()))


CHECKS = [
    wrong_key, bad_parameters, unknown, too_large, refused, provider_fails, no_hammering, breaks_off, hang_up, cancel,
]
