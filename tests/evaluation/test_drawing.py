"""Pictures are well-formed SVG that shows what it was given."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np

from earmark.evaluation.drawing import det_svg, histogram_svg
from earmark.evaluation.metrics import make_grid, rates


def test_det_curves_are_drawn_inside_the_frame() -> None:
    draw = np.random.default_rng(1)
    found = rates(make_grid(draw.normal(2, 1, 500), draw.normal(0, 1, 5_000)))
    tree = ElementTree.fromstring(
        det_svg("A < B", [("one & two", found, 0, False), ("other", found, 1, True)])
    )
    lines = [node for node in tree.iter() if node.tag.endswith("polyline")]
    assert len(lines) == 2
    points = [tuple(map(float, pair.split(","))) for pair in lines[0].attrib["points"].split()]
    assert len(points) > 50
    assert all(69 <= x <= 701 and 45 <= y <= 505 for x, y in points)
    # As FMR falls (leftwards) FNMR rises (upwards, so y falls).
    assert all(a[0] >= b[0] and a[1] >= b[1] for a, b in pairwise(points))
    assert "one & two" in {node.text for node in tree.iter()}


def test_histogram_marks_the_operating_point() -> None:
    draw = np.random.default_rng(2)
    text = histogram_svg("LLR", draw.normal(6, 2, 400), draw.normal(-6, 2, 4_000), 5.5, "accept from 5.5")
    tree = ElementTree.fromstring(text)
    assert len([node for node in tree.iter() if node.tag.endswith("polygon")]) == 2
    assert "accept from 5.5" in {node.text for node in tree.iter()}
