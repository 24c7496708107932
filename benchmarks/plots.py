"""The plots of the page, as SVG drawn by matplotlib: the same results give the same bytes.

`ratio_plot` shows how many times as long tantivy takes as Dateline, class by class; `growth_plot` what a question costs
as the archive grows; `indexing_plot` how fast libraries index and how large their indexes are. `draw` makes them all.
matplotlib is no dependency: `is_installed` says whether it is there.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any, Final

from benchmarks.figures import TANTIVY, find_cost, find_written, ratios, synthetic
from benchmarks.peers import DATELINE, peer_named
from benchmarks.questions import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.results import Comparison

OURS: Final = "#1f4e79"
PALE: Final = "#9db8d2"
GREY: Final = "#8a8a8a"
FAINT: Final = "#d9d9d9"
LINES: Final = ("-", "--", ":", "-.", (0, (7, 2, 1, 2, 1, 2)))
STYLE: Final = {
    "svg.fonttype": "none",  # letters as letters: small files, and text that can be found
    "svg.hashsalt": "dateline",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def is_installed() -> bool:
    """Whether plots can be drawn here."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(comparisons: Sequence[Comparison], folder: Path) -> tuple[Path, ...]:
    """Draw every plot that there are results for into a folder; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(_drawn(comparisons, folder))


def _drawn(comparisons: Sequence[Comparison], folder: Path) -> Iterator[Path]:
    figure_type = importlib.import_module("matplotlib.figure").Figure
    with importlib.import_module("matplotlib").rc_context(STYLE):
        for comparison in comparisons:
            if ratios(comparison, TANTIVY, is_faceted=True):
                yield _saved(ratio_plot(figure_type, comparison), folder / f"ratios-{comparison.corpus}.svg")
        if len(synthetic(comparisons)) > 1:
            yield _saved(growth_plot(figure_type, synthetic(comparisons)), folder / "growth.svg")
        if comparisons:
            yield _saved(indexing_plot(figure_type, comparisons), folder / "indexing.svg")


def _saved(figure: Any, path: Path) -> Path:  # noqa: ANN401 - matplotlib is not always there to be checked
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    return path


def ratio_plot(figure_type: Any, comparison: Comparison) -> Any:  # noqa: ANN401 - see `_saved`
    """Bars from 1x: to the right where Dateline is faster, class by class, with facets and without."""
    figure = figure_type(figsize=(7.2, 3.6))
    axes = figure.subplots()
    kinds = [kind for kind in reversed(KINDS) if kind in ratios(comparison, TANTIVY, is_faceted=True)]
    for is_faceted, color, shift in ((True, OURS, 0.2), (False, PALE, -0.2)):
        found = ratios(comparison, TANTIVY, is_faceted=is_faceted)
        known = [(at + shift, found[kind].cpu) for at, kind in enumerate(kinds) if kind in found]
        label = "top 10, count, 4 facets" if is_faceted else "top 10, count"
        axes.barh([at for at, _ in known], [cpu - 1 for _, cpu in known], height=0.36, left=1, color=color, label=label)
        for at, cpu in known:
            side = {"ha": "left" if cpu >= 1 else "right", "va": "center", "size": 7, "color": GREY}
            axes.annotate(f"{cpu:.1f}", (cpu, at), (3 if cpu >= 1 else -3, 0), textcoords="offset points", **side)
    axes.set_xscale("log")
    axes.axvline(1, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.tick_params(axis="y", length=0)
    _plain_numbers(axes.xaxis)
    axes.margins(x=0.12)
    axes.set_xlabel("times as long as Dateline (log scale; right of 1: Dateline is faster)")
    axes.set_title(f"tantivy's time against Dateline's: {comparison.title}, {comparison.articles:,} articles")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return figure


def growth_plot(figure_type: Any, archives: Sequence[Comparison]) -> Any:  # noqa: ANN401 - see `_saved`
    """Milliseconds a question against the number of articles, both logarithmic: proportional growth is a diagonal."""
    figure = figure_type(figsize=(7.2, 4.0))
    panels = figure.subplots(1, 2, sharey=True)
    sizes = [comparison.articles for comparison in archives]
    for axes, is_faceted in zip(panels, (True, False), strict=True):
        ends = []
        for number, kind in enumerate(KINDS):
            costs = [find_cost(comparison, DATELINE, kind, is_faceted=is_faceted) for comparison in archives]
            known = [(size, cost) for size, cost in zip(sizes, costs, strict=True) if cost]
            if known:
                style = {"color": (OURS, PALE, GREY)[number % 3], "linestyle": LINES[number // 3 % len(LINES)]}
                axes.plot(*zip(*known, strict=True), marker="o", markersize=2.5, linewidth=1.2, label=kind, **style)
                ends.append(known[-1])
        axes.set(xscale="log", yscale="log", xlabel="articles")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
        axes.minorticks_off()
        axes.grid(color=FAINT, linewidth=0.5)
        axes.set_title("top 10, count, 4 facets" if is_faceted else "top 10, count")
    _plain_numbers(panels[0].yaxis)
    panels[0].set_ylabel("ms of one core, a question")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def indexing_plot(figure_type: Any, comparisons: Sequence[Comparison]) -> Any:  # noqa: ANN401 - see `_saved`
    """Articles a second, and bytes an article, of each library on each archive."""
    figure = figure_type(figsize=(7.2, 1.2 + 0.85 * len(comparisons)))
    rates, sizes = figure.subplots(1, 2, sharey=True)
    labels, at = [], 0
    for comparison in reversed(comparisons):
        rows = [row for name in reversed(comparison.peers) if (row := find_written(comparison, name))]
        for row in rows:
            color = OURS if row.peer == DATELINE else PALE
            rates.barh(at, comparison.articles / row.seconds, color=color, height=0.7)
            sizes.barh(at, row.bytes / comparison.articles, color=color, height=0.7)
            corpus = f"{comparison.corpus}:  " if row is rows[-1] else ""
            labels.append((at, f"{corpus}{peer_named(row.peer).title}"))
            at += 1
        at += 1
    rates.set_yticks([place for place, _ in labels], [label for _, label in labels])
    rates.set(xscale="log", title="articles a second (log scale)")
    sizes.set_title("bytes an article, on disk")
    for axes in (rates, sizes):
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
    _plain_numbers(rates.xaxis)
    return figure


def _plain_numbers(axis: Any) -> None:  # noqa: ANN401 - see `_saved`
    """Numbers as people write them, on a logarithmic axis."""
    formatter = importlib.import_module("matplotlib.ticker").FuncFormatter
    axis.set_major_formatter(formatter(lambda value, _position: f"{value:,.10g}"))
