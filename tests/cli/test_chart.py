"""`digest stats --plot`: a chart for a report, of whatever there is to count."""

import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from digest.cli.chart import chart, draw
from digest.core.deliveries import DeliveryStatus
from digest.core.feedback import FeedbackKind
from digest.core.fetching import Outcome
from digest.pipeline.stats import Day, Stats
from digest.store.history import DayCounts, EditionCounts, PaperCounts
from digest.store.timeline import Membership, SourceDay
from tests.cli.conftest import Operator

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 3, 20)
SVG = "{http://www.w3.org/2000/svg}"


def make_stats(days: int = 30, sources: tuple[str, ...] = ("arxiv", "huggingface")) -> Stats:
    """The counts of a service that has worked every day."""
    every = [TODAY - timedelta(days=ago) for ago in reversed(range(days))]
    sent = {DeliveryStatus.SENT: 90, DeliveryStatus.FAILED: 3, DeliveryStatus.BOUNCED: 7}
    return Stats(
        first=every[0],
        last=TODAY,
        subscribers={},
        changes={},
        suppressed=0,
        suppressions={},
        held=0,
        editions=tuple(
            EditionCounts(day=day, candidates=700, missing=("arXiv",) if day.day == 9 else ())
            for day in every
        ),
        deliveries=tuple(DayCounts(day=day, by_status=sent) for day in every),
        sources=(),
        papers=PaperCounts(stored=0, new=0),
        feedback={},
        days=tuple(
            Day(
                day=day,
                readers=100 + place,
                membership=Membership(joined=3, unsubscribed=1, suppressed=1),
                feedback={FeedbackKind.OPEN: 9, FeedbackKind.MORE: 4},
                new_papers=5,
            )
            for place, day in enumerate(every)
        ),
        fetched={
            name: {day: SourceDay(outcomes={Outcome.OK: 2}, new=1) for day in every}
            for name in sources
        },
    )


def texts(svg: bytes) -> list[str]:
    """Every text of a drawing that is text."""
    tree = ElementTree.fromstring(svg)
    return ["".join(text.itertext()).strip() for text in tree.iter(f"{SVG}text")]


# --- the drawing ----------------------------------------------------------------------------------


def test_every_thing_that_is_counted_has_its_panel_and_its_words_are_text() -> None:
    words = texts(chart(make_stats(), "svg"))
    for wanted in (
        "digest, 19 February 2026 to 20 March 2026",
        "Readers at the end of the day",
        "129",
        "Joined, and left",
        "Papers in the edition",
        "a source was missing",
        "Mails sent",
        "Mails that failed or bounced",
        "bounced",
        "Papers opened and voted on",
        "opened",
        "Sources",
        "huggingface",
    ):
        assert wanted in words


@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_same_counts_make_the_same_bytes(form: str) -> None:
    assert chart(make_stats(), form) == chart(make_stats(), form)
    assert chart(make_stats(), form) != chart(make_stats(29), form)


def test_a_drawing_does_not_tell_when_or_with_what_it_was_made() -> None:
    svg = chart(make_stats(), "svg").decode()
    assert "<dc:date>" not in svg
    assert "Matplotlib" not in svg
    assert b"Matplotlib" not in chart(make_stats(), "png")


def test_a_drawing_loads_nothing_and_is_well_formed_whatever_sources_are_called() -> None:
    odd = ("feeds.$x^2$", "feeds.a&b<c>", "feeds.\N{GREEK SMALL LETTER MU}")
    svg = chart(make_stats(sources=odd), "svg")
    assert set(odd) <= set(texts(svg))
    links = re.findall(rb'(?:href|src)="([^"]*)"', svg)
    assert [link for link in links if not link.startswith(b"#")] == []


def test_days_are_named_below_and_no_day_twice() -> None:
    def named(days: int) -> list[str]:
        found = texts(chart(make_stats(days), "svg"))
        return [
            word for word in found if re.fullmatch(r"\d+ [A-Z][a-z]{2}|[A-Z][a-z]{2} \d{4}", word)
        ]

    assert named(1) == ["20 Mar"]
    assert named(3) == ["18 Mar", "19 Mar", "20 Mar"]
    for days in (30, 60, 200, 900):
        below = named(days)
        assert 3 <= len(below) == len(set(below)) <= 10
    assert below[-1].endswith(" 2026")


@pytest.mark.parametrize("days", [1, 14, 400])
def test_a_service_that_did_nothing_has_a_chart_too(days: int) -> None:
    idle = make_stats(days, sources=())
    nothing = [replace(d, readers=0, membership=Membership(), feedback={}) for d in idle.days]
    empty = replace(idle, editions=(), deliveries=(), days=tuple(nothing))
    assert "Mails sent" in texts(chart(empty, "svg"))


def test_more_sources_make_a_higher_chart() -> None:
    def height(count: int) -> float:
        names = tuple(f"feeds.n{number}" for number in range(count))
        return float(
            ElementTree.fromstring(chart(make_stats(sources=names), "svg")).attrib["height"][:-2]
        )

    assert height(20) > height(2)


