"""Writes the corpus: chat requests of 100 KB each, the same ones at every run.

    python3 benches/corpus/make.py

The text is made up from phrases, so that it looks like what people send, and is nobody's.
"""

import json
import pathlib

SIZE = 100 << 10
HERE = pathlib.Path(__file__).parent

WHO = ["the harbour office", "our second shift", "a retired surveyor", "the night clerk", "my neighbour's sister",
       "the committee", "whoever holds the keys", "the apprentice", "an auditor from the coast", "the bakery"]
DOES = ["had counted", "quietly replaced", "could never explain", "asked me to translate", "put off until spring",
        "measured twice", "forgot about", "wants to sell", "described at length", "would rather keep"]
WHAT = ["the last forty crates", "a map with two errors", "every invoice since March", "the smaller of the two bridges",
        "seven letters about the roof", "the timetable", "an orchard nobody waters", "its own minutes",
        "the recipe, salt included", "a lamp that hums at 50 Hz"]
WHY = ["because the ferry was late", "although it had rained for a week", "which cost about 1,200 crowns",
       "before anyone else was awake", "and nobody objected", "as far as I remember", "so the plan changed again",
       "with the windows open", "in spite of what the letter says", "for reasons that are in the appendix"]
ZH = ["港口的办公室在雨天关门", "请把上个月的账目再核对一遍", "学徒昨天量了两次桥的长度", "会议改到下星期三上午九点",
      "我想知道为什么灯一直在响", "果园今年没有人浇水", "信里提到屋顶需要修理", "面包房的老板不愿意出售", "第二张地图有两处错误",
      "渡船又晚点了四十分钟"]
JA = ["港の事務所は雨の日に閉まります", "先月の請求書をもう一度確認してください", "見習いは橋の長さを二回測りました",
      "会議は来週の水曜日に変わりました", "どうしてランプが鳴るのか知りたいです", "果樹園には誰も水をやりません"]
KO = ["항구 사무소는 비가 오면 문을 닫습니다", "지난달 장부를 다시 확인해 주세요", "견습생이 다리의 길이를 두 번 쟀습니다",
      "회의는 다음 주 수요일로 바뀌었습니다", "왜 등불이 계속 울리는지 알고 싶습니다"]
RUST = '''/// Moves what is left in `{a}` to `{b}`, oldest first.
pub fn {a}_into_{b}(&mut self, limit: usize) -> Result<usize, Full> {
    let mut moved = 0;
    while let Some(item) = self.{a}.pop_front() {
        if moved == limit || self.{b}.len() > {n} {
            return Err(Full { moved, why: "no room in \\"{b}\\"" });
        }
        self.{b}.push(item);\t// kept
        moved += 1;
    }
    Ok(moved)
}
'''
PYTHON = '''def {a}_of({b}, limit={n}):
    """Counts the {a} of each {b}; '\\\\n' ends one."""
    found = {}
    for line in {b}.split("\\n"):
        key, _, value = line.partition("\\t")
        found.setdefault(key.strip(), []).append(value or None)
    return {key: found[key][:limit] for key in sorted(found)}
'''
NOUNS = ["crates", "ferries", "ledger", "lamps", "orchard", "bridges", "tickets", "shelves", "windows", "routes"]


