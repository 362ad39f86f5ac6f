#!/usr/bin/env python3
"""Measures the prompt at a pseudo-terminal, beside other prompts, in one run.

    IMAGINE_PROGRAM=.build/release/imagine python3 Benchmarks/prompt.py

Prints medians: start to prompt, keystroke to screen with 200 lines in the buffer, completion among
10,000 globals, and the bytes that a keystroke in a highlighted line sends.
"""
import os
import pty
import select
import shutil
import statistics
import sys
import tempfile
import time

ROUNDS = 21
HOME = tempfile.mkdtemp(prefix="prompt-")
# As a usual terminal says; the history and the configuration are new.
ENVIRONMENT = {"HOME": HOME, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}


class Session:
    def __init__(self, *command):
        self.start = time.perf_counter()
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execvpe(command[0], command, ENVIRONMENT)
        self.seen = b""

    def type(self, keys):
        rest = keys.encode()
        while rest:
            count = os.write(self.terminal, rest[:1024])
            rest = rest[count:]
            self.read(0)

    def read(self, seconds):
        if not select.select([self.terminal], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self.terminal, 1 << 16)
        except OSError:
            return b""
        self.seen += data
        return data

    def wait_for(self, text, seconds=20):
        """The time at which the text has come."""
        end = time.perf_counter() + seconds
        while text not in self.seen:
            if time.perf_counter() > end:
                sys.exit(f"not seen: {text!r} in {self.seen[-300:]!r}")
            self.read(end - time.perf_counter())
        return time.perf_counter()

    def settle(self, seconds=0.1):
        """Everything that comes until the screen is quiet."""
        self.seen = b""
        while self.read(seconds):
            pass
        return self.seen

    def close(self):
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


def start_time(command, prompt, rounds=ROUNDS):
    times = []
    for _ in range(rounds):
        session = Session(*command)
        times.append(session.wait_for(prompt) - session.start)
        session.close()
    return statistics.median(times)


def keystroke(session, key):
    """Seconds until the first byte, and all bytes."""
    session.seen = b""
    start = time.perf_counter()
    session.type(key)
    while not session.seen and time.perf_counter() < start + 5:
        session.read(1)
    seconds = time.perf_counter() - start
    first = session.seen
    return seconds, len(first + session.settle(0.03))


def main():
    program = os.environ.get("IMAGINE_PROGRAM", "imagine")
    ours = start_time([program], b"> ")
    print(f"start to prompt            {ours * 1000:8.1f} ms")
    for name, command, prompt, limit in [
        ("lua5.4 -i", ["lua5.4", "-i"], b"> ", "1.5"),
        ("node", ["node", "-i"], b"> ", None),
        ("ipython", ["ipython", "--simple-prompt"], b"In [1]", None),
    ]:
        if not shutil.which(command[0]):
            print(f"  {name}: not installed")
            continue
        theirs = start_time(command, prompt, ROUNDS if limit else 5)
        wanted = f", wanted at most {limit}" if limit else ""
        print(f"  {name:24} {theirs * 1000:8.1f} ms; ratio {ours / theirs:.2f}{wanted}")

    session = Session(program)
    session.wait_for(b"> ")
    lines = "\n".join(f"local name{n} = string.format('%d', {n}) -- note" for n in range(199))
    session.type(f"\x1b[200~do\n{lines}\n\x1b[201~")
    session.settle(0.5)
    times = [keystroke(session, key)[0] for key in "local abc = 1" * 4]
    print(f"keystroke, 200 lines       {statistics.median(times) * 1000:8.2f} ms, wanted at most 5")
    session.close()

    session = Session(program)
    session.wait_for(b"> ")
    session.type("for n = 1, 10000 do _G['name_' .. n] = n end\r")
    session.settle(0.5)
    times = []
    for _ in range(ROUNDS):
        session.type("name_77")
        session.settle(0.03)
        times.append(keystroke(session, "\t")[0])
        # The first closes the menu, the second empties the line.
        session.type("\x03\x15")
        session.settle(0.03)
    print(f"completion, 10,000 globals {statistics.median(times) * 1000:8.2f} ms, wanted at most 20")
    line = "imagine.generate{ prompt = 'a red fox', seed = 7 } -- note"
    sizes = [keystroke(session, key)[1] for key in line]
    print(f"bytes a keystroke          {statistics.mean(sizes):8.1f}, wanted at most 100")
    session.close()
    shutil.rmtree(HOME, ignore_errors=True)


main()
