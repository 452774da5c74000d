"""Writes the prices that the feature `prices` embeds: `.ci/embed.py PRICES_JSON`, of the package genai-prices.

What `src/catalog/source/genai` does not read is left out. Numbers stay as they are written.
"""

import json
import re
import sys
from pathlib import Path

PATH = Path(__file__).parent.parent / "src/catalog/source/data/prices.json"
MODEL = ["id", "name", "match", "context_window", "deprecated", "prices", "price_variants"]


def main():
    text = Path(sys.argv[1]).read_text()
    numbers = {}

    def keep(number):
        key = f"@{len(numbers)}@"
        numbers[f'"{key}"'] = number
        return key

    providers = json.loads(text, parse_float=keep, parse_int=keep)
    kept = [
        {"id": provider["id"], "models": [{key: model[key] for key in MODEL if key in model} for model in provider["models"]]}
        for provider in providers
    ]
    lines = []
    for provider in kept:
        models = ",\n".join(json.dumps(model, ensure_ascii=False, separators=(",", ":")) for model in provider["models"])
        lines.append(f'{{"id":{json.dumps(provider["id"])},"models":[\n{models}\n]}}')
    out = "[\n" + ",\n".join(lines) + "\n]\n"
    out = re.sub('"@[0-9]+@"', lambda key: numbers[key[0]], out)
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(out)


main()
