"""A provider that does what the name of the model says, for the clients beside it.

    python tests/clients/provider.py     # says where it listens, and ends with its input

| model | answer |
|---|---|
| `says`, and `unpriced`, which is without a price in the catalogue | a text or vectors, streamed if asked to |
| `calls` | two calls of a tool; the text, once their results are there |
| `mumbles` | a text and a call of a tool, as loosely as some providers spell them, with events between that bring nothing |
| `breaks`, `fails` | a stream that is cut, or that ends in an error, after its first words |
| `drones` | a stream that says one word and does not end |
| a number | an error with this status |

| what else is there | |
|---|---|
| `GET /catalog` | the catalogue that leads a gateway here |
| `GET /seen` | the last request, byte for byte |
| `GET /left` | waits until a caller has left `drones`, one answer for each |
"""

import base64
import contextlib
import http.server
import json
import struct
import sys
import threading

MODELS = "says unpriced calls mumbles breaks fails drones 400 401 402 404 413 422 429 500 503".split()
WORDS = ["Half", " a", " sen", "tence", "."]
CALLS = [("call_1", "weather", '{"city": "Rome"}'), ("call_2", "weather", '{"city": "Oslo"}')]
VECTORS = [[0.5, -0.25, 0.125], [1.0, 0.0, -1.0]]
# Models about which a catalogue has more to say.
MORE = """
[models."test/eye-1"]
name = "Test: Eye 1"
created = 1700000000
canonical_slug = "test/eye-1-20231114"
context_length = 32000
input = ["text", "image"]
distillable = true
expiration_date = "2027-01-31"
[[models."test/eye-1".endpoints]]
provider = "actor"
tag = "actor/fp8"
model = "says"
quantization = "fp8"
parameters = ["tools", "seed"]
max_prompt_tokens = 30000
zdr = true
data_collection = "deny"
[models."test/eye-1".endpoints.prices]
prompt = "0.5"
completion = "2"
overrides = [{ above = 20000, prompt = "1" }, { utc = "22:00-06:00", weekdays = ["sun"], completion = "1" }]

[models."test/eye-2"]
name = "Test: Eye 2"
created = 1800000000
[[models."test/eye-2".endpoints]]
provider = "actor"
model = "says"

[models."test/vectors"]
output = ["embeddings"]
[[models."test/vectors".endpoints]]
provider = "actor"
model = "says"

[models."test/secret"]
hidden = true
[[models."test/secret".endpoints]]
provider = "actor"
model = "says"
"""
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}

# Keys that some providers send with a null.
NOTHING = dict.fromkeys("refusal audio function_call annotations images reasoning reasoning_details".split())


class Provider(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.seen = b""
        self.left = threading.Semaphore(0)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def catalog(self):
        text = f'[providers.actor]\nname = "Actor"\nbase_url = "{self.url}/v1"\nheadquarters = "DE"\n'
        for model in MODELS:
            prices = "" if model == "unpriced" else 'prices = { prompt = "1", completion = "2" }\n'
            text += (
                f'[models."test/{model}"]\ncontext_length = 8192\n'
                f'[[models."test/{model}".endpoints]]\nprovider = "actor"\nmodel = "{model}"\n{prices}'
            )
        return text + MORE


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A token must not wait for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path == "/left":
            self.server.left.acquire()
        told = {"/catalog": self.server.catalog().encode(), "/seen": self.server.seen}
        self.whole(200, told.get(self.path, b""), "text/plain")

    def do_POST(self):
        self.server.seen = self.rfile.read(int(self.headers["content-length"]))
        asked = json.loads(self.server.seen)
        model = asked["model"]
        if model.isdigit():
            error = {"message": "as you wish", "type": "x", "param": None, "code": None}
            self.whole(int(model), json.dumps({"error": error}).encode())
        elif self.path.endswith("/embeddings"):
            self.whole(200, json.dumps(embeddings(asked)).encode())
        elif asked.get("stream"):
            self.stream(asked)
        else:
            self.whole(200, json.dumps(whole(asked, self.path)).encode())

    def whole(self, status, body, kind="application/json"):
        self.send_response(status)
        if status == 429:
            self.send_header("retry-after", "7")
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, asked):
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in stream(asked):
            if asked["model"] == "mumbles":
                self.wfile.write(b"retry: 3000\n\nevent: ping\n\nid: 7\n\n: still here\n\n")
            self.wfile.write(f"data: {event if event == '[DONE]' else json.dumps(event)}\n\n".encode())
        if asked["model"] == "drones":
            # Nothing more is sent from there: what can be read is the end of the connection.
            with contextlib.suppress(ConnectionError):
                self.connection.recv(1)
            self.server.left.release()

    def log_message(self, *_):
        pass