@pytest.mark.parametrize("name", ["arxiv", "feeds.a-rather-long-name", "feeds." + "WM" * 12])
def test_a_name_of_a_source_is_not_cut_off(name: str) -> None:
    """A drawing that shows it has no colour but white at its left edge."""
    with Image.open(io.BytesIO(chart(make_stats(3, sources=(name,)), "png"))) as drawn:
        edge = drawn.convert("L").crop((0, 0, 8, drawn.height))
    assert edge.getextrema() == (255, 255)


def test_a_day_without_a_source_is_seen_however_many_days_there_are() -> None:
    """Its bar stands in front of those beside it, drawn after them."""
    drawn = ElementTree.fromstring(chart(make_stats(400), "svg"))
    panel = drawn.find(f".//{SVG}g[@id='axes_3']")
    assert panel is not None
    drawn_in_order = [path.get("style", "") for path in panel.iter(f"{SVG}path")]
    lacking = [n for n, style in enumerate(drawn_in_order) if "#e8a33d" in style]
    others = [n for n, style in enumerate(drawn_in_order) if style.startswith("fill: #004c7f")]
    assert len(lacking) == 13 + 1  # with that of the legend
    assert max(others[:-1]) < min(lacking)


def test_series_differ_in_lightness() -> None:
    """As a printer without colours shows them."""
    svg = chart(make_stats(), "svg").decode()
    used = {
        c
        for c in re.findall(r"#[0-9a-f]{6}", svg)
        if c in ("#004c7f", "#d55e00", "#e8a33d", "#cfd8df")
    }
    shades = sorted(
        0.299 * int(c[1:3], 16) + 0.587 * int(c[3:5], 16) + 0.114 * int(c[5:], 16) for c in used
    )
    assert len(shades) == 4
    assert min(b - a for a, b in pairwise(shades)) > 35


# --- the file -------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stats.svg"
    path.write_text("before", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", _breaks_off)
        with pytest.raises(OSError, match="full"):
            draw(make_stats(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["stats.svg"]
    assert path.read_text(encoding="utf-8") == "before"
    draw(make_stats(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["stats.svg"]
    assert path.read_bytes().startswith(b"<?xml")


def _breaks_off(path: Path, data: bytes) -> int:
    with path.open("wb") as file:
        file.write(data[:100])
    raise OSError("the disk is full")


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "start"), [("a.svg", b"<?xml"), ("a.png", b"\x89PNG"), ("A.SVG", b"<?xml")]
)
def test_the_suffix_chooses_the_form(
    operator: Operator, tmp_path: Path, name: str, start: bytes
) -> None:
    ran = operator.run("stats", "--plot", str(tmp_path / name))
    assert ran.code == 0
    assert ran.out.startswith("2026-03-07 to 2026-03-20\n")
    assert ran.err == f"drawn in {tmp_path / name}\n"
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_program_gets_its_document_and_the_chart(operator: Operator, tmp_path: Path) -> None:
    ran = operator.run("stats", "--json", "--plot", str(tmp_path / "a.svg"))
    assert ran.code == 0
    assert json.loads(ran.out)["to"] == "2026-03-20"
    assert b"reader.example" not in (tmp_path / "a.svg").read_bytes()


@pytest.mark.parametrize("name", ["stats.pdf", "stats", "svg", "stats.svg.gz"])
def test_another_suffix_is_a_mistake_in_the_call(
    operator: Operator, tmp_path: Path, name: str
) -> None:
    line = operator.refused("stats", "--plot", str(tmp_path / name))
    assert "'--plot'" in line
    assert "ends neither in .svg nor in .png" in line
    assert not (tmp_path / name).exists()


def test_a_folder_that_is_not_there_is_an_error_that_names_it(
    operator: Operator, tmp_path: Path
) -> None:
    wanted = tmp_path / "no" / "a.svg"
    line = operator.refused("stats", "--plot", str(wanted), code=1)
    assert line == f"error: {wanted}: No such file or directory"


def test_without_matplotlib_one_line_says_how_to_have_it(
    operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    line = operator.refused("stats", "--plot", str(tmp_path / "a.svg"))
    assert line == (
        "configuration: a chart needs the package matplotlib: pip install 'digest[plot]'"
    )


def python(code: str, **environ: str) -> None:
    ours = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "MPLBACKEND")}
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=ROOT, env=ours | environ, timeout=120
    )


def test_nobody_waits_for_matplotlib_who_draws_nothing() -> None:
    python("import sys, digest.cli.main; assert 'matplotlib' not in sys.modules")


def test_no_display_and_no_taste_of_the_user_has_a_part_in_it(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nfont.size: 30\n", encoding="utf-8")
    (tmp_path / "wanted").write_bytes(chart(make_stats(), "svg"))
    code = (
        "import sys; from pathlib import Path; from digest.cli.chart import chart;"
        "from tests.cli.test_chart import make_stats;"
        f"assert chart(make_stats(), 'svg') == Path({str(tmp_path / 'wanted')!r}).read_bytes();"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    python(code, MPLBACKEND="TkAgg", MATPLOTLIBRC=str(tmp_path))
