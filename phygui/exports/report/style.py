"""What a report looks like, on a screen and on paper."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light; --ink: #1c2430; --soft: #5a6573; --rule: #d8dde4; --pale: #f4f6f8;
  --good: #1b7f5c; --mua: #3568a8; --noise: #8b929b; --unsorted: #c4862a; --own: #8052a3; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 28px 28px 60px; background: #fff;
  color: var(--ink); font: 14px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 25px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 36px 0 10px; padding-bottom: 4px; border-bottom: 2px solid var(--ink);
  break-after: avoid; }
p { margin: 6px 0; }
.lead, .note, figcaption { color: var(--soft); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 16px 0 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.warn { border-left: 4px solid var(--unsorted); padding: 4px 10px; background: #fcf6ea; }
.summary { display: grid; grid-template-columns: 1fr 1fr; gap: 14px 22px; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-size: 12.5px; }
svg { display: block; width: 100%; height: auto; font: 9px system-ui, "DejaVu Sans", sans-serif; }
svg text { fill: var(--soft); }
svg .name { fill: var(--ink); }
svg .small { font-size: 7.5px; }
.axis { stroke: #7d8794; stroke-width: 0.8; fill: none; }
.fill { fill: #44546a; }
.line { fill: none; stroke-linejoin: round; }
.best { stroke: #111a26; stroke-width: 1.4; }
.other { stroke: #7089a8; stroke-width: 0.9; }
.bar { stroke: var(--ink); stroke-width: 1.4; fill: none; }
.dots { stroke: #44546a; stroke-width: 2; stroke-linecap: round; fill: none; stroke-opacity: 0.55; }
.dots.large { stroke-width: 5.5; stroke-opacity: 0.8; }
.refractory { fill: #f3d9d3; }
.gap { fill: #e4e7eb; }
.fill.g-good { fill: var(--good); } .dots.g-good { stroke: var(--good); }
.fill.g-mua { fill: var(--mua); } .dots.g-mua { stroke: var(--mua); }
.fill.g-noise { fill: var(--noise); } .dots.g-noise { stroke: var(--noise); }
.fill.g-unsorted { fill: var(--unsorted); } .dots.g-unsorted { stroke: var(--unsorted); }
.fill.g-own { fill: var(--own); } .dots.g-own { stroke: var(--own); }
.group { display: inline-block; white-space: nowrap; padding: 0 7px; border-radius: 8px;
  color: #fff; font-size: 12px; }
.group.g-good { background: var(--good); } .group.g-mua { background: var(--mua); }
.group.g-noise { background: #6d747d; } .group.g-unsorted { background: #9a6a1e; }
.group.g-own { background: var(--own); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 12.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 2px 8px; text-align: right; border-bottom: 1px solid var(--rule); }
th span { display: inline-block; }
th { vertical-align: bottom; max-width: 92px; font-weight: 600; background: var(--pale); }
th small { display: block; font-weight: 400; color: var(--soft); }
.text { text-align: left; overflow-wrap: break-word; max-width: 560px; }
td.whole { white-space: nowrap; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
.meaning dt { font-weight: 600; } .meaning dd { margin: 0 0 4px 0; color: var(--soft); }
.meaning { columns: 2; column-gap: 28px; font-size: 12.5px; }
.meaning div { break-inside: avoid; }
.unit { border: 1px solid var(--rule); border-radius: 6px; padding: 10px 14px; margin: 0 0 16px;
  break-inside: avoid; }
.unit h3 { margin: 0 0 2px; font-size: 16px; }
.unit .figures { display: grid; grid-template-columns: 31% 1fr 1fr; gap: 4px 14px; }
.unit .figures figure:first-child { grid-row: span 2; }
.unit .numbers { display: grid; grid-template-columns: 1fr 1fr; gap: 0 14px; align-content: start;
  margin: 4px 0 0; font-size: 12.5px; }
.unit .numbers div { display: flex; justify-content: space-between; gap: 8px;
  border-bottom: 1px solid var(--rule); }
.unit .numbers dt { color: var(--soft); } .unit .numbers dd { margin: 0; text-align: right;
  white-space: nowrap; }
footer { margin-top: 40px; color: var(--soft); font-size: 12px; }
@media screen and (max-width: 760px) {
  body { padding: 16px; }
  .summary, .unit .figures { grid-template-columns: 1fr; }
  .meaning { columns: 1; }
}
@page { size: A4; margin: 14mm 12mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  h2 { margin-top: 18pt; }
  .scroll { overflow: visible; }
  .table table { font-size: 6.4pt; }
  .table th, .table td { padding: 0.6pt 2pt; }
  /* There are more columns than headings fit beside one another. */
  .table th { max-width: none; vertical-align: bottom; }
  .table th span { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left;
    white-space: nowrap; }
  .table th small { display: inline; }
  .table .text { max-width: 60pt; }
  .table .group { padding: 0 3pt; font-size: inherit; border-radius: 3pt; }
  .meaning { font-size: 8pt; }
  .unit { margin-bottom: 7pt; padding: 5pt 8pt; }
  .unit .numbers { font-size: 7pt; }
}
"""


def page_start(heading: str) -> str:
    """The start of a page under a heading, which holds no markup of its own, up to its body.

    Nothing in it runs, and nothing is loaded, whatever names in the data say.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading}</title><style>{STYLE}</style></head><body>\n"
    )
