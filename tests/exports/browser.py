"""What a browser makes of a page: a process of its own, since it needs settings before Qt starts.

``python -m tests.exports.browser PAGE.html PAGE.pdf`` prints what the page shows as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

LOOK = """
JSON.stringify({
  title: document.title,
  rows: document.querySelectorAll('section.table tbody tr').length,
  units: Array.from(document.querySelectorAll('.unit h3')).map(e => e.innerText),
  cells: Array.from(document.querySelectorAll('section.table tbody td.text')).map(e => e.innerText),
  edits: Array.from(document.querySelectorAll('section:last-of-type tbody tr'))
    .map(e => e.lastElementChild.innerText),
  figures: document.querySelectorAll('svg').length,
  empty: Array.from(document.querySelectorAll('svg')).filter(s => s.clientHeight < 50).length,
  outside: Array.from(document.querySelectorAll('svg text')).filter(t => {
    const a = t.getBoundingClientRect(), b = t.ownerSVGElement.getBoundingClientRect();
    return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1
      || a.bottom > b.bottom + 1;
  }).map(t => t.textContent),
  width: document.documentElement.scrollWidth - document.documentElement.clientWidth,
})
"""


def main(page: str, pdf: str) -> None:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from qtpy.QtCore import QTimer, QUrl
    from qtpy.QtWebEngineCore import QWebEngineUrlRequestInterceptor
    from qtpy.QtWebEngineWidgets import QWebEngineView
    from qtpy.QtWidgets import QApplication

    # In containers there is no sandbox; the page is this program's own.
    app = QApplication(["browser", "--no-sandbox", "--disable-gpu"])
    asked: list[str] = []

    class Watch(QWebEngineUrlRequestInterceptor):
        def interceptRequest(self, info: Any) -> None:
            asked.append(info.requestUrl().toString())

    watch, view = Watch(), QWebEngineView()
    view.page().profile().setUrlRequestInterceptor(watch)
    view.resize(1150, 900)
    view.show()

    def looked(found: str) -> None:
        print(json.dumps({**json.loads(found), "asked": asked}))
        view.page().printToPdf(pdf)

    view.page().pdfPrintingFinished.connect(lambda _, __: app.quit())
    view.loadFinished.connect(lambda _: view.page().runJavaScript(LOOK, looked))
    view.load(QUrl.fromLocalFile(page))
    QTimer.singleShot(120_000, app.quit)
    app.exec()


if __name__ == "__main__":
    main(*sys.argv[1:])
