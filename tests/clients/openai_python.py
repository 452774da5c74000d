"""The real `openai` package against the example gateway, by changing base URL and key only.

    pip install -r tests/clients/requirements.txt
    cargo build --example gateway
    python tests/clients/openai_python.py [path of the gateway's executable]

Nothing but the loopback interface is used.
"""

import os
import sys
import tempfile
import time

import openai

from checks.openai_python import answers, catalog, failures, tools
from provider import Provider
from support.gateway import KEY, Gateway

GATEWAY = sys.argv[1] if len(sys.argv) > 1 else "target/debug/examples/gateway"


def main():
    print(f"openai {openai.__version__}, python {sys.version.split()[0]}")
    passed = failed = 0

    def check(opened, checks, *more):
        nonlocal passed, failed
        for path in ("/api/v1", "/v1"):
            for one in checks:
                began = time.monotonic()
                try:
                    with opened() as gateway:
                        settings = {"base_url": gateway.url + path, "api_key": KEY, "max_retries": 0, "timeout": 60}
                        with openai.OpenAI(**settings) as client:
                            one(client, openai.AsyncOpenAI(**settings), path, *more)
                except Exception as problem:  # whatever it is, the others are still checked
                    failed += 1
                    print(f"FAILED  {path:8}{one.__doc__}: {type(problem).__name__}: {problem}")
                else:
                    passed += 1
                    print(f"ok      {path:8}{one.__doc__} ({time.monotonic() - began:.1f} s)")

    # A gateway for each check: whom one check makes fail, a gateway leaves alone for a while.
    check(lambda: Gateway(GATEWAY), answers.CHECKS)
    provider = Provider()
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(provider.catalog())
        file.flush()
        check(lambda: Gateway(GATEWAY, "--config", file.name), tools.CHECKS + catalog.CHECKS + failures.CHECKS, provider)
    provider.shutdown()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    main()
