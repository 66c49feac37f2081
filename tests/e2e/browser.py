"""A headless Chromium, driven through a pipe by its DevTools protocol: no driver, no library."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT_SECONDS = 60


def find_browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page. Its messages on the console, and all that was requested, are collected."""

    def __init__(self, profile: Path) -> None:
        path = find_browser()
        assert path is not None
        from_us, to_it = os.pipe()
        from_it, to_us = os.pipe()
        # Numbers that are not those which it uses.
        its = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (from_us, to_us)]
        os.close(from_us), os.close(to_us)
        words = [path, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu"]
        words += ["--no-first-run", "--disable-background-networking", f"--user-data-dir={profile}", "about:blank"]
        # It reads file descriptor 3 and writes to 4. A shell puts them there.
        script = f'exec "$@" 3<&{its[0]} 4>&{its[1]} {its[0]}<&- {its[1]}>&-'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", *words],
            pass_fds=its,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": str(profile)},
        )
        for end in its:
            os.close(end)
        self._to, self._from = to_it, from_it
        os.set_blocking(self._from, False)
        self._rest = b""
        self._number = 0
        self._events: list[dict] = []
        self.messages: list[str] = []
        self.requests: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._to), os.close(self._from)

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def call(self, method: str, **parameters: Any) -> dict:
        return self.send(method, self._session, **parameters)

    def _next(self) -> dict:
        end = time.monotonic() + TIMEOUT_SECONDS
        while b"\0" not in self._rest:
            assert time.monotonic() < end and self._process.poll() is None, "the browser says nothing"
            try:
                self._rest += os.read(self._from, 1 << 20)
            except BlockingIOError:
                time.sleep(0.01)
        one, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(one)
        self._note(message)
        return message

    def _note(self, message: dict) -> None:
        parameters = message.get("params", {})
        match message.get("method"):
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.messages.append(json.dumps(parameters))
            case "Log.entryAdded":
                self.messages.append(parameters["entry"]["text"])
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            case "Page.loadEventFired":
                self._events.append(message)

    def open(self, path: Path, *, width: int = 1200, height: int = 900, dark: bool = False, media: str = "") -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)
        self.messages, self.requests, self._events = [], [], []
        self.call("Page.navigate", url=path.resolve().as_uri())
        while not self._events:
            self._next()

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            code = {"Tab": 9, "Enter": 13}[key]
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def picture(self, *, whole: bool = False) -> bytes:
        """A screenshot as PNG, of what is seen or of the whole page."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def print(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])
