"""The real `openai` package against the example gateway, by changing base URL and key only.

    pip install -r tests/clients/requirements.txt
    cargo build --example gateway
    python tests/clients/openai_python.py [path of the gateway's executable]

Nothing but the loopback interface is used.
"""

import asyncio
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

import openai

KEY = "sk-or-v1-of-this-test"
MODEL = "anthropic/claude"
SERVED = "anthropic/claude-sonnet-5.5"
HI = [{"role": "user", "content": "hi"}]
GATEWAY = sys.argv[1] if len(sys.argv) > 1 else "target/debug/examples/gateway"


class Gateway:
    """The example, on a port of its own, with nothing but its key in its environment."""

    def __init__(self, *args):
        self.process = subprocess.Popen(
            [GATEWAY, "--listen", "127.0.0.1:0", *args],
            env={"SWITCHTOWER_KEY": KEY},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.log = []
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.url = line.split()[2].removesuffix("/api/v1")
                break
        else:
            sys.exit(f"the gateway did not start: exit status {self.process.wait()}")
        # Read on, so that a full pipe never stops it.
        threading.Thread(target=lambda: self.log.extend(self.process.stdout), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        status = self.process.wait(timeout=60)
        assert status == 0, f"the gateway ended with {status}"


class Refuser(http.server.BaseHTTPRequestHandler):
    """A provider that answers as the model's name says."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked["model"] == "breaks":
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            chunk = {
                "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "breaks",
                "choices": [{"index": 0, "delta": {"content": "Half a sen"}, "finish_reason": None}],
            }
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.close_connection = True
            return
        status = int(asked["model"])
        body = json.dumps({"error": {"message": "as you wish", "type": "x", "param": None, "code": None}}).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("retry-after", "7")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def provider_config(port):
    """A catalogue with one model for each way in which the provider can refuse."""
    text = f'[providers.refuser]\nbase_url = "http://127.0.0.1:{port}/v1"\n'
    for model in ["400", "429", "503", "breaks"]:
        text += (
            f'[models."test/{model}"]\n[[models."test/{model}".endpoints]]\n'
            f'provider = "refuser"\nmodel = "{model}"\nprices = {{ prompt = "1", completion = "1" }}\n'
        )
    return text


# --- what is checked; each takes a client, its async twin and the base path -------------------------


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


def raises(error, call, *, status, code=None, param=None, path):
    try:
        call()
    except error as got:
        assert type(got) is error, f"{type(got).__name__}, not {error.__name__}"
        assert got.status_code == status, got.status_code
        # Under /v1 OpenAI's `code`, a string or null; under /api/v1 OpenRouter's, an integer.
        want = code if path == "/v1" else status
        assert got.body["code"] == want, got.body
        if path == "/v1":
            assert got.body["param"] == param, got.body
        assert got.body["message"], got.body
        return got
    raise AssertionError(f"{error.__name__} was not raised")


def wrong_key(client, _, path):
    """a wrong key is an AuthenticationError"""
    other = client.with_options(api_key="sk-or-v1-another")
    create = lambda: other.chat.completions.create(model=MODEL, messages=HI)
    raises(openai.AuthenticationError, create, status=401, code="invalid_api_key", path=path)
    raises(openai.AuthenticationError, other.models.list, status=401, code="invalid_api_key", path=path)


def bad_parameters(client, _, path):
    """bad parameters are a BadRequestError that names them"""
    for bad, param in [
        ({"messages": []}, "messages"),
        ({"extra_body": {"models": "one"}}, "models"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"extra_body": {"provider": {"onyl": ["thrift"]}}}, "provider"),
    ]:
        create = lambda: client.chat.completions.create(**{"model": MODEL, "messages": HI, **bad})
        try:
            create()
        except openai.BadRequestError as got:
            assert got.status_code == 400 and param in got.body["message"], (param, got.body)
            if path == "/v1":
                assert got.body["param"].startswith(param), (param, got.body)
        else:
            raise AssertionError(f"{bad} was accepted")


def unknown_model(client, _, path):
    """an unknown model is NotFoundError under /v1, BadRequestError under /api/v1, with the nearest names"""
    create = lambda: client.chat.completions.create(model="anthropic/cloude", messages=HI)
    error, status = (openai.NotFoundError, 404) if path == "/v1" else (openai.BadRequestError, 400)
    got = raises(error, create, status=status, code="model_not_found", param="model", path=path)
    assert "anthropic/claude" in got.body["message"], got.body


def unknown_route(client, _, path):
    """an unknown route is a NotFoundError"""
    raises(openai.NotFoundError, lambda: client.get("/nothing", cast_to=object), status=404, path=path)


def many(client, _, path):
    """60 calls over a flaky provider, and no failure is seen"""
    providers = {}
    for number in range(60):
        # Whimsy first: four of its six manners are failures.
        body = {"provider": {"order": ["whimsy", "brisk"]}}
        if number % 2:
            stream = client.chat.completions.create(model=MODEL, messages=HI, stream=True, extra_body=body)
            provider = whole(read(stream))
        else:
            answer = client.chat.completions.create(model=MODEL, messages=HI, extra_body=body)
            assert answer.choices[0].finish_reason == "stop", answer
            provider = answer.provider
        providers[provider] = providers.get(provider, 0) + 1
    assert len(providers) > 1, f"more than one has answered: {providers}"


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


def hang_up(client, _, path):
    """a stream that is closed early is booked as cancelled, at an estimated cost"""
    body = {"provider": {"only": ["thrift"]}}
    stream = client.chat.completions.create(model=MODEL, messages=HI, stream=True, extra_body=body)
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            break
    stream.close()
    deadline = time.monotonic() + 10
    while True:
        try:
            data = client.get(f"/generation?id={chunk.id}", cast_to=object)["data"]
            break
        except openai.NotFoundError:
            assert time.monotonic() < deadline, "there is no record"
            time.sleep(0.01)
    assert data["cancelled"] is True, data
    assert data["provider_responses"][-1]["cost_certainty"] == "estimated", data
    assert 0 < data["total_cost"], data


def rate_limited(client, _, path):
    """a provider's 429 is a RateLimitError with its Retry-After"""
    create = lambda: client.chat.completions.create(model="test/429", messages=HI)
    got = raises(openai.RateLimitError, create, status=429, code="rate_limit_exceeded", path=path)
    assert int(got.response.headers["retry-after"]) == 7, got.response.headers


def unavailable(client, _, path):
    """a provider's 503 is an InternalServerError"""
    create = lambda: client.chat.completions.create(model="test/503", messages=HI)
    try:
        create()
    except openai.InternalServerError as got:
        assert got.status_code in (502, 503), got
        assert got.response.headers["x-should-retry"] == "false", got.response.headers
    else:
        raise AssertionError("InternalServerError was not raised")


def refused(client, _, path):
    """a provider's 400 is a BadRequestError"""
    create = lambda: client.chat.completions.create(model="test/400", messages=HI)
    raises(openai.BadRequestError, create, status=400, path=path)


def breaks_off(client, _, path):
    """a stream that breaks in the middle raises, after what was delivered"""
    text = ""
    try:
        for chunk in client.chat.completions.create(model="test/breaks", messages=HI, stream=True):
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
            assert all(choice.finish_reason != "stop" for choice in chunk.choices), "it looks complete"
    except openai.APIError:
        assert text == "Half a sen", text
    else:
        raise AssertionError(f"APIError was not raised after {text!r}")


DEMO = [
    chat, stream, stream_with_usage, stream_without_usage, stream_helper, preferences, models, operations, generation,
    wrong_key, bad_parameters, unknown_model, unknown_route, many, at_once, hang_up,
]
REFUSER = [rate_limited, unavailable, refused, breaks_off]


def main():
    print(f"openai {openai.__version__}, python {sys.version.split()[0]}")
    passed = failed = 0

    def check(gateway, checks):
        nonlocal passed, failed
        for path in ("/api/v1", "/v1"):
            settings = {"base_url": gateway.url + path, "api_key": KEY, "max_retries": 0, "timeout": 60}
            for one in checks:
                began = time.monotonic()
                try:
                    with openai.OpenAI(**settings) as client:
                        one(client, openai.AsyncOpenAI(**settings), path)
                except Exception as problem:  # whatever it is, the others are still checked
                    failed += 1
                    print(f"FAILED  {path:8}{one.__doc__}: {type(problem).__name__}: {problem}")
                else:
                    passed += 1
                    print(f"ok      {path:8}{one.__doc__} ({time.monotonic() - began:.1f} s)")

    with Gateway() as gateway:
        check(gateway, DEMO)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuser)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(provider_config(server.server_port))
        file.flush()
        with Gateway("--config", file.name) as gateway:
            check(gateway, REFUSER)
    server.shutdown()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    main()