def calls_tools(asked):
    return asked["model"] == "calls" and all(message["role"] != "tool" for message in asked["messages"])


def head(kind, asked, choice, **more):
    return {"id": "1", "object": kind, "created": 1, "model": asked["model"], "choices": choice, **more}


def whole(asked, path):
    if path.endswith("/chat/completions"):
        message = {"role": "assistant", "content": "".join(WORDS)}
        if calls_tools(asked):
            calls = [
                {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
                for id, name, arguments in CALLS
            ]
            message = {"role": "assistant", "content": None, "tool_calls": calls}
        elif asked["model"] == "mumbles":
            call = {"id": "call_1", "type": None, "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
            message = {**NOTHING, "role": None, "content": "Half", "tool_calls": [call]}
            choice = {"message": message, "finish_reason": "eos"}
            return head("chat.completion", asked, [choice], usage=USAGE)
        finish = "tool_calls" if calls_tools(asked) else "stop"
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return head("chat.completion", asked, [choice], usage=USAGE)
    choice = {"index": 0, "text": "".join(WORDS), "finish_reason": "stop", "logprobs": None}
    return head("text_completion", asked, [choice], usage=USAGE)


def stream(asked):
    def chunk(delta, finish=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return head("chat.completion.chunk", asked, [choice])

    yield chunk({"role": "assistant", "content": ""})
    if asked["model"] == "mumbles":
        for id, name, arguments in (("call_1", "weather", '{"city": '), (None, None, '"Rome"}'), (None, None, None)):
            call = {"id": id, "type": None, "function": {"name": name, "arguments": arguments}}
            choice = {"delta": {**NOTHING, "role": None, "content": None, "tool_calls": [call]}, "logprobs": None}
            yield head("chat.completion.chunk", asked, [choice], system_fingerprint=None, usage=None)
        yield chunk({**NOTHING, "role": None, "tool_calls": None}, "eos")
    elif calls_tools(asked):
        yield from (chunk({"tool_calls": [part]}) for part in tool_call_parts())
        yield chunk({}, "tool_calls")
    else:
        end = {"drones": 1, "breaks": 3, "fails": 3}.get(asked["model"])
        yield from (chunk({"content": word}) for word in WORDS[:end])
        if asked["model"] == "fails":
            yield {"error": {"message": "out of ink", "type": "server_error", "code": 500}}
        if end:
            return
        yield chunk({}, "stop")
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield head("chat.completion.chunk", asked, [], usage=USAGE)
    yield "[DONE]"


def tool_call_parts():
    """As providers stream them: the name first, the arguments in pieces, all parts by their index."""
    for index, (id, name, arguments) in enumerate(CALLS):
        yield {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}
        for at in range(0, len(arguments), 5):
            yield {"index": index, "function": {"arguments": arguments[at : at + 5]}}


def embeddings(asked):
    def spelled(vector):
        if asked.get("encoding_format") == "base64":
            return base64.b64encode(struct.pack("<3f", *vector)).decode()
        return vector

    data = [
        {"object": "embedding", "index": index, "embedding": spelled(vector)} for index, vector in enumerate(VECTORS)
    ]
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return {"object": "list", "model": asked["model"], "data": data, "usage": usage}


if __name__ == "__main__":
    provider = Provider()
    print(f"listening on {provider.url}", flush=True)
    sys.stdin.read()
