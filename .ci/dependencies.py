"""What the crate depends on: nothing heavy by default, and no licence that binds its users."""

import json
import subprocess
import sys

# A feature brings these; the crate by itself must not.
HEAVY = {
    "axum", "h2", "hyper", "hyper-util", "hyper-rustls", "native-tls", "openssl", "reqwest", "ring", "rusqlite", "rustls",
    "sqlx", "tonic", "tower",
}
# As many packages as there are now. Thirteen of them come with governor, five with time.
MOST = 63
ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
    "CC0-1.0", "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "Unicode-3.0", "Unlicense", "Zlib",
}


def cargo(*args):
    return subprocess.run(["cargo", *args], check=True, capture_output=True, text=True).stdout


def allowed(expression):
    """An SPDX expression, read as far as crates use it: OR of ANDs, parentheses around one level."""
    expression = expression.replace("/", " OR ")
    while "(" in expression:
        start = expression.rindex("(")
        end = expression.index(")", start)
        word = "MIT" if allowed(expression[start + 1 : end]) else "REFUSED"
        expression = f"{expression[:start]}{word}{expression[end + 1:]}"
    return any(all(part.strip() in ALLOWED for part in one.split(" AND ")) for one in expression.split(" OR "))


def main():
    problems = []
    tree = cargo("tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}")
    names = {line.split()[0] for line in tree.splitlines() if line}
    problems += [f"{name} is a dependency by default" for name in sorted(names & HEAVY)]
    if len(names) > MOST:
        problems.append(f"{len(names)} packages by default, more than {MOST}")
    print(f"{len(names)} packages by default")

    packages = json.loads(cargo("metadata", "--locked", "--format-version", "1"))["packages"]
    for package in packages:
        licence = package["license"] or "none"
        if not allowed(licence):
            problems.append(f"{package['name']} {package['version']}: licence {licence}")
        if package["source"] and not package["source"].startswith("registry+"):
            problems.append(f"{package['name']}: not from the registry")
    print(f"{len(packages)} packages with all features, tests and platforms: licences read")

    for problem in problems:
        print(f"PROBLEM: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
