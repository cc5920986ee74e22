"""Medians, ratios, the table."""

import json
import statistics

from .machine import HERE


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


def judge(row, figures):
    """Each goal as text, and whether it is met: True, False, or None when it cannot be said."""
    drover = figures.get(row.subject, {}).get(row.metric)
    verdicts = []
    for goal in row.goals:
        if goal.peer is None:
            text = f"{'≥' if row.more else '≤'} {number(goal.limit)} {row.unit}"
            met = None if drover is None else (drover >= goal.limit if row.more else drover <= goal.limit)
        else:
            text = f"≥ {times(goal.factor)} × {goal.peer}"
            peer = figures.get(goal.peer, {}).get(row.metric)
            # One part in a hundred is noise.
            met = None if drover is None or peer is None else ratio(row, drover, peer) >= goal.factor * 0.99
        verdicts.append((text, met))
    return verdicts


def table(results):
    """`results`: pairs of a scenario and its medians by contestant."""
    columns = ["uWebSockets", "NATS", "nginx + nchan", "Node", "python-socketio", "other"]
    lines = [["", "unit", "Drover", *columns, "goal", "met"]]
    for scenario, figures in results:
        for row in scenario.rows:
            drover = figures.get(row.subject, {}).get(row.metric)
            cells = {}
            for peer, values in figures.items():
                if peer in ("Drover", "daemon") or row.metric not in values:
                    continue
                text = number(values[row.metric])
                if drover is not None:
                    text += f"  ×{times(ratio(row, drover, values[row.metric]))}"
                column = "nginx + nchan" if peer.startswith("nginx") else peer
                if column not in columns:
                    column, text = "other", f"{peer} {text}"
                cells[column] = f"{cells[column]}; {text}" if column in cells else text
            verdicts = judge(row, figures)
            met = [verdict for _, verdict in verdicts]
            word = "" if not met else "?" if None in met else "yes" if all(met) else "no" if not any(met) else "partly"
            lines.append([
                row.title, row.unit, "–" if drover is None else number(drover),
                *(cells.get(column, "") for column in columns),
                ", ".join(text for text, _ in verdicts), word,
            ])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    shown = [column for column, width in enumerate(widths) if width or column in (0, 2)]
    out = []
    for index, line in enumerate(lines):
        left = {0, 1, len(line) - 2, len(line) - 1}
        out.append("  ".join(
            line[column].ljust(widths[column]) if column in left else line[column].rjust(widths[column]) for column in shown
        ).rstrip())
        if index == 0:
            out.append("─" * max(len(text) for text in out))
    return "\n".join(out)


def write(report):
    path = HERE / "results" / "latest.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return path.relative_to(HERE.parent)
