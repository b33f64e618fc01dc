"""Rows as people read them."""

SHOWN = ("requests/s", "CPU s/GB", "CPU us/request", "ms")  # of rows with an interval; all are in the JSON


def number(value):
    if value is None:
        return ""
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def verdict(row):
    if not row.get("target"):
        return ""
    return f"{row['target']} {'met' if row['met'] else 'MISSED'}"


def cells(row):
    span = f"{row['low']:.3f}-{row['high']:.3f}" if "low" in row else ""
    return [row["case"], str(row["connections"]), number(row["ours"]), number(row["baseline"]),
            "" if row["ratio"] is None else f"{row['ratio']:.3f}", span, row["unit"], verdict(row)]


def line(row):
    return "  ".join(cell for cell in cells(row) if cell)


def render(rows, about):
    """A table; throughput cases with the rows that matter."""
    head = ["case", "conn", "ours", "baseline", "ratio", "95 %", "unit", "target"]
    shown = [cells(row) for row in rows if "low" not in row or row["unit"] in SHOWN or row.get("target")]
    widths = [max(len(line[i]) for line in [head, *shown]) for i in range(len(head))]
    lines = [", ".join(f"{name}: {value}" for name, value in about.items()), ""]
    for line_cells in [head, *shown]:
        lines.append("  ".join(cell.ljust(width) if i in (0, 6, 7) else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line_cells, widths))).rstrip())
    return "\n".join(lines)
