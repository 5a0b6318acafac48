"""Writes docs/digest.png: a mail of the demo in a window by day and on a phone at night."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
HEIGHT = 1180
# Frames of the width of a window and of a phone; a frame's scheme is that of its page inside.
PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; background: #d9d5cc; display: flex; gap: 28px; padding: 28px; }}
iframe {{ border: 0; border-radius: 10px; height: {height}px; }}
.day {{ width: 600px; color-scheme: light; }}
.night {{ width: 375px; color-scheme: dark; }}
</style><iframe class="day" src="{day}" scrolling="no"></iframe>
<iframe class="night" src="{night}" scrolling="no"></iframe>"""


def main(folder: Path) -> None:
    """Takes ada.html and ben.html out of `folder`, as `digest demo --no-serve` writes them."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or "google-chrome"
    day, night = ((folder / f"{name}.html").resolve().as_uri() for name in ("ada", "ben"))
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch, "page.html")
        page.write_text(PAGE.format(height=HEIGHT, day=day, night=night), encoding="utf-8")
        subprocess.run(
            [
                *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--host-resolver-rules=MAP * ~NOTFOUND", "--force-device-scale-factor=1"),
                *(f"--user-data-dir={scratch}/profile", f"--window-size=1059,{HEIGHT + 56}"),
                *(f"--screenshot={DOCS / 'digest.png'}", page.as_uri()),
            ],
            check=True,
            timeout=120,
            capture_output=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
