"""Plots of share errors as SVG, without any library."""
import html

WIDTH, HEIGHT = 760, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 34, 36
COLOURS = ["#1b6ca8", "#d1495b", "#5b8c5a", "#8e6c8a", "#c98a1b", "#4a4e69"]
SLOTS = 120     # points of a line


class Plot:
    def __init__(self, title, longest, highest, unit):
        self.longest, self.highest = max(longest, 1), max(highest, 0.01)
        self.unit = unit
        self.parts = [f'<text x="{LEFT}" y="18" font-weight="bold">{html.escape(title)}</text>']
        self.axes()

    def x(self, at):
        return LEFT + at / self.longest * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        return HEIGHT - BOTTOM - value / self.highest * (HEIGHT - TOP - BOTTOM)

    def axes(self):
        seconds, word = self.unit
        for part in (0, 0.25, 0.5, 0.75, 1):
            value = part * self.highest
            self.parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(value):.1f}" '
                              f'y2="{self.y(value):.1f}" stroke="#ddd"/>')
            self.parts.append(f'<text x="{LEFT - 6}" y="{self.y(value) + 4:.1f}" text-anchor="end">{value:.2f}</text>')
            at = part * self.longest
            self.parts.append(f'<text x="{self.x(at):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
                              f'{at / seconds:.1f}</text>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        self.parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 4}" text-anchor="middle">{word}</text>')

    def line(self, points, name, number):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        y = TOP + 12 + 18 * number
        self.parts.append(f'<line x1="{WIDTH - RIGHT + 10}" x2="{WIDTH - RIGHT + 28}" y1="{y - 4}" y2="{y - 4}" '
                          f'stroke="{colour}" stroke-width="3"/>')
        self.parts.append(f'<text x="{WIDTH - RIGHT + 34}" y="{y}">{html.escape(name)}</text>')

    def text(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
                f'font-size="11">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def averaged(errors, longest):
    """The mean of each of SLOTS equal spans of time; nothing was wanted where there is no sample."""
    sums, counts = [0.0] * SLOTS, [0] * SLOTS
    for at, error in errors.items():
        slot = min(SLOTS - 1, int(at / longest * SLOTS))
        sums[slot] += error
        counts[slot] += 1
    return [((slot + 0.5) * longest / SLOTS, sums[slot] / max(1, counts[slot])) for slot in range(SLOTS)]


def save(path, title, longest, lines):
    unit = (3600, "hours") if longest < 3 * 86400 else (86400, "days")
    curves = [(name, averaged(errors, longest)) for name, errors in lines]
    highest = max((value for _, points in curves for _, value in points), default=0)
    plot = Plot(title, longest, highest, unit)
    for number, (name, points) in enumerate(curves):
        plot.line(points, name, number)
    path.write_text(plot.text())


def draw(folder, trace, results, label):
    longest = max(at for result in results.values() for at in result.errors)
    orders = [(label(*key), result.errors) for key, result in results.items() if not key[1]]
    save(folder / f"fairness-{trace.name}-orders.svg", f"{trace.title}: share error, no preemption", longest, orders)
    stopping = [(label(*key), result.errors) for key, result in results.items() if key[0] == "drf"]
    save(folder / f"fairness-{trace.name}-preemption.svg", f"{trace.title}: share error under drf", longest, stopping)
    worst = sorted(results["fifo", ""].users, key=lambda user: -sum(results["fifo", ""].users[user].values()))[:3]
    users = [(f"{user}, {label(*key)}", results[key].users.get(user, {0: 0.0}))
             for user in worst for key in (("fifo", ""), ("drf", "dru"))]
    save(folder / f"fairness-{trace.name}-users.svg",
         f"{trace.title}: the users who lose most without an order, and with drf + dru", longest, users)
