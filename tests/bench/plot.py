"""Curves on logarithmic axes, as SVG."""
import html
import math

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 440, 70, 50
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd")


def svg(title, curves, x_label, y_label):
    """`curves`: name -> list of (x, y), all above 0."""
    points = [point for curve in curves.values() for point in curve]
    bounds = []
    for values in zip(*points):
        bounds.append((math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)))
    (x_low, x_high), (y_low, y_high) = bounds

    def x_of(value):
        return LEFT + (math.log10(value) - x_low) / max(1, x_high - x_low) * (WIDTH - LEFT - 20)

    def y_of(value):
        return HEIGHT - BOTTOM - (math.log10(value) - y_low) / max(1, y_high - y_low) * (HEIGHT - BOTTOM - 40)

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">' % (WIDTH, HEIGHT),
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="%d" y="20" font-size="14">%s</text>' % (LEFT, html.escape(title)),
        '<text x="%d" y="%d">%s</text>' % (WIDTH // 2, HEIGHT - 10, html.escape(x_label)),
        '<text x="14" y="%d" transform="rotate(-90 14 %d)">%s</text>' % (HEIGHT // 2, HEIGHT // 2, html.escape(y_label)),
    ]
    line = '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ccc"/>'
    for power in range(x_low, x_high + 1):
        x = x_of(10**power)
        parts.append(line % (x, y_of(10**y_low), x, y_of(10**y_high)))
        parts.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (x, HEIGHT - BOTTOM + 18, "{:,}".format(10**power)))
    for power in range(y_low, y_high + 1):
        y = y_of(10**power)
        parts.append(line % (x_of(10**x_low), y, x_of(10**x_high), y))
        parts.append('<text x="%d" y="%.1f" text-anchor="end">%g</text>' % (LEFT - 6, y + 4, 10**power))
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join("%.1f,%.1f" % (x_of(x), y_of(y)) for x, y in curve)
        parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>' % (path, colour))
        parts.append('<text x="%d" y="%d" fill="%s">%s</text>' % (LEFT + 15, 55 + 18 * number, colour, html.escape(name)))
    return "\n".join(parts) + "\n</svg>\n"
