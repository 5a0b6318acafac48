"""Two sources and the files of a service, for tests that run the program as its users do."""

import http.server
import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

SUBJECTS = {
    "robots": ("Diffusion policies for robot manipulation", "cs.RO", "robot grasping diffusion"),
    "language": ("Evaluating language model reasoning", "cs.CL", "language model benchmark"),
    "graphs": ("Graph neural networks for molecules", "q-bio.BM", "graph neural molecule"),
    "vision": ("Video generation with transformers", "cs.CV", "video transformer frames"),
}


@dataclass
class World:
    """What the sources of the test know, and how they answer. `faults` maps a source to an HTTP
    status, "html", "cut" or "empty"."""

    arxiv: list[dict[str, Any]] = field(default_factory=list)
    listed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    base: str = ""

    def publish(self, day: str, per_subject: int = 4, start: int = 0) -> None:
        """Papers of one day: all of them on arXiv, every other one listed and voted for."""
        for offset, (name, (title, category, words)) in enumerate(SUBJECTS.items()):
            for number in range(start, start + per_subject):
                arxiv_id = f"26{day[5:7]}.{int(day[8:]) * 100 + offset * 20 + number:05d}"
                paper = {
                    "id": arxiv_id,
                    "title": f"{title}, part {name} {day} {number}",
                    "abstract": f"We study {words}. The {words} of {day} number {number} is new.",
                    "authors": [f"Ann Author{offset}{number}", "Bo Writer"],
                    "category": category,
                    "submitted": f"{day}T0{number % 9}:00:00Z",
                }
                self.arxiv.append(paper)
                if number % 2 == 0:
                    self.listed.setdefault(day, []).append(_listing(paper, day, 5 + number))


def _listing(paper: dict[str, Any], day: str, votes: int) -> dict[str, Any]:
    return {
        "paper": {
            "id": paper["id"],
            "title": paper["title"],
            "summary": paper["abstract"],
            "authors": [{"name": name, "hidden": False} for name in paper["authors"]],
            "publishedAt": paper["submitted"],
            "submittedOnDailyAt": f"{day}T08:00:00.000Z",
            "upvotes": votes,
        },
        "publishedAt": paper["submitted"],
        "title": paper["title"],
        "numComments": 1,
    }


def _atom(papers: list[dict[str, Any]], start: int, size: int) -> str:
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{p['id']}v1</id><title>{escape(p['title'])}</title>"
        f"<updated>{p['submitted']}</updated><published>{p['submitted']}</published>"
        f"<summary>{escape(p['abstract'])}</summary>"
        + "".join(f"<author><name>{escape(name)}</name></author>" for name in p["authors"])
        + f'<category term="{p["category"]}"/>'
        + f'<arxiv:primary_category term="{p["category"]}"/></entry>'
        for p in papers[start : start + size]
    )
    return (
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">'
        "<title>arXiv Query</title>"
        f"<opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>"
        f"<opensearch:totalResults>{len(papers)}</opensearch:totalResults>"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
    )


class _Handler(http.server.BaseHTTPRequestHandler):
    world: World

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        source = "hf" if "daily_papers" in url.path else "arxiv"
        self.world.requests.append(self.path)
        fault = self.world.faults.get(source, "")
        if fault.isdigit():
            return self._answer(int(fault), b"Rate exceeded.", "text/plain")
        if fault == "html":
            return self._answer(200, b"<html><body>Are you human?</body></html>", "text/html")
        body = self._body(source, query, empty=fault == "empty").encode()
        if fault == "cut":
            body = body[: len(body) // 2]
        kind = "application/json" if source == "hf" else "application/atom+xml"
        return self._answer(200, body, kind)

    def _body(self, source: str, query: dict[str, str], *, empty: bool) -> str:
        if source == "hf":
            return json.dumps([] if empty else self.world.listed.get(query.get("date", ""), []))
        low, high = _window(query["search_query"])
        found = [p for p in self.world.arxiv if low <= _minute(p["submitted"]) <= high]
        found.sort(key=lambda p: (p["submitted"], p["id"]))
        return _atom([] if empty else found, int(query["start"]), int(query["max_results"]))

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _minute(moment: str) -> str:
    return "".join(c for c in moment if c.isdigit())[:12]


def _window(query: str) -> tuple[str, str]:
    inside = query.split("submittedDate:[")[1].split("]", maxsplit=1)[0]
    low, high = inside.split(" TO ")
    return low[:12], high[:12]


@contextmanager
def serving(world: World) -> Iterator[World]:
    """The world's sources on a loopback port; `world.base` leads there."""
    handler = type("Handler", (_Handler,), {"world": world})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    world.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield world
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_config(folder: Path, world: World, smtp_port: int, more: str = "") -> Path:
    """A configuration with everything on loopback; links are https, as in production."""
    path = folder / "config.toml"
    path.write_text(
        f"""
[database]
url = "sqlite:///digest.db"
[smtp]
host = "127.0.0.1"
port = {smtp_port}
[mail]
from = "Paper Digest <digest@digest.example>"
bounce_address = "bounces@digest.example"
postal_address = "1 Example Street, 1000 Exampletown"
[mailbox]
address = "commands@digest.example"
[web]
base_url = "https://digest.example"
[security]
secret_key = "a secret that is only for tests, 32+"
[sources.huggingface]
url = "{world.base}/api/daily_papers"
interval_seconds = 0
[sources.arxiv]
url = "{world.base}/api/query"
categories = ["cs.RO", "cs.CL", "cs.CV", "q-bio.BM"]
interval_seconds = 0
{more}""",
        encoding="utf-8",
    )
    return path
