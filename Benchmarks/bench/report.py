"""Medians, ratios, the table."""

import json
import statistics

from .machine import HERE

OURS = ("Drover", "daemon")


def medians(rounds):
    """The median of each figure over the rounds."""
    keys = {key for figures in rounds for key, value in figures.items() if isinstance(value, (int, float))}
    return {key: statistics.median(figures[key] for figures in rounds if key in figures) for key in keys}


def number(value):
    if value >= 999_500:
        return f"{value / 1e6:.2f} M"
    if value >= 9_995:
        return f"{value / 1e3:.0f} k"
    if value >= 995:
        return f"{value / 1e3:.1f} k"
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def ratio(row, drover, peer):
    """How many times better Drover is."""
    above, below = (drover, peer) if row.more else (peer, drover)
    return above / below if below else float("inf")


def times(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def shown(row, figures):
    """The contestants that belong into a row, ours first."""
    return [row.subject] + [key for key in figures if key not in OURS]


def judge(row, figures):
    """Each goal as its peer (or None), its text, and whether it is met: True, False, or None when it cannot be said."""
    drover = figures.get(row.subject, {}).get(row.metric)
    verdicts = []
    for goal in row.goals:
        if goal.peer is None:
            text = f"{'≥' if row.more else '≤'} {number(goal.limit)} {row.unit}"
            met = None if drover is None else (drover >= goal.limit if row.more else drover <= goal.limit)
        else:
            text = f"≥ ×{times(goal.factor)}"
            peer = figures.get(goal.peer, {}).get(row.metric)
            # One part in a hundred is noise.
            met = None if drover is None or peer is None else ratio(row, drover, peer) >= goal.factor * 0.99
        verdicts.append((goal.peer, text, met))
    return verdicts


WORDS = {True: "yes", False: "no", None: "?"}


def table(results):
    """`results`: pairs of a scenario and its medians by contestant."""
    lines = [("what", "Drover", "beside", "", "ratio", "goal", "met")]
    for scenario, figures in results:
        for row in scenario.rows:
            drover = figures.get(row.subject, {}).get(row.metric)
            verdicts = judge(row, figures)
            part = [("", "", text, WORDS[met]) for peer, text, met in verdicts if peer is None]
            part = [("", "", "", text, met) for _, _, text, met in part]
            for peer in shown(row, figures)[1:]:
                if row.metric not in figures[peer]:
                    continue
                value = figures[peer][row.metric]
                better = f"×{times(ratio(row, drover, value))}" if drover and value else ""
                goal, met = next(((text, WORDS[met]) for name, text, met in verdicts if name == peer), ("", ""))
                part.append((peer, number(value), better, goal, met))
            title = f"{row.title}, {row.unit}"
            for index, cells in enumerate(part or [("", "", "", "", "")]):
                own = ("–" if drover is None else number(drover)) if index == 0 else ""
                lines.append((title if index == 0 else "", own, *cells))
    widths = [max(len(line[column]) for line in lines) for column in range(7)]
    out = []
    for index, line in enumerate(lines):
        cells = [
            text.ljust(width) if column in (0, 2, 5, 6) else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths))
        ]
        out.append("  ".join(cells).rstrip())
        if index == 0:
            out.append("─" * (sum(widths) + 12))
    return "\n".join(out)


def write(report):
    path = HERE / "results" / "latest.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return path.relative_to(HERE.parent)
