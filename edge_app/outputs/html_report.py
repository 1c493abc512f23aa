"""One self-contained page of a session, to show a colleague: what was asked, and what was said of every film.

Rows are written as they come, and HTML needs no end: a page of a run that was stopped can be read.
"""

import contextlib
from html import escape
from pathlib import Path

from edge_app import __version__
from edge_app.errors import WrongUsage
from edge_app.screening import decision, phrasing
from edge_app.screening.run_context import RunContext

# A symbol beside each verdict: colour alone says nothing to many, and nothing on a black-and-white print.
SYMBOLS = {
    decision.COVID: ("covid", "▲"),
    decision.UNSURE: ("unsure", "◆"),
    decision.PNEUMONIA: ("pneumonia", "■"),
    decision.NORMAL: ("normal", "○"),
    decision.REFUSED: ("refused", "✕"),
    None: ("error", "!"),
}
THUMBNAIL, QUALITY = 320, 80
STYLE = """
:root{color-scheme:light dark;--covid:#b21818;--unsure:#7a1f8c;--pneumonia:#965a00;--normal:#006e3c;--refused:#005a78;
--error:#666;--line:#8884}
@media(prefers-color-scheme:dark){:root{--covid:#ff7b7b;--unsure:#e19af0;--pneumonia:#f0b04a;--normal:#5fd39a;
--refused:#6cc6e8;--error:#aaa}}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
h1{font-size:1.5rem;margin:0}.notice{font-weight:600}table{border-collapse:collapse;width:100%;margin-top:1rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{cursor:pointer;position:sticky;top:0;background:Canvas}td.n{text-align:right;font-variant-numeric:tabular-nums}
td.p{overflow-wrap:anywhere}img{max-width:17rem;width:100%;display:block}small{opacity:.75}
.covid{color:var(--covid)}.unsure{color:var(--unsure)}.pneumonia{color:var(--pneumonia)}.normal{color:var(--normal)}
.refused{color:var(--refused)}.error{color:var(--error)}.v{font-weight:600;white-space:nowrap}
input{font:inherit;padding:.3rem .5rem;width:20rem;max-width:100%}.bars div{display:flex;gap:.6rem;align-items:center}
.bars i{display:block;height:.8rem;background:currentColor}
@media print{input,.hint{display:none}body{margin:0;max-width:none;font-size:11px}th{position:static}
tr{break-inside:avoid}}
"""
SCRIPT = """
const body=document.querySelector('tbody'),find=document.querySelector('#find');
find.oninput=()=>{for(const r of body.rows)r.hidden=!r.textContent.toLowerCase().includes(find.value.toLowerCase())};
document.querySelectorAll('th').forEach((h,i)=>h.onclick=()=>{const d=h.dataset.d=-(h.dataset.d||-1);
const key=r=>{const t=r.cells[i].dataset.k??r.cells[i].textContent;return t!==''&&!isNaN(t)?+t:t};
[...body.rows].sort((a,b)=>{const x=key(a),y=key(b);return(typeof x===typeof y?(x>y)-(x<y):typeof x==='number'?-1:1)*d})
.forEach(r=>body.append(r))});
const counts={};for(const r of body.rows){const v=r.querySelector('.v');(counts[v.textContent]??=[v.className,0])[1]++}
const most=Math.max(...Object.values(counts).map(c=>c[1]),1);
const make=name=>document.createElement(name);
for(const [name,[kind,n]] of Object.entries(counts)){const d=make('div'),b=make('i');
d.className=kind;b.style.width=20*n/most+'rem';d.append(b,`${n} ${name}`);document.querySelector('.bars').append(d)}
"""


