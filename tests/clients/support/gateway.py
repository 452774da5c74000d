import subprocess
import sys
import threading

KEY = "sk-or-v1-of-this-test"


class Gateway:
    """The example, on a port of its own, with nothing but its key in its environment."""

    def __init__(self, executable, *args):
        self.process = subprocess.Popen(
            [executable, "--listen", "127.0.0.1:0", "--ledger", "memory", *args],
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
