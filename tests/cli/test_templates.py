"""Themes at the command line."""

from pathlib import Path

import pytest

from digest.cli.main import run_command
from tests.cli.conftest import DAY, Operator


@pytest.fixture
def theme(tmp_path: Path) -> Path:
    (tmp_path / "theme.toml").write_text('[light]\naccent = "#00534f"\n', encoding="utf-8")
    return tmp_path


def test_a_preview_shows_a_theme_on_a_mail_that_was_sent(operator: Operator, theme: Path) -> None:
    call = ("preview", "ada@reader.example", "--date", DAY, "--format", "html")
    as_sent = operator.ok(*call)
    themed = operator.ok(*call, "--theme", str(theme))
    assert "#00534f" not in as_sent
    assert "#9a3f14" not in themed
    assert themed.count("<h2") == as_sent.count("<h2")
    assert operator.ok(*call) == as_sent


def test_a_theme_that_is_no_folder_is_refused(operator: Operator) -> None:
    line = operator.refused("preview", "ada@reader.example", "--theme", "nowhere")
    assert "there is no folder nowhere" in line


def test_templates_check_says_what_is_wrong_and_fails(
    theme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (theme / "theme.toml").write_text('[light]\nink = "#dddddd"\n', encoding="utf-8")
    assert run_command(["templates", "check", str(theme)]) == 1
    assert "light.ink on light.page has a contrast of 1.4" in capsys.readouterr().out


def test_templates_check_is_content_with_a_good_theme(
    theme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["templates", "check", str(theme)]) == 0
    assert capsys.readouterr().out == f"nothing is wrong with {theme}\n"
    assert run_command(["templates", "check", str(theme / "nowhere")]) == 2


def test_the_configured_theme_is_that_of_all_mails(operator: Operator, theme: Path) -> None:
    text = operator.config.read_text(encoding="utf-8")
    assert "[mail]\n" in text
    changed = text.replace("[mail]\n", f'[mail]\ntheme = "{theme}"\n')
    operator.config.write_text(changed, encoding="utf-8")
    operator.ok("subscribers", "add", "dora@reader.example", "--interest", "robots", "--confirmed")
    html = operator.ok("preview", "dora@reader.example", "--date", DAY, "--format", "html")
    assert "#00534f" in html