class HtmlReport:
    """Writes the head at once, a row a film, and the counts at the end."""

    def __init__(self, path: Path, terms: RunContext, images: bool = False):
        """Begin the page.

        Args:
            path: the file; what was there is replaced.
            terms: of the run.
            images: put a small picture of each film with its heat into it.

        Raises:
            WrongUsage: it cannot be written.
        """
        self._terms, self._images = terms, images
        self._counts: dict[str, int] = {}
        try:
            self._file = path.open("w", encoding="utf-8", errors="xmlcharrefreplace")
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); name a file in a folder of yours"
            raise WrongUsage(f"--report: '{path}' {reason}.") from error
        self._write(self._head())

    def add(self, result) -> None:
        """Write one row."""
        row = result.row()
        words = phrasing.outcome(row)
        self._counts[words] = self._counts.get(words, 0) + 1
        kind, symbol = SYMBOLS[row["verdict"]]
        scores = "".join(
            f'<td class="n">{row["scores"][label]:.3f}</td>' if row["scores"] else '<td class="n"></td>'
            for label in self._terms.card.labels
        )
        inside = row["lungs"]["heat_inside"] if row["lungs"] else None
        name = row["path"] or row["sha256"][:16]
        key, share = ("", "") if inside is None else (inside, f"{inside:.0%}")
        self._write(
            f'<tr><td class="p">{_plain(name)}<br><small>{_plain(row["time"][:19].replace("T", " "))}'
            f"{' · stored before' if row['stored'] else ''}</small></td>"
            f'<td><span class="v {kind}">{symbol} {_plain(words)}</span>{self._more(row, result)}</td>{scores}'
            f'<td class="n" data-k="{key}">{share}</td></tr>\n'
        )

    def close(self) -> None:
        """Write the counts and the end."""
        total = sum(self._counts.values())
        said = ", ".join(f"{count} {words}" for words, count in sorted(self._counts.items()))
        films = f"{total} film{'s' * (total != 1)}"
        self._write(
            f"</tbody></table><p>{films}{': ' * bool(said)}{_plain(said)}.</p>"
            f'<p class="notice">{phrasing.NOT_A_DIAGNOSIS}</p><script>{SCRIPT}</script></body></html>\n'
        )
        self._file.close()

    def _head(self) -> str:
        terms, card = self._terms, self._terms.card
        _, band = terms.limits
        points = "".join(
            f"<li>{_plain(label)}: {_plain(phrasing.describe(point, band if label == 'covid' else None))}</li>"
            for label, point in card.operating_points[terms.rule].items()
        )
        if terms.prevalence is not None:
            points += f"<li>{_plain(phrasing.worth(terms.worth, terms.prevalence, banded=band is not None))}</li>"
        columns = "".join(f"<th>{_plain(label)}</th>" for label in card.labels)
        return (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>Chest radiographs: verdicts of a session</title><style>{STYLE}</style></head><body>"
            "<h1>Chest radiographs: verdicts of a session</h1>"
            f'<p class="notice">{phrasing.NOT_A_DIAGNOSIS} Every film must be read by a radiologist.</p>'
            f"<p>Model {_plain(card.name)} ({terms.sha256[:12]}), program {__version__}, operating point "
            f"'{_plain(terms.rule)}':</p><ul>{points}</ul>"
            '<div class="bars"></div><p class="hint"><input id="find" placeholder="show rows with ..."> '
            "a click on a heading sorts</p>"
            f"<table><thead><tr><th>film</th><th>verdict</th>{columns}<th>heat in lungs</th></tr></thead><tbody>\n"
        )

    def _more(self, row: dict, result) -> str:
        """Return what stands beneath a verdict: a reason, an offer, an error, a picture."""
        said = []
        if row["refusal"]:
            said.append(row["refusal"]["sentence"])
        if row["corrected"]:
            said.append(f"{row['corrected']['change']}, it reads: {row['corrected']['verdict']}")
        if row["error"]:
            said.append(row["error"])
        inside = row["lungs"]["heat_inside"] if row["lungs"] else None
        if phrasing.heat_warning(row["verdict"], inside) == phrasing.OUTSIDE:
            said.append(phrasing.OUTSIDE)
        lines = "".join(f"<br><small>{_plain(one)}</small>" for one in said)
        return lines + (self._picture(result) if self._images and result.grey is not None else "")

    def _picture(self, result) -> str:
        import base64
        import io

        from PIL import Image

        from edge_app.outputs import overlay

        content = io.BytesIO()
        picture = Image.fromarray(overlay.small(result, THUMBNAIL))
        picture.save(content, "JPEG", quality=QUALITY)
        coded = base64.b64encode(content.getvalue()).decode()
        return f'<img alt="film with heat map" src="data:image/jpeg;base64,{coded}">'

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError:
            with contextlib.suppress(OSError):  # else what is buffered complains once more when it is thrown away
                self._file.close()
            raise


def _plain(text: str) -> str:
    """Escape what HTML would take for markup, and what would move a cursor."""
    return escape(phrasing.printable(text))
