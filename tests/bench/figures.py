"""What a benchmark prints: one line a figure, and the same as JSON."""
import json
import pathlib
import statistics

ROUNDS = 3


class Figures:
    def __init__(self):
        self.rows = []

    def rate(self, name: str, ours: list, peer: list, goal: float, unit: str = "msg/s", **more) -> None:
        """More is better."""
        self._add(name, ours, peer, goal, unit, lambda a, b: a / b, more)

    def time(self, name: str, ours: list, peer: list, goal: float, unit: str = "ms", other: str = "peer", **more) -> None:
        """Less is better. `other`: what stands beside ours."""
        self._add(name, ours, peer, goal, unit, lambda a, b: b / a, more, other)

    def _add(self, name, ours, peer, goal, unit, better, more, other="peer") -> None:
        a, b = statistics.median(ours), statistics.median(peer)
        ratio = better(a, b)
        row = {"name": name, "ours": _short(a), other: _short(b), "unit": unit, "ratio": round(ratio, 2), "goal": goal, **more}
        self.rows.append(row)
        words = [name] + [f"{key}={value}" for key, value in row.items() if key != "name"]
        print(" ".join(words) + (" below" if ratio < goal else ""), flush=True)

    def write(self, path: pathlib.Path) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(self.rows, indent=2) + "\n")


def _short(value: float) -> float:
    return round(value, 1) if value >= 10 else round(value, 3)