class Chance:
    """A linear congruential generator (Knuth's MMIX constants): the same in every Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n

    def of(self, words):
        return words[self.below(len(words))]


def prose(chance):
    """A paragraph, now and then with what a word processor makes of an apostrophe."""
    sentences = []
    for _ in range(3 + chance.below(5)):
        words = f"{chance.of(WHO)} {chance.of(DOES)} {chance.of(WHAT)}, {chance.of(WHY)}"
        words = words[0].upper() + words[1:]
        sentences.append(f'"{words}," she wrote.' if chance.below(8) == 0 else f"{words}.")
    text = " ".join(sentences)
    return text.replace("'", "’") if chance.below(4) == 0 else text


def east_asian(chance):
    words, stop = chance.of([(ZH, "。"), (ZH, "，"), (JA, "。"), (KO, ". ")])
    return "".join(chance.of(words) + stop for _ in range(4 + chance.below(6)))


def source(chance):
    text = chance.of([RUST, PYTHON])
    for name, value in [("{a}", chance.of(NOUNS)), ("{b}", chance.of(NOUNS)), ("{n}", str(chance.below(5000)))]:
        text = text.replace(name, value)
    return text


def rows(chance):
    """What a tool returned: JSON, which in a string is all quotes."""
    return [{"id": f"{chance.below(1 << 32):08x}", "name": chance.of(NOUNS), "path": f"C:\\{chance.of(NOUNS)}\\{chance.of(NOUNS)}",
             "count": chance.below(900), "note": chance.of(ZH) if chance.below(5) == 0 else chance.of(WHY), "done": chance.below(2) == 0}
            for _ in range(2 + chance.below(4))]


def escaped(chance):
    """JSON in a string in a string, as tools that call tools send it."""
    return json.dumps({"status": "ok", "rows": json.dumps(rows(chance)), "log": source(chance)})


def say(role, content, **more):
    return {"role": role, "content": content, **more}


def turns(chance, text):
    """A talk in which each says a few paragraphs, until it is long enough."""
    messages = [say("system", "You are a careful assistant. Answer briefly, and say so when you do not know.")]
    while True:
        for role in ["user", "assistant"]:
            messages.append(say(role, "\n\n".join(text(chance) for _ in range(1 + chance.below(6)))))
            yield messages


def tool_turns(chance):
    """An agent at work: many messages, many short strings."""
    messages = [say("system", "Use the tools. Do not guess.")]
    while True:
        call = f"call_{chance.below(1 << 48):012x}"
        ask = json.dumps({"query": chance.of(NOUNS), "limit": chance.below(50)})
        function = {"name": f"find_{chance.of(NOUNS)}", "arguments": ask}
        messages.append(say("user", [{"type": "text", "text": f"And {chance.of(WHAT)}?"}]))
        messages.append(say("assistant", None, tool_calls=[{"id": call, "type": "function", "function": function}]))
        messages.append(say("tool", json.dumps(rows(chance)[:1]), tool_call_id=call))
        messages.append(say("assistant", f"{chance.below(40)} of them, {chance.of(WHY)}."))
        yield messages


def tools():
    def schema(noun):
        return {"type": "object", "additionalProperties": False, "required": ["query"], "properties": {
            "query": {"type": "string", "description": f"Which {noun} to look for."},
            "limit": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10},
            "order": {"type": "string", "enum": ["newest", "oldest", "nearest"]}}}
    return [{"type": "function", "function": {"name": f"find_{noun}", "description": f"Finds {noun}.",
                                              "parameters": schema(noun), "strict": True}} for noun in NOUNS]


def mixed(chance):
    return chance.of([*[prose] * 9, source, source, east_asian, east_asian, escaped])(chance)


def write(name, talk, ascii_only=False, **more):
    """Compact, as the SDKs send it; `model` last, the worst place for who looks for it."""
    for messages in talk:
        request = {"messages": messages, **more, "temperature": 0.7, "max_tokens": 1024, "stream": False, "model": "acme/swift"}
        text = json.dumps(request, ensure_ascii=ascii_only, separators=(",", ":")).encode()
        if len(text) >= SIZE:
            break
    (HERE / f"{name}.json").write_bytes(text)


if __name__ == "__main__":
    write("prose", turns(Chance(1), prose))
    write("code", turns(Chance(2), source))
    write("cjk", turns(Chance(3), east_asian))
    # As Python's `json.dumps` sends what is not ASCII, unless told otherwise.
    write("cjk_escaped", turns(Chance(3), east_asian), ascii_only=True)
    write("escapes", turns(Chance(4), escaped), ascii_only=True)
    write("tools", tool_turns(Chance(5)), tools=tools())
    write("mixed", turns(Chance(6), mixed))
